-- Objections to entries on notice, and to posted ones; one that is open stops its entry's notice.

-- Since when the notice stands still; it goes on with what was left of it then.
alter table claim add column notice_stopped_at timestamptz;
grant update (notice_stopped_at) on claim to jimei_app;
alter table claim add constraint claim_stopped_on_notice
check (notice_stopped_at is null or status = 'approved');

create table objection (
    township integer not null,
    id uuid not null,
    claim uuid not null,
    way text not null,
    household uuid,
    objector text default '' not null,
    taken_by uuid,
    posted boolean not null,
    text text not null,
    raised_at timestamptz not null,
    due_on date not null,
    outcome text,
    reason text default '' not null,
    ended_by uuid,
    ended_at timestamptz,
    correction uuid,
    constraint pk_objection primary key (township, id),
    constraint fk_objection_township_claim foreign key (township, claim) references claim (township, id),
    constraint fk_objection_township_household foreign key (township, household)
        references household (township, id),
    constraint fk_objection_township_taken_by foreign key (township, taken_by) references person (township, id),
    constraint fk_objection_township_ended_by foreign key (township, ended_by) references person (township, id),
    constraint fk_objection_township_correction foreign key (township, correction)
        references proposal (township, id),
    constraint objection_way check (way in ('card', 'person', 'phone', 'finding')),
    constraint objection_taken check ((way = 'card') = (taken_by is null)),
    constraint objection_named check (way = 'finding' or household is not null or objector <> ''),
    constraint objection_outcome check (outcome in ('upheld', 'dismissed', 'withdrawn')),
    constraint objection_ended check ((outcome is null) = (ended_at is null)),
    constraint objection_decided check (
        outcome is not distinct from 'withdrawn' or (outcome is null) = (ended_by is null)
    ),
    -- Who took it down, also their own finding, doesn't decide it.
    constraint objection_decided_by_another check (outcome = 'withdrawn' or ended_by <> taken_by),
    constraint objection_corrected check (correction is null or (posted and outcome = 'upheld'))
);
create unique index objection_one_open on objection (township, claim, household) where outcome is null;
create index ix_objection_township_claim on objection (township, claim);
create index ix_objection_township_household on objection (township, household);
create index objection_due on objection (township, due_on) where outcome is null;
grant select, insert on objection to jimei_app;
grant update (outcome, reason, ended_by, ended_at, correction) on objection to jimei_app;

-- Within how many working days objections are answered, and for how many days a posted entry can be objected to.
alter table township_defaults add column answer_days integer default 5 not null;
alter table township_defaults add column contest_days integer default 30 not null;
