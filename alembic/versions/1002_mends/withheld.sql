-- Transactions whose subject is kept from publication: which bodies may read it, and what opens the commitment that
-- the books have in its place. Those of before this table are told by their own record, which is sealed: without salt.
create table ledger.withheld (
    township integer not null,
    transaction uuid not null,
    readers text[] not null,
    salt bytea,
    subject text,
    primary key (township, transaction),
    foreign key (township, transaction) references ledger.transaction (township, id),
    constraint withheld_opening check ((salt is null) = (subject is null)),
    constraint withheld_salt check (octet_length(salt) >= 16)
);
grant select on ledger.withheld to jimei_app;

insert into ledger.withheld (township, transaction, readers)
select c.township, c.id, c.signers
  from claim c
  join ledger.transaction t on t.township = c.township and t.id = c.id
 where not c.published;
