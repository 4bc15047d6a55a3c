-- Supervisors stop a rule, a card, a kiosk or a person, until a day or until they lift it.
create table freeze_order (
    township integer not null,
    id uuid not null,
    kind text not null,
    rule text,
    village text,
    card bytea,
    kiosk uuid,
    person uuid,
    reason text not null,
    by_village text,
    frozen_by uuid not null,
    frozen_at timestamptz not null,
    ends_on date,
    lapsed_on date,
    lifted_by uuid,
    lifted_at timestamptz,
    lift_reason text default '' not null,
    constraint pk_freeze_order primary key (township, id),
    constraint fk_freeze_order_township_village foreign key (township, village) references village (township, code),
    constraint fk_freeze_order_township_by_village foreign key (township, by_village)
        references village (township, code),
    constraint fk_freeze_order_township_card foreign key (township, card) references card (township, digest),
    constraint fk_freeze_order_township_kiosk foreign key (township, kiosk) references kiosk (township, id),
    constraint fk_freeze_order_township_person foreign key (township, person) references person (township, id),
    constraint fk_freeze_order_township_frozen_by foreign key (township, frozen_by) references person (township, id),
    constraint fk_freeze_order_township_lifted_by foreign key (township, lifted_by) references person (township, id),
    constraint freeze_order_thing check (
        num_nonnulls(rule, card, kiosk, person) = 1
        and kind = case when rule is not null then 'rule' when card is not null then 'card'
            when kiosk is not null then 'kiosk' else 'person' end
    ),
    constraint freeze_order_village check (village is null or kind = 'rule'),
    constraint freeze_order_reason check (reason <> ''),
    constraint freeze_order_ends check (ends_on >= (frozen_at at time zone 'Asia/Shanghai')::date),
    -- Nobody is kept from their work for longer than thirty days by one decision.
    constraint freeze_order_of_person check (
        kind <> 'person'
        or ends_on is not null and ends_on <= (frozen_at at time zone 'Asia/Shanghai')::date + 30
    ),
    constraint freeze_order_of_another check (person <> frozen_by and person <> lifted_by),
    constraint freeze_order_lifted check (
        (lifted_at is null) = (lifted_by is null)
        and (lifted_at is null) = (lift_reason = '')
        and (lifted_at is null or lifted_at >= frozen_at)
    ),
    constraint freeze_order_lapsed check (lapsed_on is null or lifted_at is null and lapsed_on > ends_on)
);
create unique index freeze_order_one_open on freeze_order (township, kind, rule, village, card, kiosk, person)
nulls not distinct where lifted_at is null and lapsed_on is null;
create index ix_freeze_order_township_frozen_at_id on freeze_order (township, frozen_at, id);
create index ix_freeze_order_township_card on freeze_order (township, card) where card is not null;
create index ix_freeze_order_township_kiosk on freeze_order (township, kiosk) where kiosk is not null;
create index ix_freeze_order_township_person on freeze_order (township, person) where person is not null;
grant select, insert on freeze_order to jimei_app;
grant update (lapsed_on, lifted_by, lifted_at, lift_reason) on freeze_order to jimei_app;
