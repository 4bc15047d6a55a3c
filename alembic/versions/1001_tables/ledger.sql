-- The books. The application reads them and calls their functions; it has no right to write to them.
do $$ begin
    if not exists (select from pg_roles where rolname = 'jimei_app') then
        create role jimei_app nologin;
    end if;
end $$;
create schema ledger;
grant usage on schema ledger, public to jimei_app;

create table ledger.unit (
    township integer not null,
    code text not null,
    kind text not null,
    written_by bigint default (pg_current_xact_id()::text::bigint) not null,
    primary key (township, code),
    constraint unit_kind check (kind in ('points', 'goods', 'money'))
);
grant select on ledger.unit to jimei_app;

create table ledger.account (
    township integer not null,
    id uuid not null,
    name text not null,
    unit text not null,
    minimum bigint,
    opened_at timestamptz not null,
    written_by bigint default (pg_current_xact_id()::text::bigint) not null,
    primary key (township, id),
    unique (township, id, unit),
    unique (township, name),
    foreign key (township, unit) references ledger.unit (township, code)
);
create index account_written on ledger.account (written_by, township);
grant select on ledger.account to jimei_app;

create table ledger.account_closing (
    township integer not null,
    account uuid not null,
    closed_at timestamptz not null,
    person text not null,
    reason text not null,
    written_by bigint default (pg_current_xact_id()::text::bigint) not null,
    primary key (township, account),
    foreign key (township, account) references ledger.account (township, id)
);
grant select on ledger.account_closing to jimei_app;

create table ledger.balance (
    township integer not null,
    account uuid not null,
    minimum bigint not null,
    posted bigint default 0 not null,
    reserved bigint default 0 not null,
    expected bigint default 0 not null,
    primary key (township, account),
    foreign key (township, account) references ledger.account (township, id),
    constraint balance_limit check (posted - reserved >= minimum),
    constraint balance_pending check (reserved >= 0 and expected >= 0)
) with (fillfactor = 50);
grant select on ledger.balance to jimei_app;

create table ledger.transaction (
    township integer not null,
    id uuid not null,
    kind text not null,
    phase text not null,
    target uuid,
    person text not null,
    reason text not null,
    effective_at timestamptz not null,
    recorded_at timestamptz not null,
    expires_at timestamptz,
    metadata jsonb not null,
    content bytea not null,
    written_by bigint default (pg_current_xact_id()::text::bigint) not null,
    deferred_from timestamptz,
    primary key (township, id),
    foreign key (township, target) references ledger.transaction (township, id),
    constraint transaction_expiry check (expires_at is null or phase = 'pending'),
    constraint transaction_phase check (phase in ('posted', 'pending', 'post', 'void', 'reversal')),
    constraint transaction_reversal_explained check (phase <> 'reversal' or (person <> '' and reason <> '')),
    constraint transaction_target check ((phase in ('posted', 'pending')) = (target is null)),
    constraint transaction_time check (effective_at <= recorded_at and deferred_from < effective_at)
);
create index transaction_expiring on ledger.transaction (township, expires_at) where expires_at is not null;
create index transaction_recorded on ledger.transaction using brin (recorded_at) with (autosummarize = on);
create index transaction_reversed on ledger.transaction (township, target) where phase = 'reversal';
create unique index transaction_settled_once on ledger.transaction (township, target)
    where phase in ('post', 'void');
create index transaction_written on ledger.transaction (written_by, township);
grant select on ledger.transaction to jimei_app;

create table ledger.transfer (
    township integer not null,
    transaction uuid not null,
    ordinal smallint not null,
    unit text not null,
    debit uuid not null,
    credit uuid not null,
    amount bigint not null,
    pending boolean not null,
    recorded_at timestamptz not null,
    primary key (township, transaction, ordinal),
    foreign key (township, transaction) references ledger.transaction (township, id),
    foreign key (township, debit, unit) references ledger.account (township, id, unit),
    foreign key (township, credit, unit) references ledger.account (township, id, unit),
    constraint transfer_amount check (amount > 0),
    constraint transfer_two_accounts check (debit <> credit)
);
create index transfer_credit on ledger.transfer (township, credit, recorded_at, transaction)
    include (debit, amount, pending);
create index transfer_debit on ledger.transfer (township, debit, recorded_at, transaction)
    include (credit, amount, pending);
create index transfer_recorded on ledger.transfer using brin (recorded_at) with (autosummarize = on);
grant select on ledger.transfer to jimei_app;

create table ledger.period_closing (
    township integer not null,
    until timestamptz not null,
    closed_at timestamptz not null,
    person text not null,
    reason text not null,
    written_by bigint default (pg_current_xact_id()::text::bigint) not null,
    primary key (township, until),
    constraint period_closing_over check (until <= closed_at)
);
grant select on ledger.period_closing to jimei_app;

create table ledger.checkpoint (
    township integer not null,
    account uuid not null,
    until timestamptz not null,
    posted bigint not null,
    primary key (township, account, until),
    foreign key (township, account) references ledger.account (township, id),
    foreign key (township, until) references ledger.period_closing (township, until)
);
grant select on ledger.checkpoint to jimei_app;

create table ledger.expiry_policy (
    township integer not null,
    unit text not null,
    effective_on date not null,
    kind text not null,
    months integer,
    person text not null,
    reason text not null,
    adopted_at timestamptz not null,
    written_by bigint default (pg_current_xact_id()::text::bigint) not null,
    primary key (township, unit, effective_on),
    foreign key (township, unit) references ledger.unit (township, code),
    constraint expiry_policy_ahead check (effective_on >= (adopted_at at time zone 'UTC')::date - 1),
    constraint expiry_policy_kind check (kind in ('none', 'year-end', 'rolling')),
    constraint expiry_policy_months check
        ((kind = 'rolling') = (months is not null) and months between 1 and 120)
);
grant select on ledger.expiry_policy to jimei_app;

create table ledger.leaf (
    township integer not null,
    position bigint not null,
    kind text not null,
    key text not null,
    primary key (township, position),
    unique (township, kind, key)
);
grant select on ledger.leaf to jimei_app;

create table ledger.node (
    township integer not null,
    level smallint not null,
    position bigint not null,
    hash bytea not null,
    primary key (township, level, position),
    constraint node_hash check (octet_length(hash) = 32)
);
grant select on ledger.node to jimei_app;

create table ledger.seal_key (
    township integer not null,
    key text not null,
    added_at timestamptz not null,
    written_by bigint default (pg_current_xact_id()::text::bigint) not null,
    primary key (township, key)
);
grant select on ledger.seal_key to jimei_app;

create table ledger.tree_head (
    township integer not null,
    signed_at timestamptz not null,
    size bigint not null,
    note text not null,
    written_by bigint default (pg_current_xact_id()::text::bigint) not null,
    primary key (township, signed_at)
);
create index tree_head_size on ledger.tree_head (township, size);
grant select on ledger.tree_head to jimei_app;
