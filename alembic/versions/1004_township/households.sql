-- How households change: every change with its day, person and reason. The key that a household is found by is filled
-- in by the revision, since no SQL knows pinyin.
alter table household add column search_key text default '' not null;
alter table household add column ended_at timestamptz;
alter table household add column merged_into uuid;
alter table household add constraint fk_household_township_merged_into foreign key (township, merged_into)
    references household (township, id);
alter table household add constraint household_merged check (
    merged_into is null or (ended_at is not null and merged_into <> id)
);
create index ix_household_township_merged_into on household (township, merged_into) where merged_into is not null;
grant update (village, search_key, ended_at, merged_into) on household to jimei_app;

create table household_change (
    township integer not null,
    id uuid not null,
    household uuid not null,
    kind text not null,
    effective_on date not null,
    recorded_at timestamptz not null,
    person uuid not null,
    confirmed_by uuid,
    reason text not null,
    before jsonb not null,
    after jsonb not null,
    constraint pk_household_change primary key (township, id),
    constraint fk_household_change_township_household foreign key (township, household)
        references household (township, id),
    constraint fk_household_change_township_person foreign key (township, person) references person (township, id),
    constraint fk_household_change_township_confirmed_by foreign key (township, confirmed_by)
        references person (township, id),
    constraint household_change_two_people check (confirmed_by <> person)
);
create index ix_household_change_township_household_recorded_at
    on household_change (township, household, recorded_at);
grant select, insert on household_change to jimei_app;

-- The card of a merged household may go on as that of the one it has become.
grant update (household) on card to jimei_app;
