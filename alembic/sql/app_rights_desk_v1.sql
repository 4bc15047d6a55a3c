-- When a machine was last heard of; who took a card's PIN away.
grant update (heard_at) on kiosk_enrolment to jimei_app;
grant select, insert on card_pin_reset to jimei_app;
