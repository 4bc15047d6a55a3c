-- A machine not heard of for so many days gets none of the households' points, and none are kept for it.
alter table kiosk add column lease_idle_days integer default 3 not null;
grant update (lease_idle_days) on kiosk to jimei_app;

-- A household wants its points at another kiosk: `wanted` of those that this one holds. Answered by the kiosk's own
-- word in its journal; one that isn't answered within seconds is over.
create table lease_recall (
    township integer not null,
    kiosk uuid not null,
    epoch integer not null,
    household uuid not null,
    asker uuid not null,
    wanted bigint not null,
    asked_at timestamptz not null,
    times integer default 1 not null,
    constraint pk_lease_recall primary key (township, kiosk, epoch, household),
    constraint fk_lease_recall_township_kiosk foreign key (township, kiosk, epoch, household)
        references lease (township, kiosk, epoch, household),
    constraint fk_lease_recall_township_asker foreign key (township, asker) references kiosk (township, id)
);
create index ix_lease_recall_township_household on lease_recall (township, household);
create index ix_lease_recall_township_asked_at on lease_recall (township, asked_at);
grant select, insert on lease_recall to jimei_app;
grant update (asker, wanted, asked_at, times) on lease_recall to jimei_app;

-- Until when a kiosk is taken to hear of recalls at once.
create table kiosk_listener (
    township integer not null,
    kiosk uuid not null,
    epoch integer not null,
    listening_until timestamptz not null,
    constraint pk_kiosk_listener primary key (township, kiosk, epoch),
    constraint fk_kiosk_listener_township_kiosk foreign key (township, kiosk, epoch)
        references kiosk_enrolment (township, kiosk, epoch)
);
grant select, insert on kiosk_listener to jimei_app;
grant update (listening_until) on kiosk_listener to jimei_app;
