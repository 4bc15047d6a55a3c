-- The parts of `ledger.post` are nobody's to call but its own.
revoke all on function ledger.post_together(integer, jsonb, timestamptz, timestamptz),
                       ledger.post_one_by_one(integer, jsonb, timestamptz, timestamptz) from public, jimei_app;
