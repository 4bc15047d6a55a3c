-- What one person decided alone, and who else confirmed what was more.
alter table stocktake add column decided_alone integer default 0 not null;
alter table stocktake add column proposal uuid;
alter table stocktake add constraint fk_stocktake_township_proposal
    foreign key (township, proposal) references proposal (township, id);
alter table price_change add column confirmed_by uuid;
alter table price_change add constraint fk_price_change_township_confirmed_by
    foreign key (township, confirmed_by) references person (township, id);
