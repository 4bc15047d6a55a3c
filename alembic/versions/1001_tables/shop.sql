-- The counter: kiosks and what they hold, redemptions, promises.
create table kiosk (
    township integer not null,
    id uuid not null,
    supermarket text not null,
    name text not null,
    added_at timestamptz not null,
    failures integer default 0 not null,
    locked_until timestamptz,
    code bytea,
    code_until timestamptz,
    lease_most integer default 200 not null,
    lease_days integer default 7 not null,
    constraint pk_kiosk primary key (township, id),
    constraint uq_kiosk_township_code unique (township, code),
    constraint fk_kiosk_township_supermarket foreign key (township, supermarket)
        references supermarket (township, code)
);
grant select, insert on kiosk to jimei_app;
grant update (failures, locked_until, code, code_until, lease_most, lease_days) on kiosk to jimei_app;

create table kiosk_enrolment (
    township integer not null,
    kiosk uuid not null,
    epoch integer not null,
    public_key bytea,
    code bytea,
    digest bytea not null,
    enrolled_at timestamptz not null,
    ended_at timestamptz,
    ended_by uuid,
    reason text default '' not null,
    head integer default 0 not null,
    hash bytea default '\x0000000000000000000000000000000000000000000000000000000000000000'::bytea not null,
    forked_at timestamptz,
    heard_at timestamptz,
    constraint pk_kiosk_enrolment primary key (township, kiosk, epoch),
    constraint uq_kiosk_enrolment_township_digest unique (township, digest),
    constraint fk_kiosk_enrolment_township_kiosk foreign key (township, kiosk) references kiosk (township, id),
    constraint fk_kiosk_enrolment_township_ended_by foreign key (township, ended_by)
        references person (township, id)
);
create unique index kiosk_enrolment_one_current on kiosk_enrolment (township, kiosk) where ended_at is null;
grant select, insert on kiosk_enrolment to jimei_app;
-- An enrolment ends, and the head of its journal goes on.
grant update (digest, ended_at, ended_by, reason, head, hash, forked_at,
    heard_at) on kiosk_enrolment to jimei_app;

create table shift (
    township integer not null,
    digest bytea not null,
    kiosk uuid not null,
    attendant uuid not null,
    opened_at timestamptz not null,
    closed_at timestamptz,
    id uuid not null,
    report jsonb,
    constraint pk_shift primary key (township, digest),
    constraint uq_shift_township_id unique (township, id),
    constraint fk_shift_township_kiosk foreign key (township, kiosk) references kiosk (township, id),
    constraint fk_shift_township_attendant foreign key (township, attendant) references attendant (township, id)
);
grant select, insert on shift to jimei_app;
grant update (closed_at, report) on shift to jimei_app;

create table lease (
    township integer not null,
    kiosk uuid not null,
    epoch integer not null,
    household uuid not null,
    begun_at timestamptz not null,
    constraint pk_lease primary key (township, kiosk, epoch, household),
    constraint fk_lease_township_kiosk foreign key (township, kiosk, epoch)
        references kiosk_enrolment (township, kiosk, epoch),
    constraint fk_lease_township_household foreign key (township, household) references household (township, id)
);
create index ix_lease_township_household on lease (township, household);
grant select, insert on lease to jimei_app;

create table kiosk_journal_entry (
    township integer not null,
    kiosk uuid not null,
    epoch integer not null,
    number integer not null,
    hash bytea not null,
    previous bytea not null,
    body text not null,
    signature bytea not null,
    received_at timestamptz not null,
    redemption uuid,
    status text not null,
    remark text default '' not null,
    extra jsonb default '{}' not null,
    decided_at timestamptz,
    decided_by uuid,
    decision text default '' not null,
    reason text default '' not null,
    constraint pk_kiosk_journal_entry primary key (township, kiosk, epoch, number, hash),
    constraint fk_kiosk_journal_entry_township_kiosk foreign key (township, kiosk, epoch)
        references kiosk_enrolment (township, kiosk, epoch),
    constraint fk_kiosk_journal_entry_township_decided_by foreign key (township, decided_by)
        references person (township, id)
);
create unique index kiosk_journal_entry_counts_once on kiosk_journal_entry (township, kiosk, epoch, number)
    where status <> 'fork';
create index kiosk_journal_entry_open on kiosk_journal_entry (township, received_at)
    where decided_at is null and status in ('exception', 'late', 'fork');
create index kiosk_journal_entry_redemption on kiosk_journal_entry (township, redemption);
grant select, insert on kiosk_journal_entry to jimei_app;
-- An entry is written once, and of it only what a person decides changes.
grant update (status, decided_at, decided_by, decision, reason) on kiosk_journal_entry to jimei_app;

create table redemption (
    township integer not null,
    id uuid not null,
    supermarket text not null,
    kiosk uuid not null,
    attendant uuid not null,
    household uuid not null,
    request bytea not null,
    receipt jsonb not null,
    recorded_at timestamptz not null,
    leased bigint default 0 not null,
    shift uuid,
    collector uuid,
    constraint pk_redemption primary key (township, id),
    constraint fk_redemption_township_kiosk foreign key (township, kiosk) references kiosk (township, id),
    constraint fk_redemption_township_attendant foreign key (township, attendant)
        references attendant (township, id),
    constraint fk_redemption_township_household foreign key (township, household)
        references household (township, id),
    constraint fk_redemption_township_collector foreign key (township, collector)
        references household (township, id)
);
create index ix_redemption_township_supermarket_recorded_at on redemption (township, supermarket, recorded_at);
create index redemption_shift on redemption (township, shift);
grant select, insert on redemption to jimei_app;

create table redemption_void (
    township integer not null,
    id uuid not null,
    kiosk uuid not null,
    attendant uuid not null,
    shift uuid not null,
    reason text not null,
    recorded_at timestamptz not null,
    constraint pk_redemption_void primary key (township, id),
    constraint fk_redemption_void_township_kiosk foreign key (township, kiosk) references kiosk (township, id),
    constraint fk_redemption_void_township_attendant foreign key (township, attendant)
        references attendant (township, id)
);
create index redemption_void_shift on redemption_void (township, shift);
grant select, insert on redemption_void to jimei_app;

create table promise (
    township integer not null,
    id uuid not null,
    supermarket text not null,
    product text not null,
    quantity integer not null,
    place integer not null,
    household uuid not null,
    kiosk uuid not null,
    attendant uuid not null,
    request bytea not null,
    slip jsonb not null,
    expires_at timestamptz not null,
    arrival uuid,
    status text default 'open' not null,
    closed_at timestamptz,
    closed_by uuid,
    reason text default '' not null,
    constraint pk_promise primary key (township, id),
    constraint uq_promise_township_supermarket_product_place unique (township, supermarket, product, place),
    constraint fk_promise_township_supermarket_product foreign key (township, supermarket, product)
        references shelf (township, supermarket, product),
    constraint fk_promise_township_household foreign key (township, household)
        references household (township, id),
    constraint fk_promise_township_kiosk foreign key (township, kiosk) references kiosk (township, id),
    constraint fk_promise_township_attendant foreign key (township, attendant)
        references attendant (township, id),
    constraint fk_promise_township_closed_by foreign key (township, closed_by)
        references attendant (township, id)
);
create index promise_open on promise (township, household) where status = 'open';
create index promise_waiting on promise (township, supermarket, product, place)
    where status = 'open' and arrival is null;
grant select, insert on promise to jimei_app;
-- What was promised is written once; that it has come, was collected or let go of changes.
grant update (arrival, status, closed_at, closed_by, reason) on promise to jimei_app;
