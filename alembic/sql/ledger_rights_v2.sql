-- The same rights on tables and functions that came later.
revoke all on all functions in schema ledger from public;
grant select on all tables in schema ledger to jimei_app;
grant execute on all functions in schema ledger to jimei_app;
