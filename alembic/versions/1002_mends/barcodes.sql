-- A product may have several barcodes, some of them a carton's; the product's own is the first of them. What arrives has
-- the number of its lot.
create table product_barcode (
    township integer not null,
    barcode text not null,
    product text not null,
    pieces integer default 1 not null,
    constraint pk_product_barcode primary key (township, barcode),
    constraint fk_product_barcode_township_product foreign key (township, product)
        references product (township, code),
    constraint product_barcode_pieces check (pieces > 0)
);
create index ix_product_barcode_township_product on product_barcode (township, product);
grant select, insert, delete on product_barcode to jimei_app;
insert into product_barcode (township, barcode, product) select township, barcode, code from product;

alter table lot add column lot_number text default '' not null;
