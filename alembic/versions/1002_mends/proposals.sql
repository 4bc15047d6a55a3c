-- What one person proposes and another confirms, kept for ever; and up to where one person decides alone.
create table proposal (
    township integer not null,
    id uuid not null,
    kind text not null,
    village text,
    request jsonb not null,
    digest bytea not null,
    what text not null,
    preview jsonb,
    households text[] not null,
    notices jsonb not null,
    person uuid,
    attendant uuid,
    proposed_by text not null,
    roles text[] not null,
    proposed_at timestamptz not null,
    closing_person uuid,
    closing_attendant uuid,
    closed_by text default '' not null,
    closed_at timestamptz,
    confirmed boolean default false not null,
    reason text default '' not null,
    result jsonb,
    constraint pk_proposal primary key (township, id),
    constraint fk_proposal_township_village foreign key (township, village) references village (township, code),
    constraint fk_proposal_township_person foreign key (township, person) references person (township, id),
    constraint fk_proposal_township_attendant foreign key (township, attendant)
        references attendant (township, id),
    constraint fk_proposal_township_closing_person foreign key (township, closing_person)
        references person (township, id),
    constraint fk_proposal_township_closing_attendant foreign key (township, closing_attendant)
        references attendant (township, id),
    constraint proposal_by_one check (num_nonnulls(person, attendant) = 1),
    constraint proposal_closed check (
        num_nonnulls(closing_person, closing_attendant) = num_nonnulls(closed_at)
        and (closed_at is not null or not confirmed)
    ),
    constraint proposal_two_people check (
        not confirmed or coalesce(closing_person, closing_attendant) <> coalesce(person, attendant)
    )
);
create unique index proposal_waiting on proposal (township, kind, digest) where closed_at is null;
create index ix_proposal_township_closed_at on proposal (township, closed_at);
grant select, insert on proposal to jimei_app;
grant update (closing_person, closing_attendant, closed_by, closed_at, confirmed, reason, result)
    on proposal to jimei_app;

create table approval_policy (
    township integer not null,
    proposal uuid not null,
    since timestamptz not null,
    stocktake_points integer not null,
    price_percent integer not null,
    cards integer not null,
    first_cards integer not null,
    constraint pk_approval_policy primary key (township, proposal),
    constraint fk_approval_policy_township_proposal foreign key (township, proposal)
        references proposal (township, id)
);
grant select, insert on approval_policy to jimei_app;
