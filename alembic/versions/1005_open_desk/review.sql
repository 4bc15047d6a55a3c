-- Who decides a claim: the votes of a body's members, and what becomes of a claim that isn't approved.

-- Whoever declared it: the person, or the household that did it itself. Ids of people and of households are never
-- the same, so that a copy of it can be held by a foreign key without a null.
-- squawk-ignore adding-field-with-default
alter table claim add column declarer uuid generated always as (coalesce(declared_by, household)) stored not null;
create unique index claim_declarer on claim (township, id, declarer);

-- One vote a person and claim, in whichever place; nobody votes on what they declared.
create table claim_vote (
    township integer not null,
    claim uuid not null,
    place integer not null,
    person uuid not null,
    declarer uuid not null,
    approves boolean not null,
    reason text default '' not null,
    voted_at timestamptz not null,
    constraint pk_claim_vote primary key (township, claim, person),
    constraint uq_claim_vote_township_claim_place_person unique (township, claim, place, person),
    constraint fk_claim_vote_township_claim_declarer foreign key (township, claim, declarer)
        references claim (township, id, declarer),
    constraint fk_claim_vote_township_person foreign key (township, person) references person (township, id),
    constraint claim_vote_place check (place >= 0),
    constraint claim_vote_by_another check (person <> declarer),
    constraint claim_vote_reason check (approves or reason <> '')
);
grant select, insert on claim_vote to jimei_app;

insert into claim_vote (township, claim, place, person, declarer, approves, voted_at)
select s.township, s.claim, s.place, s.person, c.declarer, true, s.signed_at
  from claim_signature s
  join claim c on c.township = s.township and c.id = s.claim;

-- The signature of a body is that of one of its members who voted in this place; so whoever signs one place has no
-- vote in another, and didn't declare the claim.
alter table claim_signature add constraint fk_claim_signature_township_claim_place_person
foreign key (township, claim, place, person) references claim_vote (township, claim, place, person);

-- Whoever is named as first and last signer has signed. With the declarer they are three.
alter table claim add constraint fk_claim_township_id_reviewed_by
foreign key (township, id, reviewed_by) references claim_signature (township, claim, person);
alter table claim add constraint fk_claim_township_id_approved_by
foreign key (township, id, approved_by) references claim_signature (township, claim, person);
alter table claim add constraint claim_three_people
check (reviewed_by <> declarer and approved_by <> declarer and reviewed_by <> approved_by);
alter table claim add constraint claim_approved
check (status not in ('approved', 'posted') or num_nulls(reviewed_by, approved_by) = 0);

-- Who of the body whose turn it was had to keep out when it decided.
create table claim_recusal (
    township integer not null,
    claim uuid not null,
    place integer not null,
    person uuid not null,
    ground text not null,
    recused_at timestamptz not null,
    constraint pk_claim_recusal primary key (township, claim, place, person),
    constraint fk_claim_recusal_township_claim foreign key (township, claim) references claim (township, id),
    constraint fk_claim_recusal_township_person foreign key (township, person) references person (township, id),
    constraint claim_recusal_place check (place >= 0),
    constraint claim_recusal_ground check (ground in ('own', 'relative'))
);
grant select, insert on claim_recusal to jimei_app;

-- Sent back for correction, withdrawn by who declared it, and the corrected one that takes its place.
alter table claim add column returned_by uuid;
alter table claim add column returned_at timestamptz;
alter table claim add column return_reason text default '' not null;
alter table claim add column withdrawn_at timestamptz;
alter table claim add column replaces uuid;
grant update (returned_by, returned_at, return_reason, withdrawn_at) on claim to jimei_app;
alter table claim add constraint fk_claim_township_returned_by
foreign key (township, returned_by) references person (township, id);
alter table claim add constraint fk_claim_township_replaces
foreign key (township, replaces) references claim (township, id);
create unique index claim_replaced_once on claim (township, replaces) where replaces is not null;
alter table claim add constraint claim_status check (
    status in ('declared', 'reviewed', 'approved', 'posted', 'refused', 'returned', 'withdrawn')
);
alter table claim add constraint claim_returned check (
    (status = 'returned') = (returned_at is not null)
    and (returned_by is null) = (returned_at is null)
    and (return_reason = '') = (returned_at is null)
    and returned_by is distinct from declarer
);
alter table claim add constraint claim_withdrawn check ((status = 'withdrawn') = (withdrawn_at is not null));
alter table claim add constraint claim_replaces_another check (replaces <> id);

-- How many members of the moral council decide a claim.
alter table township_defaults add column council_quorum integer default 1 not null
constraint township_defaults_council_quorum check (council_quorum >= 1);
