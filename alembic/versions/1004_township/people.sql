-- Households of people's relatives, on which they don't act.
create table relative (
    township integer not null,
    id uuid not null,
    person uuid not null,
    household text not null,
    declared_by uuid not null,
    declared_at timestamptz not null,
    withdrawn_by uuid,
    withdrawn_at timestamptz,
    constraint pk_relative primary key (township, id),
    constraint fk_relative_township_person foreign key (township, person) references person (township, id),
    constraint fk_relative_township_household foreign key (township, household)
        references household (township, code),
    constraint fk_relative_township_declared_by foreign key (township, declared_by)
        references person (township, id),
    constraint fk_relative_township_withdrawn_by foreign key (township, withdrawn_by)
        references person (township, id),
    constraint relative_withdrawn check ((withdrawn_by is null) = (withdrawn_at is null))
);
create unique index relative_declared on relative (township, person, household) where withdrawn_at is null;
grant select, insert on relative to jimei_app;
grant update (withdrawn_by, withdrawn_at) on relative to jimei_app;
grant update (household) on person to jimei_app;

-- Whoever ended their service signs and confirms nothing any more. Who gave somebody a new password, and when: for
-- some days the two are no two people.
alter table person add column ended_at timestamptz, add column reset_by uuid, add column reset_at timestamptz;
alter table person add constraint fk_person_township_reset_by
    foreign key (township, reset_by) references person (township, id);
alter table person add constraint person_reset check ((reset_by is null) = (reset_at is null));
create index ix_person_township_reset_by on person (township, reset_by) where reset_by is not null;
grant update (name, roles, village, township_wide, grid, ended_at, reset_by, reset_at) on person to jimei_app;

-- Whatever changes of a person, with who did it and why.
create table person_change (
    township integer not null,
    id uuid not null,
    person uuid not null,
    kind text not null,
    before text default '' not null,
    after text default '' not null,
    reason text default '' not null,
    changed_by uuid,
    confirmed_by uuid,
    changed_at timestamptz not null,
    constraint pk_person_change primary key (township, id),
    constraint fk_person_change_township_person foreign key (township, person) references person (township, id),
    constraint fk_person_change_township_changed_by foreign key (township, changed_by)
        references person (township, id),
    constraint fk_person_change_township_confirmed_by foreign key (township, confirmed_by)
        references person (township, id),
    constraint person_change_two_people check (confirmed_by <> changed_by)
);
create index ix_person_change_township_person on person_change (township, person);
grant select, insert on person_change to jimei_app;

-- Where a session began, and when it was seen last; one that waits for its second step lets nobody in.
alter table sign_in_token
    add column began_at timestamptz,
    add column seen_at timestamptz,
    add column origin text default '' not null,
    add column browser text default '' not null,
    add column waiting boolean default false not null;
create index ix_sign_in_token_township_person on sign_in_token (township, person);
grant update (seen_at) on sign_in_token to jimei_app;

-- A second step of signing in: codes of an authenticator, each of which counts once, and codes on paper for its loss.
create table second_step (
    township integer not null,
    person uuid not null,
    secret text not null,
    begun_at timestamptz not null,
    confirmed_at timestamptz,
    last_counter bigint default 0 not null,
    constraint pk_second_step primary key (township, person),
    constraint fk_second_step_township_person foreign key (township, person) references person (township, id)
);
grant select, insert, delete on second_step to jimei_app;
grant update (secret, begun_at, confirmed_at, last_counter) on second_step to jimei_app;

create table recovery_code (
    township integer not null,
    digest bytea not null,
    person uuid not null,
    used_at timestamptz,
    constraint pk_recovery_code primary key (township, digest),
    constraint fk_recovery_code_township_person foreign key (township, person) references person (township, id)
);
create index ix_recovery_code_township_person on recovery_code (township, person);
grant select, insert, delete on recovery_code to jimei_app;
grant update (used_at) on recovery_code to jimei_app;
