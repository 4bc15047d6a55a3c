-- When a machine was last heard of.
grant update (heard_at) on kiosk_enrolment to jimei_app;
