-- Who there is: villages, households, people, cards. The application adds rows and, where a state changes, updates
-- the columns named; it deletes nothing, here as in all its other tables.
create table township (
    id integer not null,
    name text not null,
    founded_at timestamptz not null,
    constraint pk_township primary key (id)
);
grant select, insert on township to jimei_app;

create table village (
    township integer not null,
    code text not null,
    name text not null,
    notice_days integer not null,
    constraint pk_village primary key (township, code),
    constraint fk_village_township foreign key (township) references township (id)
);
grant select, insert on village to jimei_app;

create table grid (
    township integer not null,
    code text not null,
    village text not null,
    name text not null,
    constraint pk_grid primary key (township, code),
    constraint fk_grid_township_village foreign key (township, village) references village (township, code)
);
grant select, insert on grid to jimei_app;

create table household (
    township integer not null,
    id uuid not null,
    code text not null,
    village text not null,
    grid text not null,
    head text not null,
    people integer not null,
    constraint pk_household primary key (township, id),
    constraint uq_household_township_code unique (township, code),
    constraint fk_household_township_village foreign key (township, village) references village (township, code),
    constraint fk_household_township_grid foreign key (township, grid) references grid (township, code)
);
create index ix_household_township_village on household (township, village);
grant select, insert on household to jimei_app;
-- Also for the lock on a household while its limits are counted: to lock a row takes the right to update it.
grant update (grid, head, people) on household to jimei_app;

create table person (
    township integer not null,
    id uuid not null,
    login text not null,
    name text not null,
    roles text[] not null,
    village text,
    grid text,
    household text,
    password_hash text,
    failures integer default 0 not null,
    locked_until timestamptz,
    constraint pk_person primary key (township, id),
    constraint uq_person_township_login unique (township, login),
    constraint fk_person_township_village foreign key (township, village) references village (township, code),
    constraint fk_person_township_grid foreign key (township, grid) references grid (township, code),
    constraint fk_person_township_household foreign key (township, household)
        references household (township, code)
);
grant select, insert on person to jimei_app;
grant update (password_hash, failures, locked_until) on person to jimei_app;

create table sign_in_token (
    township integer not null,
    digest bytea not null,
    person uuid not null,
    expires_at timestamptz not null,
    constraint pk_sign_in_token primary key (township, digest),
    constraint fk_sign_in_token_township_person foreign key (township, person) references person (township, id)
);
grant select, insert on sign_in_token to jimei_app;
grant update (expires_at) on sign_in_token to jimei_app;

create table card (
    township integer not null,
    digest bytea not null,
    household uuid not null,
    issued_at timestamptz not null,
    revoked_at timestamptz,
    pin_hash text,
    pin_above integer default 0 not null,
    pin_failures integer default 0 not null,
    pin_locked_until timestamptz,
    constraint pk_card primary key (township, digest),
    constraint fk_card_township_household foreign key (township, household) references household (township, id)
);
create unique index card_one_living on card (township, household) where revoked_at is null;
grant select, insert on card to jimei_app;
grant update (revoked_at, pin_hash, pin_above, pin_failures, pin_locked_until) on card to jimei_app;

create table card_pin_reset (
    township integer not null,
    id uuid not null,
    card bytea not null,
    person uuid not null,
    reason text not null,
    recorded_at timestamptz not null,
    constraint pk_card_pin_reset primary key (township, id),
    constraint fk_card_pin_reset_township_card foreign key (township, card) references card (township, digest),
    constraint fk_card_pin_reset_township_person foreign key (township, person) references person (township, id)
);
create index ix_card_pin_reset_township_recorded_at on card_pin_reset (township, recorded_at);
grant select, insert on card_pin_reset to jimei_app;
