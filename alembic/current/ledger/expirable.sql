-- What of each account was earned before each cutoff and isn't used yet, first in, first out: earned before it
-- less everything spent or expired until now, never more than what is available. That is what there is now less
-- what was earned since the cutoff, so nothing older is read, however long the books are.
-- What a correction takes back of an award was never earned; what it gives back of a spending was never spent, and
-- keeps its age. What waits in escrow counts as spent meanwhile, and keeps its age too when it comes back.
-- p_cutoffs: ascending. Whatever is looked up by key has a limit, an array or a sum of its own, so that it stays a
-- look-up by key whatever the planner thinks of the sizes.
create function ledger.expirable(p_township integer, p_accounts uuid[], p_cutoffs timestamptz[])
returns table (account uuid, cutoff timestamptz, amount bigint)
language sql stable set search_path = ledger, pg_temp as $$
    select b.account, k.cutoff, greatest(least(b.posted - k.later, b.posted - b.reserved - b.minimum), 0)::bigint
      from unnest(p_accounts) as a(id)
      join balance b on b.township = p_township and b.account = a.id
     cross join lateral (
            select c.cutoff, coalesce(sum(e.amount) filter (where e.since >= c.n), 0) as later
              from unnest(p_cutoffs) with ordinality as c(cutoff, n)
              -- By how many cutoffs are no later: what counts before any of them has 0.
              left join (
                    select width_bucket(t.effective_at, p_cutoffs) as since,
                           case when t.phase = 'reversal' or starts_with(d.name, 'escrow:') then 0
                                else f.amount end as amount
                      from transfer f
                     cross join lateral (select x.phase, x.effective_at from transaction x
                                          where x.township = f.township and x.id = f.transaction limit 1) t
                     cross join lateral (select x.name from account x
                                          where x.township = f.township and x.id = f.debit limit 1) d
                     where f.township = p_township and f.credit = b.account and not f.pending
                       -- Nothing is effective later than it was recorded.
                       and f.recorded_at >= p_cutoffs[1] and b.posted - b.reserved > b.minimum
                    union all
                    select width_bucket(t.effective_at, p_cutoffs), -back.amount
                      from (select distinct f.transaction as id from transfer f
                             where f.township = p_township and f.credit = b.account and not f.pending
                               and f.recorded_at >= p_cutoffs[1] and b.posted - b.reserved > b.minimum) o
                     cross join lateral (select x.effective_at from transaction x
                                          where x.township = p_township and x.id = o.id limit 1) t
                     cross join lateral (select array(select x.id from transaction x
                                                       where x.township = p_township and x.target = o.id
                                                         and x.phase = 'reversal') as ids) r
                     cross join lateral (select coalesce(sum(g.amount), 0) as amount from transfer g
                                          where g.township = p_township and g.transaction = any (r.ids)
                                            and g.debit = b.account and not g.pending) back) e on true
             group by c.n, c.cutoff) k
$$;
revoke all on function ledger.expirable from public;
grant execute on function ledger.expirable to jimei_app;
