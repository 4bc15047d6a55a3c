-- Append committed records to the tree, at most `p_limit` of them; returns the tree's size. Only what is older
-- than every running database transaction is sealed, so nothing can come in before it later: the order is final.
-- No writer waits for this. Each limit keeps a look-up by key what it is, whatever the planner knows of a table's
-- size. A transaction whose rows aren't what was asked for is left out, and `verify` names it.
create function ledger.seal(p_township integer, p_limit integer)
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
     where case r.kind when 'transaction' then content_matches(p_township, r.key::uuid) else true end;
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
revoke all on function ledger.seal from public;
grant execute on function ledger.seal to jimei_app;
