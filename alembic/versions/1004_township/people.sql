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
