-- What points are given for: rulebooks and claims.
create table rulebook (
    township integer not null,
    version text not null,
    title text not null,
    text text not null,
    written_by uuid not null,
    written_at timestamptz not null,
    village text default '' not null,
    base text default '' not null,
    digest text generated always as (md5(text)) stored not null,
    constraint pk_rulebook primary key (township, version),
    constraint fk_rulebook_township_written_by foreign key (township, written_by)
        references person (township, id)
);
grant select, insert on rulebook to jimei_app;

create table rulebook_adoption (
    township integer not null,
    id uuid not null,
    village text default '' not null,
    version text not null,
    effective_from date not null,
    body text not null,
    meeting text not null,
    decided_on date not null,
    present text not null,
    proposed_by uuid not null,
    proposed_at timestamptz not null,
    alone boolean default false not null,
    confirmed_by uuid,
    confirmed_at timestamptz,
    refused_by uuid,
    refused_at timestamptz,
    refusal text default '' not null,
    withdrawn_by uuid,
    withdrawn_at timestamptz,
    withdrawal text default '' not null,
    constraint pk_rulebook_adoption primary key (township, id),
    constraint fk_rulebook_adoption_township_version foreign key (township, version)
        references rulebook (township, version),
    constraint fk_rulebook_adoption_township_proposed_by foreign key (township, proposed_by)
        references person (township, id),
    constraint fk_rulebook_adoption_township_confirmed_by foreign key (township, confirmed_by)
        references person (township, id),
    constraint fk_rulebook_adoption_township_refused_by foreign key (township, refused_by)
        references person (township, id),
    constraint fk_rulebook_adoption_township_withdrawn_by foreign key (township, withdrawn_by)
        references person (township, id),
    constraint rulebook_adoption_confirmed check
        (case when alone then confirmed_at is not null and confirmed_by is null
         else (confirmed_at is null) = (confirmed_by is null) end),
    constraint rulebook_adoption_refused check
        ((refused_at is null) = (refused_by is null) and (refused_at is null) = (refusal = '')
         and (refused_at is null or confirmed_at is null)),
    constraint rulebook_adoption_two_people check (confirmed_by <> proposed_by),
    constraint rulebook_adoption_withdrawn check
        ((withdrawn_at is null) = (withdrawn_by is null) and (withdrawn_at is null) = (withdrawal = '')
         and (withdrawn_at is null or confirmed_at is not null) and withdrawn_by <> confirmed_by)
);
create index ix_rulebook_adoption_township_version on rulebook_adoption (township, version);
create index ix_rulebook_adoption_township_village_effective_from
    on rulebook_adoption (township, village, effective_from);
-- A text and a decision are written once; of a decision only what became of it changes. `alone` is history's.
grant select on rulebook_adoption to jimei_app;
grant insert (township, id, village, version, effective_from, body, meeting, decided_on, present, proposed_by,
    proposed_at) on rulebook_adoption to jimei_app;
grant update (confirmed_by, confirmed_at, refused_by, refused_at, refusal, withdrawn_by, withdrawn_at,
    withdrawal) on rulebook_adoption to jimei_app;

create table rulebook_draft (
    township integer not null,
    id uuid not null,
    origin text not null,
    begun_by uuid not null,
    begun_at timestamptz not null,
    closed_by uuid,
    closed_at timestamptz,
    constraint pk_rulebook_draft primary key (township, id),
    constraint fk_rulebook_draft_township_begun_by foreign key (township, begun_by)
        references person (township, id),
    constraint fk_rulebook_draft_township_closed_by foreign key (township, closed_by)
        references person (township, id),
    constraint rulebook_draft_closed check ((closed_at is null) = (closed_by is null))
);
grant select, insert on rulebook_draft to jimei_app;
grant update (closed_by, closed_at) on rulebook_draft to jimei_app;

create table rulebook_draft_text (
    township integer not null,
    draft uuid not null,
    revision integer not null,
    text text not null,
    saved_by uuid not null,
    saved_at timestamptz not null,
    constraint pk_rulebook_draft_text primary key (township, draft, revision),
    constraint fk_rulebook_draft_text_township_draft foreign key (township, draft)
        references rulebook_draft (township, id),
    constraint fk_rulebook_draft_text_township_saved_by foreign key (township, saved_by)
        references person (township, id),
    constraint rulebook_draft_text_revision check (revision > 0)
);
grant select, insert on rulebook_draft_text to jimei_app;

create table claim (
    township integer not null,
    id uuid not null,
    household uuid not null,
    village text not null,
    rulebook text not null,
    rule text not null,
    category text not null,
    deed_on date not null,
    person text not null,
    inputs jsonb not null,
    note text not null,
    points integer not null,
    explanation jsonb not null,
    status text not null,
    published boolean not null,
    declared_by uuid not null,
    declared_at timestamptz not null,
    reviewed_by uuid,
    reviewed_at timestamptz,
    approved_by uuid,
    approved_at timestamptz,
    notice_until timestamptz,
    refused_by uuid,
    refused_at timestamptz,
    refusal text default '' not null,
    trace jsonb default '{}' not null,
    signers text[] default '{}' not null,
    constraint pk_claim primary key (township, id),
    constraint fk_claim_township_household foreign key (township, household) references household (township, id),
    constraint fk_claim_township_rulebook foreign key (township, rulebook)
        references rulebook (township, version),
    constraint fk_claim_township_declared_by foreign key (township, declared_by)
        references person (township, id),
    constraint fk_claim_township_reviewed_by foreign key (township, reviewed_by)
        references person (township, id),
    constraint fk_claim_township_approved_by foreign key (township, approved_by)
        references person (township, id),
    constraint fk_claim_township_refused_by foreign key (township, refused_by) references person (township, id)
);
create index claim_due on claim (township, notice_until) where status = 'approved';
create index ix_claim_township_household_deed_on on claim (township, household, deed_on);
create index ix_claim_township_village_status on claim (township, village, status);
grant select, insert on claim to jimei_app;
-- What a household spent between two signatures isn't taken: the second one may lower a deduction.
grant update (points, explanation, status, reviewed_by, reviewed_at, approved_by, approved_at, notice_until,
    refused_by, refused_at, refusal) on claim to jimei_app;
