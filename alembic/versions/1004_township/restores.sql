-- The books went back to a backup: what they said then, and which key's heads end there.
create table ledger.restore (
    township integer not null,
    id uuid not null,
    backup_at timestamptz not null,
    restored_at timestamptz not null,
    size bigint not null,
    root bytea not null,
    key text,
    person text not null,
    reason text not null,
    written_by bigint default (pg_current_xact_id()::text::bigint) not null,
    primary key (township, id),
    constraint restore_order check (backup_at <= restored_at),
    constraint restore_root check (octet_length(root) = 32),
    constraint restore_explained check (person <> '' and reason <> '')
);
grant select on ledger.restore to jimei_app;

-- After a restore, whether the server has yet to hear all that this machine did before it.
alter table kiosk_enrolment add column awaited boolean not null default false;
create index ix_kiosk_enrolment_awaited on kiosk_enrolment (township, kiosk) where awaited;
grant update (awaited) on kiosk_enrolment to jimei_app;
