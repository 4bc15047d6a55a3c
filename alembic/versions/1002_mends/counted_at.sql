-- How far a kiosk's journal had come when its shelf was counted at it.
alter table stocktake
    add column kiosk uuid,
    add column epoch integer,
    add column number integer,
    -- All three are new and empty: nothing has to be read.
    -- squawk-ignore constraint-missing-not-valid
    add constraint stocktake_position check (num_nulls(kiosk, epoch, number) in (0, 3)),
    -- squawk-ignore adding-foreign-key-constraint,constraint-missing-not-valid
    add constraint fk_stocktake_township_kiosk foreign key (township, kiosk, epoch)
        references kiosk_enrolment (township, kiosk, epoch);
create index ix_stocktake_township_supermarket_recorded_at on stocktake (township, supermarket, recorded_at);
