-- The monthly draw: posted awards that supervisors visit again, chosen by a tree head and dice.

-- Opened: the tree head, the percentage and the number of candidates stand from then on. `month`: its first day.
create table draw (
    township integer not null,
    village text not null,
    month date not null,
    percent integer not null,
    head text not null,
    root text not null,
    candidates integer not null,
    opened_by uuid not null,
    opened_at timestamptz not null,
    constraint pk_draw primary key (township, village, month),
    constraint draw_candidates_key unique (township, village, month, candidates),
    constraint fk_draw_township_village foreign key (township, village) references village (township, code),
    constraint fk_draw_township_opened_by foreign key (township, opened_by) references person (township, id),
    constraint draw_month check (extract(day from month) = 1),
    constraint draw_percent check (percent between 1 and 100),
    constraint draw_root check (root ~ '^[0-9a-f]{64}$'),
    constraint draw_has_candidates check (candidates >= 1)
);
grant select, insert on draw to jimei_app;

-- Every place up to the stated number is taken at the opening, and no row is ever changed: nothing can be added. A
-- claim is a candidate once. `turn`: which of those whose turn it is to be visited declared it.
create table draw_candidate (
    township integer not null,
    village text not null,
    month date not null,
    place integer not null,
    candidates integer not null,
    claim uuid not null,
    turn integer,
    constraint pk_draw_candidate primary key (township, village, month, place),
    constraint draw_candidate_once unique (township, claim),
    constraint draw_candidate_key unique (township, village, month, claim),
    constraint fk_draw_candidate_township_village_month foreign key (township, village, month, candidates)
        references draw (township, village, month, candidates),
    constraint fk_draw_candidate_township_claim foreign key (township, claim) references claim (township, id),
    constraint draw_candidate_place check (place between 1 and candidates),
    constraint draw_candidate_turn check (turn >= 1)
);
grant select, insert on draw_candidate to jimei_app;

-- Typed in once.
create table draw_dice (
    township integer not null,
    village text not null,
    month date not null,
    dice text not null,
    meeting text not null,
    witnesses text not null,
    typed_by uuid not null,
    typed_at timestamptz not null,
    constraint pk_draw_dice primary key (township, village, month),
    constraint fk_draw_dice_township_village_month foreign key (township, village, month)
        references draw (township, village, month),
    constraint fk_draw_dice_township_typed_by foreign key (township, typed_by) references person (township, id),
    constraint draw_dice_numbers check (dice ~ '^[1-6]{10,100}$')
);
grant select, insert on draw_dice to jimei_app;

-- Of candidates alone, and not before there are dice.
create table drawn_claim (
    township integer not null,
    village text not null,
    month date not null,
    claim uuid not null,
    constraint pk_drawn_claim primary key (township, claim),
    constraint fk_drawn_claim_township_village_month foreign key (township, village, month)
        references draw_dice (township, village, month),
    constraint fk_drawn_claim_township_village_month_claim foreign key (township, village, month, claim)
        references draw_candidate (township, village, month, claim)
);
create index ix_drawn_claim_township_village_month on drawn_claim (township, village, month);
grant select, insert on drawn_claim to jimei_app;

-- Whoever met nobody comes again; what was found stands.
create table visit (
    township integer not null,
    id uuid not null,
    claim uuid not null,
    outcome text not null,
    reason text not null,
    visited_on date not null,
    visited_by uuid not null,
    recorded_at timestamptz not null,
    correction uuid,
    constraint pk_visit primary key (township, id),
    constraint fk_visit_township_claim foreign key (township, claim) references drawn_claim (township, claim),
    constraint fk_visit_township_visited_by foreign key (township, visited_by) references person (township, id),
    constraint fk_visit_township_correction foreign key (township, correction) references proposal (township, id),
    constraint visit_outcome check (outcome in ('confirmed', 'not-as-declared', 'nobody-met')),
    constraint visit_reason check (reason <> ''),
    constraint visit_corrected check (correction is null or outcome = 'not-as-declared')
);
create unique index visit_found_once on visit (township, claim) where outcome <> 'nobody-met';
create index ix_visit_township_claim on visit (township, claim);
grant select, insert on visit to jimei_app;

-- How many percent of the posted awards are visited again.
alter table township_defaults add column revisit_percent integer default 5 not null;
