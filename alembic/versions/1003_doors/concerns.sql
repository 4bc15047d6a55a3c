-- What the person who confirmed a rulebook ticked: the forbidden subjects that a delicate rule of it doesn't concern.
create table rulebook_concern (
    township integer not null,
    adoption uuid not null,
    rule text not null,
    title text not null,
    subjects text[] not null,
    ticked_by uuid not null,
    ticked_at timestamptz not null,
    constraint pk_rulebook_concern primary key (township, adoption, rule),
    constraint fk_rulebook_concern_township_adoption foreign key (township, adoption)
        references rulebook_adoption (township, id),
    constraint fk_rulebook_concern_township_ticked_by foreign key (township, ticked_by)
        references person (township, id)
);
grant select, insert on rulebook_concern to jimei_app;
