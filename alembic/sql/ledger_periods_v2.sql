-- Close the books until a moment: nothing is effective before it from now on. The closing waits for the batches
-- under way and is over at once; `ledger.checkpoint` then sums up in its own time.
-- Returns ok, exists (closed that far already), not-over (the period goes on by the caller's clock).
create or replace function ledger.close_period(p_township integer, p_until timestamptz, p_person text,
                                               p_reason text, p_now timestamptz)
returns text language plpgsql security definer set search_path = ledger, pg_temp
-- Planned for its moments, so that only what was recorded around them is read.
set plan_cache_mode = force_custom_plan as $$
begin
    if p_until > p_now then
        return 'not-over';
    end if;
    perform pg_advisory_xact_lock(hashtext('ledger.period'), p_township);
    if exists (select from period_closing c where c.township = p_township and c.until >= p_until) then
        return 'exists';
    end if;
    insert into period_closing (township, until, closed_at, person, reason)
    -- Not before anything that was recorded until now, by whatever clock.
    select p_township, p_until, greatest(p_now, max(t.recorded_at)), p_person, p_reason
      from transaction t where t.township = p_township and t.recorded_at > p_now;
    return 'ok';
end $$;

-- Posted balances at the end of a closed period, for the accounts that moved since the checkpoint before; a second
-- call changes nothing. Returns how many were written.
create or replace function ledger.checkpoint(p_township integer, p_until timestamptz)
returns integer language plpgsql security definer set search_path = ledger, pg_temp
set plan_cache_mode = force_custom_plan as $$
declare
    v_before timestamptz;
    v_written integer;
begin
    if not exists (select from period_closing p where (p.township, p.until) = (p_township, p_until)) then
        return 0;
    end if;
    select coalesce(max(k.until), '-infinity') into v_before
      from checkpoint k where k.township = p_township and k.until < p_until;
    insert into checkpoint (township, account, until, posted)
    select p_township, m.account, p_until, coalesce(c.posted, 0) + m.moved
      from (select e.account, sum(e.amount) as moved
              from entry e
              join transaction t on t.township = e.township and t.id = e.transaction
             where e.township = p_township and not e.pending and t.effective_at < p_until
               and t.effective_at >= v_before
               -- Nothing takes effect later than it was recorded, and an entry is as old as its transaction.
               and e.recorded_at >= v_before and t.recorded_at >= v_before
             group by e.account) m
      left join lateral (select k.posted from checkpoint k
                          where k.township = p_township and k.account = m.account and k.until < p_until
                          order by k.until desc limit 1) c on true
    on conflict do nothing;
    get diagnostics v_written = row_count;
    return v_written;
end $$;

-- Balances as of a moment: by when things happened (`effective`) or by when they were written down
-- (`recorded`). The moment itself belongs to it. From the last checkpoint on, so that the cost doesn't grow with
-- history. What is pending is told only of accounts with a limit.
-- What was recorded after a closing took effect after it too, and everything took effect by when it was recorded:
-- a transaction is asked when it took effect only where neither settles whether it counts.
create or replace function ledger.balances_at(p_township integer, p_accounts uuid[], p_at timestamptz,
                                              p_timeline text)
returns table (account uuid, posted bigint, reserved bigint, expected bigint)
language sql stable set search_path = ledger, pg_temp as $$
    select a.id, coalesce(c.posted, 0) + coalesce(m.posted, 0)::bigint, coalesce(w.reserved, 0)::bigint,
           coalesce(w.expected, 0)::bigint
      from unnest(p_accounts) as a(id)
      left join lateral (
            select k.until, p.closed_at, k.posted from checkpoint k
              join period_closing p on p.township = k.township and p.until = k.until
             where k.township = p_township and k.account = a.id
               and case p_timeline when 'recorded' then p.closed_at else p.until end <= p_at
             order by k.until desc limit 1) c on true
      left join lateral (
            select sum(o.amount) as posted
              from (select e.amount
                      from entry e
                     where e.township = p_township and e.account = a.id and not e.pending
                       and e.recorded_at > coalesce(c.closed_at, '-infinity') and e.recorded_at <= p_at
                    union all
                    select e.amount
                      from entry e
                      -- The limit keeps this a look-up by key, whatever the planner thinks of the tables' sizes.
                     cross join lateral (select x.effective_at from transaction x
                                          where x.township = e.township and x.id = e.transaction limit 1) t
                     where e.township = p_township and e.account = a.id and not e.pending
                       and e.recorded_at between c.until and c.closed_at
                       and t.effective_at >= c.until and t.effective_at <= p_at
                    union all
                    select e.amount
                      from entry e
                     cross join lateral (select x.effective_at from transaction x
                                          where x.township = e.township and x.id = e.transaction limit 1) t
                     where e.township = p_township and e.account = a.id and not e.pending
                       and p_timeline = 'effective' and e.recorded_at > greatest(c.closed_at, p_at)
                       and t.effective_at <= p_at) o) m on true
      left join account l on l.township = p_township and l.id = a.id and l.minimum is not null
      left join lateral (
            select sum(-e.amount) filter (where e.amount < 0) as reserved,
                   sum(e.amount) filter (where e.amount > 0) as expected
              from entry e
             cross join lateral (select x.township, x.id, x.effective_at, x.recorded_at from transaction x
                                  where x.township = e.township and x.id = e.transaction limit 1) t
             where e.township = p_township and e.account = l.id and e.pending
               and case p_timeline when 'recorded' then t.recorded_at else t.effective_at end <= p_at
               and not exists (
                   select from settlement s
                    where s.township = t.township and s.target = t.id
                      and case p_timeline when 'recorded' then s.recorded_at else s.effective_at end <= p_at)
           ) w on true
$$;
