-- Who signed a claim, in the order of the bodies that its rule names.
create table claim_signature (
    township integer not null,
    claim uuid not null,
    place integer not null,
    person uuid not null,
    signed_at timestamptz not null,
    constraint pk_claim_signature primary key (township, claim, place),
    constraint uq_claim_signature_township_claim_person unique (township, claim, person),
    constraint fk_claim_signature_township_claim foreign key (township, claim) references claim (township, id),
    constraint fk_claim_signature_township_person foreign key (township, person) references person (township, id),
    constraint claim_signature_place check (place >= 0)
);
grant select, insert on claim_signature to jimei_app;

-- Awards declared before go on as they began: a reviewer, then the committee.
update claim set signers = '{reviewer,committee}' where signers = '{}';
insert into claim_signature (township, claim, place, person, signed_at)
select township, id, 0, reviewed_by, reviewed_at from claim where reviewed_by is not null
union all
select township, id, 1, approved_by, approved_at from claim where approved_by is not null;
