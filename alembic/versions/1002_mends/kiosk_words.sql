-- What a kiosk's own word is held against: the shift that its journal is in, the prices that it was told, and since
-- when a card has its PIN.
alter table kiosk_enrolment add column open_shift uuid;
grant update (open_shift) on kiosk_enrolment to jimei_app;
-- The last shift that each journal opened and didn't close.
update kiosk_enrolment e
   set open_shift = substring(last.body from '"shift":"([0-9a-f-]{36})"')::uuid
  from (select distinct on (j.township, j.kiosk, j.epoch) j.township, j.kiosk, j.epoch, j.body
          from kiosk_journal_entry j
         where j.status <> 'fork' and (j.body like '{"type":"opened"%' or j.body like '{"type":"closed"%')
         order by j.township, j.kiosk, j.epoch, j.number desc) last
 where (e.township, e.kiosk, e.epoch) = (last.township, last.kiosk, last.epoch)
   and last.body like '{"type":"opened"%';

-- The prices that an enrolment was told with a version of its shelf, at first `told_at`.
create table told_prices (
    township integer not null,
    kiosk uuid not null,
    epoch integer not null,
    version integer not null,
    told_at timestamptz not null,
    prices jsonb not null,
    constraint pk_told_prices primary key (township, kiosk, epoch, version),
    constraint fk_told_prices_township_kiosk foreign key (township, kiosk, epoch)
        references kiosk_enrolment (township, kiosk, epoch)
);
grant select, insert on told_prices to jimei_app;

-- Unknown for PINs that were set before this was kept.
alter table card add column pin_set_at timestamptz;
grant update (pin_set_at) on card to jimei_app;
