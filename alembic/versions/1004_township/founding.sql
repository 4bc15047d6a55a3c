-- How a township begins: who is invited, and the policies it was founded with.

-- A person sets their own password by a code that is used once; only its digest is stored.
create table invitation (
    township integer not null,
    digest bytea not null,
    person uuid not null,
    issued_by uuid not null,
    issued_at timestamptz not null,
    until timestamptz not null,
    used_at timestamptz,
    ended_at timestamptz,
    constraint pk_invitation primary key (township, digest),
    constraint fk_invitation_township_person foreign key (township, person) references person (township, id),
    constraint fk_invitation_township_issued_by foreign key (township, issued_by)
        references person (township, id),
    constraint invitation_of_another check (person <> issued_by),
    constraint invitation_used_or_ended check (used_at is null or ended_at is null)
);
create unique index invitation_one_open on invitation (township, person)
where used_at is null and ended_at is null;
grant select, insert on invitation to jimei_app;
grant update (used_at, ended_at) on invitation to jimei_app;

-- What new villages, cards' PINs and kiosks begin with. Nothing is overwritten: the latest counts.
create table township_defaults (
    township integer not null,
    id uuid not null,
    proposal uuid,
    set_by uuid not null,
    since timestamptz not null,
    notice_days integer not null,
    pin_above integer not null,
    lease_most integer not null,
    lease_days integer not null,
    constraint pk_township_defaults primary key (township, id),
    constraint fk_township_defaults_township_proposal foreign key (township, proposal)
        references proposal (township, id),
    constraint fk_township_defaults_township_set_by foreign key (township, set_by)
        references person (township, id)
);
-- Those it was founded with took no second person; there was nothing yet to decide about.
create unique index township_defaults_founding on township_defaults (township) where proposal is null;
grant select, insert on township_defaults to jimei_app;

-- The bounds that a township was founded with have no proposal either. A few rows, while nobody is served.
alter table approval_policy add column id uuid;
update approval_policy set id = proposal where id is null;
-- squawk-ignore adding-not-nullable-field
alter table approval_policy alter column id set not null;
-- squawk-ignore ban-drop-constraint
alter table approval_policy drop constraint pk_approval_policy;
-- squawk-ignore adding-serial-primary-key-field
alter table approval_policy add constraint pk_approval_policy primary key (township, id);
-- squawk-ignore ban-drop-not-null
alter table approval_policy alter column proposal drop not null;
create unique index approval_policy_founding on approval_policy (township) where proposal is null;

-- When somebody of the office put the list of first steps away.
create table beginning_dismissal (
    township integer not null,
    dismissed_by uuid not null,
    dismissed_at timestamptz not null,
    constraint pk_beginning_dismissal primary key (township),
    constraint fk_beginning_dismissal_township_dismissed_by foreign key (township, dismissed_by)
        references person (township, id)
);
grant select, insert on beginning_dismissal to jimei_app;
