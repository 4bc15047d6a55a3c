-- Tables that the office brings for the register: kept until a person has confirmed what they would change.
create table register_upload (
    township integer not null,
    id uuid not null,
    purpose text not null,
    name text not null,
    content bytea,
    choices jsonb not null,
    uploaded_by uuid not null,
    uploaded_at timestamptz not null,
    kept_until timestamptz not null,
    seen bytea,
    reason text default '' not null,
    effective_on date,
    confirmed_by uuid,
    confirmed_at timestamptz,
    written integer default 0 not null,
    planned integer default 0 not null,
    refusal text default '' not null,
    result jsonb,
    done_at timestamptz,
    constraint pk_register_upload primary key (township, id),
    constraint fk_register_upload_township foreign key (township) references township (id),
    constraint fk_register_upload_township_uploaded_by foreign key (township, uploaded_by)
        references person (township, id),
    constraint fk_register_upload_township_confirmed_by foreign key (township, confirmed_by)
        references person (township, id),
    constraint register_upload_purpose check (purpose in ('register', 'grids')),
    constraint register_upload_size check (length(content) <= 20000000),
    constraint register_upload_confirmed check
        ((confirmed_at is null) = (confirmed_by is null) and (confirmed_at is null) = (seen is null)),
    constraint register_upload_done check
        ((done_at is null) = (result is null) and (done_at is null) = (content is not null)
         and (done_at is null or confirmed_at is not null))
);
create index ix_register_upload_township_kept_until on register_upload (township, kept_until);
create index ix_register_upload_township_uploaded_by on register_upload (township, uploaded_by);
create index ix_register_upload_township_confirmed_by on register_upload (township, confirmed_by);
-- What was done stays, without the file; what nobody confirms goes.
grant select, delete on register_upload to jimei_app;
grant insert (township, id, purpose, name, content, choices, uploaded_by, uploaded_at, kept_until)
    on register_upload to jimei_app;
grant update (content, choices, kept_until, seen, reason, effective_on, confirmed_by, confirmed_at, written, planned, refusal,
    result, done_at) on register_upload to jimei_app;

-- Grown-ups of a household by name, where rules count by person; children are only counted.
alter table household add column adults text[] default '{}' not null;
grant update (adults) on household to jimei_app;

-- A village or a grid with another name keeps its code.
grant update (name) on village to jimei_app;
grant update (name) on grid to jimei_app;
