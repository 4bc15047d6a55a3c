-- Every try of a secret is counted before it is judged, in one place for all secrets, by hashes of who tries what.
create table tries (
    township integer not null,
    key bytea not null,
    tried_at timestamptz[] not null,
    kept_until timestamptz not null,
    constraint pk_tries primary key (township, key)
);
create index ix_tries_township_kept_until on tries (township, kept_until);
grant select, insert, delete on tries to jimei_app;
grant update (tried_at, kept_until) on tries to jimei_app;

-- A browser from which a person has signed in before.
create table known_browser (
    township integer not null,
    digest bytea not null,
    person uuid not null,
    seen_at timestamptz not null,
    constraint pk_known_browser primary key (township, digest),
    constraint fk_known_browser_township_person foreign key (township, person) references person (township, id)
);
create index ix_known_browser_township_seen_at on known_browser (township, seen_at);
grant select, insert, delete on known_browser to jimei_app;

-- What was counted here before lasted for a quarter of an hour at most.
-- squawk-ignore ban-drop-column
alter table person drop column failures, drop column locked_until;
-- squawk-ignore ban-drop-column
alter table card drop column pin_failures, drop column pin_locked_until;
-- squawk-ignore ban-drop-column
alter table attendant drop column wrong_pins_at;
-- squawk-ignore ban-drop-column
alter table kiosk drop column wrong_pins_at;
