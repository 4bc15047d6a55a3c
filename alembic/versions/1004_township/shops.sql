-- Who serves at the tills, from when to when; when a supermarket is open; what was put on shelves by a sheet, and the
-- rate by which prices are proposed from what goods cost.
alter table attendant add column household uuid;
alter table attendant add constraint fk_attendant_township_household
    foreign key (township, household) references household (township, id);
-- Unknown for PINs that were set before this was kept.
alter table attendant add column pin_set_at timestamptz;
alter table attendant add column ended_at timestamptz;
grant update (pin_hash, pin_set_at, household, ended_at) on attendant to jimei_app;
-- A name is free again once who had it has ended.
-- squawk-ignore ban-drop-constraint
alter table attendant drop constraint uq_attendant_township_supermarket_name;
create unique index attendant_one_of_a_name on attendant (township, supermarket, name) where ended_at is null;

create table attendant_change (
    township integer not null,
    id uuid not null,
    attendant uuid not null,
    kind text not null,
    person uuid not null,
    reason text default '' not null,
    changed_at timestamptz not null,
    constraint pk_attendant_change primary key (township, id),
    constraint attendant_change_kind check (kind in ('added', 'pin', 'household', 'ended')),
    constraint fk_attendant_change_township_attendant foreign key (township, attendant)
        references attendant (township, id),
    constraint fk_attendant_change_township_person foreign key (township, person) references person (township, id)
);
create index ix_attendant_change_township_attendant on attendant_change (township, attendant);
grant select, insert on attendant_change to jimei_app;

-- Null: nobody has said them.
alter table supermarket add column hours jsonb;
grant update (hours) on supermarket to jimei_app;

create table supermarket_change (
    township integer not null,
    id uuid not null,
    supermarket text not null,
    name text not null,
    hours jsonb,
    person uuid not null,
    changed_at timestamptz not null,
    constraint pk_supermarket_change primary key (township, id),
    constraint fk_supermarket_change_township_supermarket foreign key (township, supermarket)
        references supermarket (township, code),
    constraint fk_supermarket_change_township_person foreign key (township, person)
        references person (township, id)
);
create index ix_supermarket_change_township_supermarket on supermarket_change (township, supermarket);
grant select, insert on supermarket_change to jimei_app;

create table price_rate (
    township integer not null,
    id uuid not null,
    fen integer not null,
    person uuid not null,
    since timestamptz not null,
    constraint pk_price_rate primary key (township, id),
    constraint price_rate_fen check (fen > 0),
    constraint fk_price_rate_township_person foreign key (township, person) references person (township, id)
);
grant select, insert on price_rate to jimei_app;

-- What a sheet has put on shelves: a consignment has each line once, however often its sheet comes.
create table stock_sheet_line (
    township integer not null,
    proposal uuid not null,
    line integer not null,
    consignment text not null,
    supermarket text not null,
    product text not null,
    sell_by date,
    quantity integer not null,
    cost bigint not null,
    constraint pk_stock_sheet_line primary key (township, proposal, line),
    constraint fk_stock_sheet_line_township_proposal foreign key (township, proposal)
        references proposal (township, id),
    constraint fk_stock_sheet_line_township_supermarket_product foreign key (township, supermarket, product)
        references shelf (township, supermarket, product)
);
create unique index stock_sheet_line_once on stock_sheet_line (township, consignment, supermarket, product, sell_by)
    nulls not distinct;
grant select, insert on stock_sheet_line to jimei_app;
