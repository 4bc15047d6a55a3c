-- Every record there is, by the database transaction that wrote it: a leaf of the Merkle tree (RFC 9162) for every
-- row that says something by itself. What is derived (balances, checkpoints, the tree) has none.
create view ledger.record as
    select township, written_by, 'transaction' as kind, id::text as key from ledger.transaction
    union all select township, written_by, 'account', id::text from ledger.account
    union all select township, written_by, 'account-closing', account::text from ledger.account_closing
    union all select township, written_by, 'unit', code from ledger.unit
    union all select township, written_by, 'period-closing', ledger.utc(until) from ledger.period_closing
    union all select township, written_by, 'expiry-policy', to_char(effective_on, 'YYYY-MM-DD') || ' ' || unit
                from ledger.expiry_policy
    union all select township, written_by, 'seal-key', key from ledger.seal_key
    union all select township, written_by, 'tree-head', ledger.utc(signed_at) from ledger.tree_head
    union all select township, written_by, 'restore', id::text from ledger.restore
    union all select township, written_by, 'act', key from ledger.act;
grant select on ledger.record to jimei_app;
