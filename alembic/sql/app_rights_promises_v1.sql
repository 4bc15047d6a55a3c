-- What was promised is written once; that it has come, was collected or let go of changes.
grant select, insert on promise to jimei_app;
grant update (arrival, status, closed_at, closed_by, reason) on promise to jimei_app;
