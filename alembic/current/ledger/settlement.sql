-- What settled a pending transaction. Its condition is the index's own, which a parameter would miss.
create view ledger.settlement as
    select township, target, id, phase, effective_at, recorded_at
      from ledger.transaction where phase in ('post', 'void');
grant select on ledger.settlement to jimei_app;
