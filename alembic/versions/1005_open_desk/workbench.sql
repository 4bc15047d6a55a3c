create index ix_claim_township_declared_at_id on claim (township, declared_at, id);

-- What somebody has decided at the desk is carried out after a minute, in which they may undo it.
create table held_decision (
    township integer not null,
    id uuid not null,
    claim uuid not null,
    person uuid not null,
    act text not null,
    reason text default '' not null,
    decided_at timestamptz not null,
    due_at timestamptz not null,
    undone_at timestamptz,
    begun_at timestamptz,
    carried_out_at timestamptz,
    problem text default '' not null,
    constraint pk_held_decision primary key (township, id),
    constraint fk_held_decision_township_claim foreign key (township, claim) references claim (township, id),
    constraint fk_held_decision_township_person foreign key (township, person) references person (township, id),
    constraint held_decision_act check (act in ('review', 'approve', 'refuse', 'return')),
    constraint held_decision_undone check (undone_at is null or begun_at is null),
    constraint held_decision_carried_out check (carried_out_at is null or begun_at is not null),
    constraint held_decision_problem check (problem = '' or carried_out_at is not null)
);
create unique index held_decision_open on held_decision (township, claim, person)
where undone_at is null and carried_out_at is null;
create index held_decision_due on held_decision (township, due_at) where undone_at is null and carried_out_at is null;
create index ix_held_decision_township_person_decided_at on held_decision (township, person, decided_at);
grant select, insert on held_decision to jimei_app;
grant update (undone_at, begun_at, carried_out_at, problem) on held_decision to jimei_app;
