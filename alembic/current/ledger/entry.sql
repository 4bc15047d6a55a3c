-- Each side of each transfer from its account's point of view: `amount` is signed, credits are positive.
create view ledger.entry as
    select township, credit as account, transaction, ordinal, unit, amount, debit as counterparty, pending,
           recorded_at
      from ledger.transfer
    union all
    select township, debit, transaction, ordinal, unit, -amount, credit, pending, recorded_at
      from ledger.transfer;
grant select on ledger.entry to jimei_app;
