-- How far the sealer has come, and on which server: `written_by` counts the transactions of one server.
create table ledger.sealing (
    township integer not null,
    server text not null,
    size bigint not null,
    sealed_to bigint not null,
    swept_to bigint not null,
    sweeping boolean not null,
    primary key (township)
);
grant select on ledger.sealing to jimei_app;
