-- Balances as of a moment: by when things happened (`effective`) or by when they were written down
-- (`recorded`). The moment itself belongs to it. From the last checkpoint on, so that the cost doesn't grow with
-- history. What is pending is told only of accounts with a limit; one without may add up to more than a bigint
-- holds.
-- What was recorded after a closing took effect after it too, and everything took effect by when it was recorded:
-- a transaction is asked when it took effect only where neither settles whether it counts.
create function ledger.balances_at(p_township integer, p_accounts uuid[], p_at timestamptz,
                                   p_timeline text)
returns table (account uuid, posted numeric, reserved numeric, expected numeric)
language sql stable set search_path = ledger, pg_temp as $$
    select a.id, coalesce(c.posted, 0) + coalesce(m.posted, 0), coalesce(w.reserved, 0), coalesce(w.expected, 0)
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
revoke all on function ledger.balances_at from public;
grant execute on function ledger.balances_at to jimei_app;
