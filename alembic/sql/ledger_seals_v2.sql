-- The canonical text of each leaf's record, null where the record is gone. It is JSON as jsonb prints it, with
-- the keys in jsonb's order; a transaction's is put together by hand, which takes half the time.
-- docs/seals.md says the same in words, with test vectors.
-- The kind is no way to a leaf: a planner that knows little of the table might take it for one, where a position was
-- asked for.
create or replace view ledger.leaf_record as
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
           end::text
      from ledger.leaf l
     where l.kind <> 'transaction';

-- Append committed records to the tree, at most `p_limit` of them; returns the tree's size. Only what is older
-- than every running database transaction is sealed, so nothing can come in before it later: the order is final.
-- No writer waits for this. Each limit keeps a look-up by key what it is, whatever the planner knows of a table's
-- size. A transaction whose rows aren't what was asked for is left out, and `verify` names it.
create or replace function ledger.seal(p_township integer, p_limit integer)
returns bigint language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
    v_now pg_snapshot := pg_current_snapshot();
    v_oldest bigint := pg_snapshot_xmin(v_now)::text::bigint;
    v_next bigint := pg_snapshot_xmax(v_now)::text::bigint;
    v_from bigint; v_old bigint; v_new bigint; v_level integer := 0;
begin
    -- Sealers take turns; each looks again once it has the turn.
    perform pg_advisory_xact_lock(hashtext('ledger.seal'), p_township);
    select coalesce(max(l.position) + 1, 0) into v_old from leaf l where l.township = p_township;
    select (l.record::jsonb ->> 'written_by')::bigint into v_from
      from leaf_record l where l.township = p_township and l.position = v_old - 1;
    -- Everything older than the last record is sealed already. Records restored from another server bear its
    -- numbers, which may be ahead of this one's.
    if v_from is null or v_from >= v_next then
        v_from := 0;
    end if;

    insert into leaf (township, position, kind, key)
    select p_township,
           v_old + row_number() over (order by r.written_by, r.kind collate "C", r.key collate "C") - 1,
           r.kind, r.key
      from (select o.written_by, o.kind, o.key from record o
              left join lateral (select true as known from leaf l
                                  where l.township = p_township and l.kind = o.kind and l.key = o.key
                                  limit 1) sealed on true
             where o.township = p_township and o.written_by >= v_from
               and (o.written_by < v_oldest or (v_from = 0 and o.written_by >= v_next))
               and sealed.known is null
             order by o.written_by, o.kind collate "C", o.key collate "C" limit p_limit) r
     where case r.kind when 'transaction' then faithful(p_township, r.key::uuid) else true end;
    get diagnostics v_new = row_count;
    if v_new = 0 then
        return v_old;
    end if;
    v_new := v_old + v_new;

    insert into node (township, level, position, hash)
    select p_township, 0, l.position, sha256('\x00'::bytea || convert_to(r.record, 'UTF8'))
      from leaf l
     cross join lateral (select record from leaf_record
                          where township = p_township and position = l.position limit 1) r
     where l.township = p_township and l.position >= v_old;
    -- Each level's perfect subtrees that the new leaves complete.
    while v_new >> (v_level + 1) > v_old >> (v_level + 1) loop
        insert into node (township, level, position, hash)
        select p_township, v_level + 1, i, sha256('\x01'::bytea || l.hash || r.hash)
          from generate_series(v_old >> (v_level + 1), (v_new >> (v_level + 1)) - 1) i
         cross join lateral (select hash from node
                              where township = p_township and level = v_level and position = 2 * i limit 1) l
         cross join lateral (select hash from node
                              where township = p_township and level = v_level and position = 2 * i + 1 limit 1) r;
        v_level := v_level + 1;
    end loop;
    return v_new;
end $$;
