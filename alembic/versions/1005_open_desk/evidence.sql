-- Photos as evidence: the files are in JIMEI_DATA/evidence by the SHA-256 of their content, which stays here for good.

-- `look` is a perceptual hash of 64 bits. A photo that no claim has named goes after a day; one that has lost its
-- file by the policy keeps its row.
create table photo (
    township integer not null,
    digest text not null,
    size integer not null,
    width integer not null,
    height integer not null,
    look bigint not null,
    received_at timestamptz not null,
    named_at timestamptz,
    removed_at timestamptz,
    constraint pk_photo primary key (township, digest),
    constraint photo_digest check (digest ~ '^[0-9a-f]{64}$'),
    constraint photo_removed check (removed_at is null or named_at is not null)
);
create index photo_unnamed on photo (township, received_at) where named_at is null;
create index photo_kept on photo (township, named_at) where removed_at is null;
grant select, insert, delete on photo to jimei_app;
grant update (received_at, named_at, removed_at) on photo to jimei_app;

-- The four quarters of `look`, each with its number above its 16 bits: what looks alike shares one, or nearly.
create table photo_band (
    township integer not null,
    band integer not null,
    photo text not null,
    constraint pk_photo_band primary key (township, band, photo),
    constraint fk_photo_band_township_photo foreign key (township, photo) references photo (township, digest)
        on delete cascade
);
create index ix_photo_band_township_photo on photo_band (township, photo);
grant select, insert, delete on photo_band to jimei_app;

-- Who brought a photo: they alone may name it in a claim.
create table photo_upload (
    township integer not null,
    id uuid not null,
    photo text not null,
    person uuid,
    household uuid,
    received_at timestamptz not null,
    constraint pk_photo_upload primary key (township, id),
    constraint fk_photo_upload_township_photo foreign key (township, photo) references photo (township, digest)
        on delete cascade,
    constraint fk_photo_upload_township_person foreign key (township, person) references person (township, id),
    constraint fk_photo_upload_township_household foreign key (township, household)
        references household (township, id),
    constraint photo_upload_by_one check (num_nonnulls(person, household) = 1)
);
create unique index photo_upload_of_person on photo_upload (township, person, photo) where person is not null;
create unique index photo_upload_of_household on photo_upload (township, household, photo)
where household is not null;
create index ix_photo_upload_township_photo on photo_upload (township, photo);
grant select, insert, delete on photo_upload to jimei_app;

-- The photos that a claim names, in the order of its answer to `input`.
create table claim_photo (
    township integer not null,
    claim uuid not null,
    input text not null,
    place integer not null,
    photo text not null,
    constraint pk_claim_photo primary key (township, claim, input, place),
    constraint fk_claim_photo_township_claim foreign key (township, claim) references claim (township, id),
    constraint fk_claim_photo_township_photo foreign key (township, photo) references photo (township, digest),
    constraint claim_photo_place check (place >= 0)
);
create index ix_claim_photo_township_photo on claim_photo (township, photo);
grant select, insert on claim_photo to jimei_app;

-- For how many days photos stay.
alter table township_defaults add column photo_days integer default 180 not null;
