-- Who did what: every act of a person that other tables tell, as it was told when it happened. Rows are written by
-- triggers of those tables alone (`record_acts`), never changed, and sealed with the books.
create table ledger.act (
    township integer not null,
    key text not null,
    kind text not null,
    person text not null,
    scope text not null,
    about text not null,
    detail text not null,
    reason text not null,
    acted_at timestamptz not null,
    written_by bigint default (pg_current_xact_id()::text::bigint) not null,
    primary key (township, key),
    constraint act_told check (kind <> '' and person <> '' and about <> '')
);
create index act_written on ledger.act (written_by, township);
create index act_recent on ledger.act (township, acted_at, key);
create index act_of_person on ledger.act (township, person, acted_at);
create index act_about on ledger.act (township, about);
grant select on ledger.act to jimei_app;
