-- An entry is written once, and of it only what a person decides changes; an enrolment ends, and its head goes on.
grant select, insert on kiosk_enrolment, lease, kiosk_journal_entry, redemption_void to jimei_app;
grant update (ended_at, ended_by, reason, head, hash, forked_at, digest) on kiosk_enrolment to jimei_app;
grant update (status, decided_at, decided_by, decision, reason) on kiosk_journal_entry to jimei_app;
grant update (code, code_until, lease_most, lease_days) on kiosk to jimei_app;
grant update (report) on shift to jimei_app;
grant update (pin_hash, pin_above, pin_failures, pin_locked_until) on card to jimei_app;
