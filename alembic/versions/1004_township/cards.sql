-- Why a card ended, that it is frozen meanwhile, and what else happened to it.
alter table card add column revoked_reason text;
alter table card add column frozen_at timestamptz;
-- Of whom it was before they were merged into others.
alter table card add column earlier_households uuid[] default '{}' not null;
alter table card add constraint card_revoked_reason
    check (revoked_reason is null
           or revoked_at is not null and revoked_reason in ('lost', 'replaced', 'ended', 'merged'));
grant update (revoked_reason, frozen_at, earlier_households) on card to jimei_app;
create index ix_card_township_household on card (township, household);

create table card_event (
    township integer not null,
    id uuid not null,
    card bytea not null,
    kind text not null,
    person uuid,
    attendant uuid,
    recorded_by text not null,
    reason text not null,
    recorded_at timestamptz not null,
    constraint pk_card_event primary key (township, id),
    constraint fk_card_event_township_card foreign key (township, card) references card (township, digest),
    constraint fk_card_event_township_person foreign key (township, person) references person (township, id),
    constraint fk_card_event_township_attendant
        foreign key (township, attendant) references attendant (township, id),
    constraint card_event_by_one check (num_nonnulls(person, attendant) <= 1),
    constraint card_event_kind check (kind in ('frozen', 'unfrozen', 'pin-set', 'pin-removed', 'handed-over'))
);
create index ix_card_event_township_card on card_event (township, card);
grant select, insert on card_event to jimei_app;

-- The cards of one issue, to be printed within the hour, encrypted for the sign-in of who issued them.
create table card_sheet (
    township integer not null,
    id uuid not null,
    person uuid not null,
    created_at timestamptz not null,
    sealed bytea,
    constraint pk_card_sheet primary key (township, id),
    constraint fk_card_sheet_township_person foreign key (township, person) references person (township, id)
);
create index card_sheet_kept on card_sheet (township, created_at) where sealed is not null;
grant select, insert on card_sheet to jimei_app;
grant update (sealed) on card_sheet to jimei_app;

-- When a household redeemed last.
create index redemption_household on redemption (township, household, recorded_at);
