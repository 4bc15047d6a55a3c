-- Append committed records to the tree, at most `p_limit` of them; returns the tree's size. Only what is older
-- than every running database transaction is sealed, so nothing can come in before it later: the order is final.
-- No writer waits for this. Each limit keeps a look-up by key what it is, whatever the planner knows of a table's
-- size. A transaction whose rows aren't what was asked for is left out, and `verify` names it.
--
-- Where the last step ended is kept in `sealing`. Records that came from another server bear its numbers, which say
-- nothing here; but nobody writes any more of them. So where the books have come to this server, or records to the
-- books that it can't have written yet, all of them are swept once; so they are where the tree isn't as it was left.
create function ledger.seal(p_township integer, p_limit integer)
returns bigint language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
    v_oldest bigint; v_next bigint; v_newest bigint; v_last bigint; v_found integer;
    v_at sealing; v_server text := server();
    v_old bigint; v_new bigint; v_level integer := 0;
begin
    -- Sealers take turns; each looks again once it has the turn.
    perform pg_advisory_xact_lock(hashtext('ledger.seal'), p_township);
    select pg_snapshot_xmin(now)::text::bigint into v_oldest from pg_current_snapshot() now;
    v_next := next_writer();
    select coalesce(max(l.position) + 1, 0) into v_old from leaf l where l.township = p_township;
    select s.* into v_at from sealing s where s.township = p_township;
    if (v_at.server, v_at.size) is distinct from (v_server, v_old) or v_at.sealed_to > v_next then
        -- What this server writes from now on has its turn after the sweep.
        select r.written_by into v_last from record r
         where r.township = p_township and r.written_by < v_oldest
         order by r.written_by desc limit 1;
        v_at := (p_township, v_server, v_old, coalesce(v_last, 0), 0, true);
    end if;
    select r.written_by into v_newest from record r
     where r.township = p_township and r.written_by >= v_next and r.written_by > v_at.swept_to
     order by r.written_by desc limit 1;
    v_at.sweeping := v_at.sweeping or v_newest is not null;

    with found as materialized (
        select o.written_by, o.kind, o.key from record o
          left join lateral (select true as known from leaf l
                              where l.township = p_township and l.kind = o.kind and l.key = o.key
                              limit 1) sealed on true
         where o.township = p_township
           and o.written_by >= case when v_at.sweeping then v_at.swept_to else v_at.sealed_to end
           and (o.written_by < v_oldest or (v_at.sweeping and o.written_by >= v_next))
           and sealed.known is null
         order by o.written_by, o.kind collate "C", o.key collate "C" limit p_limit),
    appended as (
        insert into leaf (township, position, kind, key)
        select p_township,
               v_old + row_number() over (order by f.written_by, f.kind collate "C", f.key collate "C") - 1,
               f.kind, f.key
          from found f
         where case f.kind when 'transaction' then content_matches(p_township, f.key::uuid) else true end
        returning 1)
    select (select count(*) from found), (select max(written_by) from found), (select count(*) from appended)
      into v_found, v_last, v_new;
    if v_at.sweeping then
        v_at.sweeping := v_found = p_limit;
        v_at.swept_to := case when v_at.sweeping then v_last else greatest(v_newest, v_at.swept_to) end;
    else
        v_at.sealed_to := coalesce(v_last, v_at.sealed_to);
    end if;
    v_new := v_old + v_new;
    v_at.size := v_new;
    insert into sealing as s select v_at.*
    on conflict (township) do update
       set (server, size, sealed_to, swept_to, sweeping)
         = (excluded.server, excluded.size, excluded.sealed_to, excluded.swept_to, excluded.sweeping)
     -- A step that finds nothing writes nothing.
     where s is distinct from excluded;
    if v_new = v_old then
        return v_old;
    end if;

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
