-- Supermarkets, their goods and what arrives. What arrived, was given or counted is written once.
create table supermarket (
    township integer not null,
    code text not null,
    village text not null,
    name text not null,
    shelf_version integer default 1 not null,
    constraint pk_supermarket primary key (township, code),
    constraint fk_supermarket_township_village foreign key (township, village)
        references village (township, code)
);
grant select, insert on supermarket to jimei_app;
-- The name also for the lock on a supermarket while a PIN is chosen.
grant update (name, shelf_version) on supermarket to jimei_app;

create table attendant (
    township integer not null,
    id uuid not null,
    supermarket text not null,
    name text not null,
    pin_hash text not null,
    constraint pk_attendant primary key (township, id),
    constraint uq_attendant_township_supermarket_name unique (township, supermarket, name),
    constraint fk_attendant_township_supermarket foreign key (township, supermarket)
        references supermarket (township, code)
);
grant select, insert on attendant to jimei_app;

create table product (
    township integer not null,
    code text not null,
    number integer not null,
    name text not null,
    barcode text not null,
    price integer not null,
    minimum integer default 0 not null,
    constraint pk_product primary key (township, code),
    constraint uq_product_township_barcode unique (township, barcode),
    constraint uq_product_township_number unique (township, number)
);
grant select, insert on product to jimei_app;
grant update (name, barcode, price, minimum) on product to jimei_app;

create table price_change (
    township integer not null,
    id uuid not null,
    product text not null,
    before integer not null,
    after integer not null,
    person uuid not null,
    changed_at timestamptz not null,
    constraint pk_price_change primary key (township, id),
    constraint fk_price_change_township_product foreign key (township, product)
        references product (township, code),
    constraint fk_price_change_township_person foreign key (township, person) references person (township, id)
);
create index ix_price_change_township_product on price_change (township, product);
grant select, insert on price_change to jimei_app;

create table shelf (
    township integer not null,
    supermarket text not null,
    product text not null,
    minimum integer,
    retired_at timestamptz,
    constraint pk_shelf primary key (township, supermarket, product),
    constraint fk_shelf_township_supermarket foreign key (township, supermarket)
        references supermarket (township, code),
    constraint fk_shelf_township_product foreign key (township, product) references product (township, code)
);
grant select, insert on shelf to jimei_app;
grant update (minimum, retired_at) on shelf to jimei_app;

create table lot (
    township integer not null,
    arrival uuid not null,
    line integer not null,
    supermarket text not null,
    product text not null,
    quantity integer not null,
    sell_by date,
    received_on date not null,
    constraint pk_lot primary key (township, arrival, line),
    constraint fk_lot_township_supermarket_product foreign key (township, supermarket, product)
        references shelf (township, supermarket, product)
);
create index ix_lot_township_supermarket_product on lot (township, supermarket, product);
grant select, insert on lot to jimei_app;

create table restocking (
    township integer not null,
    id uuid not null,
    supermarket text not null,
    person uuid,
    attendant uuid,
    constraint pk_restocking primary key (township, id),
    constraint fk_restocking_township_supermarket foreign key (township, supermarket)
        references supermarket (township, code),
    constraint fk_restocking_township_person foreign key (township, person) references person (township, id),
    constraint fk_restocking_township_attendant foreign key (township, attendant)
        references attendant (township, id),
    constraint restocking_in_a_hand check (num_nonnulls(person, attendant) = 1)
);
grant select, insert on restocking to jimei_app;

create table donation (
    township integer not null,
    id uuid not null,
    supermarket text not null,
    person uuid,
    donor text not null,
    anonymous boolean not null,
    attendant uuid,
    constraint pk_donation primary key (township, id),
    constraint fk_donation_township_supermarket foreign key (township, supermarket)
        references supermarket (township, code),
    constraint fk_donation_township_person foreign key (township, person) references person (township, id),
    constraint fk_donation_township_attendant foreign key (township, attendant)
        references attendant (township, id),
    constraint donation_in_a_hand check (num_nonnulls(person, attendant) = 1)
);
grant select, insert on donation to jimei_app;

create table funding (
    township integer not null,
    id uuid not null,
    person uuid not null,
    donor text not null,
    anonymous boolean not null,
    note text not null,
    constraint pk_funding primary key (township, id),
    constraint fk_funding_township_person foreign key (township, person) references person (township, id)
);
grant select, insert on funding to jimei_app;

create table stocktake (
    township integer not null,
    id uuid not null,
    supermarket text not null,
    person uuid,
    request bytea not null,
    sheet jsonb not null,
    recorded_at timestamptz not null,
    attendant uuid,
    constraint pk_stocktake primary key (township, id),
    constraint fk_stocktake_township_supermarket foreign key (township, supermarket)
        references supermarket (township, code),
    constraint fk_stocktake_township_person foreign key (township, person) references person (township, id),
    constraint fk_stocktake_township_attendant foreign key (township, attendant)
        references attendant (township, id),
    constraint stocktake_in_a_hand check (num_nonnulls(person, attendant) = 1)
);
grant select, insert on stocktake to jimei_app;

create table goods_receipt (
    township integer not null,
    id uuid not null,
    supermarket text not null,
    person uuid,
    attendant uuid,
    request bytea not null,
    arrived jsonb not null,
    written_at timestamptz not null,
    counted jsonb,
    closing_person uuid,
    closing_attendant uuid,
    closed_at timestamptz,
    reason text default '' not null,
    constraint pk_goods_receipt primary key (township, id),
    constraint fk_goods_receipt_township_supermarket foreign key (township, supermarket)
        references supermarket (township, code),
    constraint fk_goods_receipt_township_person foreign key (township, person) references person (township, id),
    constraint fk_goods_receipt_township_attendant foreign key (township, attendant)
        references attendant (township, id),
    constraint fk_goods_receipt_township_closing_person foreign key (township, closing_person)
        references person (township, id),
    constraint fk_goods_receipt_township_closing_attendant foreign key (township, closing_attendant)
        references attendant (township, id),
    constraint goods_receipt_closed check
        (num_nonnulls(closing_person, closing_attendant) = num_nonnulls(closed_at)
         and (closed_at is not null or (counted is null and reason = ''))),
    constraint goods_receipt_in_a_hand check (num_nonnulls(person, attendant) = 1),
    constraint goods_receipt_two_people check
        (counted is null or coalesce(closing_person, closing_attendant) <> coalesce(person, attendant))
);
create index goods_receipt_open on goods_receipt (township, supermarket) where closed_at is null;
create index ix_goods_receipt_township_supermarket_closed_at
    on goods_receipt (township, supermarket, closed_at);
grant select, insert on goods_receipt to jimei_app;
-- What arrives is written once; of a receipt only its closing comes later.
grant update (counted, closing_person, closing_attendant, closed_at, reason) on goods_receipt to jimei_app;
