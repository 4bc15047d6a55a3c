-- What households declare themselves, and forms that weren't taken.

-- With what a household declared: its card's PIN, when nobody else declares it, or somebody's confirmation.
-- squawk-ignore ban-drop-not-null
alter table claim alter column declared_by drop not null;
alter table claim add column declared_with text;
alter table claim add constraint claim_declared_with check (
    (declared_with is null or declared_with in ('card-pin', 'confirmation'))
    and (declared_by is null) = (declared_with is not distinct from 'card-pin')
);

-- What a person declared lately.
create index ix_claim_township_declared_by_declared_at on claim (township, declared_by, declared_at);

-- `id`: that of the claim which it becomes.
create table own_declaration (
    township integer not null,
    id uuid not null,
    household uuid not null,
    card bytea not null,
    rulebook text not null,
    rule text not null,
    deed_on date not null,
    person text not null,
    inputs jsonb not null,
    note text not null,
    replaces uuid,
    declared_at timestamptz not null,
    status text not null,
    decided_by uuid,
    decided_at timestamptz,
    reason text default '' not null,
    constraint pk_own_declaration primary key (township, id),
    constraint fk_own_declaration_township_household foreign key (township, household)
        references household (township, id),
    constraint fk_own_declaration_township_card foreign key (township, card) references card (township, digest),
    constraint fk_own_declaration_township_rulebook foreign key (township, rulebook)
        references rulebook (township, version),
    constraint fk_own_declaration_township_replaces foreign key (township, replaces)
        references claim (township, id),
    constraint fk_own_declaration_township_decided_by foreign key (township, decided_by)
        references person (township, id),
    constraint own_declaration_status check (status in ('waiting', 'declared', 'refused')),
    constraint own_declaration_waiting check (
        status <> 'waiting' or num_nonnulls(decided_by, decided_at) = 0
    ),
    constraint own_declaration_refused check (status <> 'refused' or (decided_by is not null and reason <> ''))
);
create index ix_own_declaration_township_household_declared_at
on own_declaration (township, household, declared_at);
create index own_declaration_waits on own_declaration (township, declared_at) where status = 'waiting';
grant select, insert on own_declaration to jimei_app;
grant update (status, decided_by, decided_at, reason) on own_declaration to jimei_app;

-- A person's own, until it is sent or thrown away. `form`: the fields as typed, `problem`: why it wasn't taken.
create table claim_draft (
    township integer not null,
    id uuid not null,
    person uuid not null,
    rule text not null,
    title text not null,
    form jsonb not null,
    problem text not null,
    kept_at timestamptz not null,
    constraint pk_claim_draft primary key (township, id),
    constraint fk_claim_draft_township_person foreign key (township, person) references person (township, id)
);
create index ix_claim_draft_township_person_kept_at on claim_draft (township, person, kept_at);
grant select, insert, delete on claim_draft to jimei_app;
grant update (rule, title, form, problem, kept_at) on claim_draft to jimei_app;
