-- The canonical text of each leaf's record, null where the record is gone. It is JSON as jsonb prints it, with
-- the keys in jsonb's order; a transaction's is put together by hand, which takes half the time.
-- docs/seals.md says the same in words, with test vectors.
-- The kind is no way to a leaf: a planner that knows little of the table might take it for one, where a position
-- was asked for.
create view ledger.leaf_record as
    select l.township, l.position, l.kind, l.key,
           case when x.id is not null then concat(
               '{"id": "', x.id, '", "kind": ', to_json(x.kind), ', "phase": "', x.phase,
               '", "person": ', to_json(x.person), ', "reason": ', to_json(x.reason),
               ', "record": "transaction", "target": ', coalesce('"' || x.target || '"', 'null'),
               ', "content": "', encode(x.content, 'hex'), '", "metadata": ', x.metadata,
               ', "township": ', x.township, ', "transfers": [', m.transfers,
               '], "expires_at": ', coalesce('"' || ledger.utc(x.expires_at) || '"', 'null'),
               ', "written_by": ', x.written_by, ', "recorded_at": "', ledger.utc(x.recorded_at),
               '", "effective_at": "', ledger.utc(x.effective_at),
               '", "deferred_from": ', coalesce('"' || ledger.utc(x.deferred_from) || '"', 'null'), '}') end
           as record
      from ledger.leaf l
      left join ledger.transaction x on x.township = l.township and x.id = l.key::uuid
      left join lateral (
            select string_agg(concat('[', to_json(f.unit), ', "', f.debit, '", "', f.credit, '", ', f.amount, ']'),
                              ', ' order by f.ordinal) as transfers
              from ledger.transfer f where f.township = x.township and f.transaction = x.id) m on true
     where l.kind || '' = 'transaction'
    union all
    select l.township, l.position, l.kind, l.key,
           case l.kind
           when 'account' then (
               select jsonb_build_object(
                          'record', 'account', 'township', a.township, 'id', a.id, 'name', a.name,
                          'unit', a.unit, 'minimum', a.minimum, 'opened_at', ledger.utc(a.opened_at),
                          'written_by', a.written_by)
                 from ledger.account a where a.township = l.township and a.id = l.key::uuid)
           when 'account-closing' then (
               select jsonb_build_object(
                          'record', 'account-closing', 'township', c.township, 'account', c.account,
                          'closed_at', ledger.utc(c.closed_at), 'person', c.person, 'reason', c.reason,
                          'written_by', c.written_by)
                 from ledger.account_closing c where c.township = l.township and c.account = l.key::uuid)
           when 'unit' then (
               select jsonb_build_object(
                          'record', 'unit', 'township', u.township, 'code', u.code, 'kind', u.kind,
                          'written_by', u.written_by)
                 from ledger.unit u where u.township = l.township and u.code = l.key)
           when 'period-closing' then (
               select jsonb_build_object(
                          'record', 'period-closing', 'township', p.township, 'until', ledger.utc(p.until),
                          'closed_at', ledger.utc(p.closed_at), 'person', p.person, 'reason', p.reason,
                          'written_by', p.written_by)
                 from ledger.period_closing p
                where p.township = l.township and p.until = l.key::timestamptz)
           when 'expiry-policy' then (
               select jsonb_build_object(
                          'record', 'expiry-policy', 'township', e.township, 'unit', e.unit,
                          'effective_on', to_char(e.effective_on, 'YYYY-MM-DD'), 'kind', e.kind,
                          'months', e.months, 'person', e.person, 'reason', e.reason,
                          'adopted_at', ledger.utc(e.adopted_at), 'written_by', e.written_by)
                 from ledger.expiry_policy e
                where e.township = l.township
                  and e.effective_on = split_part(l.key, ' ', 1)::date
                  and e.unit = substr(l.key, length(split_part(l.key, ' ', 1)) + 2))
           when 'seal-key' then (
               select jsonb_build_object(
                          'record', 'seal-key', 'township', k.township, 'key', k.key,
                          'added_at', ledger.utc(k.added_at), 'written_by', k.written_by)
                 from ledger.seal_key k where k.township = l.township and k.key = l.key)
           when 'tree-head' then (
               select jsonb_build_object(
                          'record', 'tree-head', 'township', h.township, 'size', h.size,
                          'signed_at', ledger.utc(h.signed_at), 'note', h.note, 'written_by', h.written_by)
                 from ledger.tree_head h
                where h.township = l.township and h.signed_at = l.key::timestamptz)
           when 'restore' then (
               select jsonb_build_object(
                          'record', 'restore', 'township', r.township, 'id', r.id, 'size', r.size,
                          'root', encode(r.root, 'hex'), 'key', r.key, 'person', r.person, 'reason', r.reason,
                          'backup_at', ledger.utc(r.backup_at), 'restored_at', ledger.utc(r.restored_at),
                          'written_by', r.written_by)
                 from ledger.restore r where r.township = l.township and r.id = l.key::uuid)
           when 'act' then (
               select jsonb_build_object(
                          'record', 'act', 'township', a.township, 'key', a.key, 'kind', a.kind,
                          'person', a.person, 'scope', a.scope, 'about', a.about, 'detail', a.detail,
                          'reason', a.reason, 'acted_at', ledger.utc(a.acted_at), 'written_by', a.written_by)
                 from ledger.act a where a.township = l.township and a.key = l.key)
           end::text
      from ledger.leaf l
     where l.kind <> 'transaction';
grant select on ledger.leaf_record to jimei_app;
