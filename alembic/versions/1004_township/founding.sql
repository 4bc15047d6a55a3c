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
