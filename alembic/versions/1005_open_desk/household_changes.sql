-- A change of a household has the id of the entry by which its points moved. Until now only their moment told.
update household_change c
   set id = x.id
  from household h,
       ledger.transaction x
       join ledger.transfer t on t.township = x.township and t.transaction = x.id
       join ledger.account d on d.township = t.township and d.id = t.debit
       join ledger.account a on a.township = t.township and a.id = t.credit
 where h.township = c.township and h.id = c.household
   and x.township = c.township and x.kind = c.kind and x.phase = 'posted' and x.recorded_at = c.recorded_at
   and x.metadata ->> 'confirmed_by' = c.confirmed_by::text
   and (d.name, a.name) = (
       'household:' || coalesce(nullif(c.after ->> 'back_from', ''), h.code),
       case when c.after ->> 'back_from' <> '' then 'household:' || h.code
            when c.kind in ('end', 'clear') then 'township:expired'
            else 'household:' || coalesce(c.after ->> 'to', c.after ->> 'into') end);
