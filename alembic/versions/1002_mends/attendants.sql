-- Wrong PINs are counted of each attendant, and of each kiosk where the PIN alone was given; a till locks when idle.
alter table attendant add column wrong_pins_at timestamptz[] default '{}' not null;
grant update (wrong_pins_at) on attendant to jimei_app;

alter table kiosk add column wrong_pins_at timestamptz[] default '{}' not null;
alter table kiosk add column lock_minutes integer default 10 not null;
-- squawk-ignore ban-drop-column
alter table kiosk drop column failures;
-- squawk-ignore ban-drop-column
alter table kiosk drop column locked_until;
grant update (wrong_pins_at, lock_minutes) on kiosk to jimei_app;
