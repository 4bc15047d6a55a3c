-- Households that were served without their card: where, by whom, and who vouched for them. Without a witness it was
-- the PIN of the card.
create unique index shift_at_kiosk on shift (township, id, kiosk, attendant);

create table identification (
    township integer not null,
    id uuid not null,
    digest bytea not null,
    kiosk uuid not null,
    shift uuid not null,
    attendant uuid not null,
    household uuid not null,
    card bytea not null,
    witness uuid,
    identified_at timestamptz not null,
    valid_until timestamptz not null,
    constraint pk_identification primary key (township, id),
    constraint uq_identification_township_digest unique (township, digest),
    constraint identification_of_household unique (township, id, kiosk, shift, household),
    constraint identification_by_another check (witness <> attendant),
    constraint identification_ends check (valid_until > identified_at),
    constraint identification_in_shift foreign key (township, shift, kiosk, attendant)
        references shift (township, id, kiosk, attendant),
    constraint fk_identification_township_household foreign key (township, household)
        references household (township, id),
    constraint fk_identification_township_card foreign key (township, card) references card (township, digest),
    constraint fk_identification_township_witness foreign key (township, witness)
        references attendant (township, id)
);
create index ix_identification_township_identified_at on identification (township, identified_at);
grant select, insert on identification to jimei_app;

alter table redemption add column identification uuid;
alter table redemption add constraint redemption_identified
    foreign key (township, identification, kiosk, shift, household)
    references identification (township, id, kiosk, shift, household);
alter table redemption add constraint redemption_identified_in_shift
    check (identification is null or shift is not null);
create index redemption_identification on redemption (township, identification) where identification is not null;

-- How many points a household gets on a day on the word of witnesses.
alter table township_defaults add column witnessed_most integer default 50 not null;
