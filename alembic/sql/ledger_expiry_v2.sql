-- What of each account was earned before each cutoff and isn't used yet, first in, first out: earned before it
-- less everything spent or expired until now, never more than what is available. What a correction takes back
-- of an award was never earned; what it gives back of a spending was never spent, and keeps its age. What waits in
-- escrow counts as spent meanwhile, and keeps its age too when it comes back.
-- p_cutoffs: ascending. Reads the accounts' entries once, however many cutoffs.
create or replace function ledger.expirable(p_township integer, p_accounts uuid[], p_cutoffs timestamptz[])
returns table (account uuid, cutoff timestamptz, amount bigint)
language sql stable set search_path = ledger, pg_temp as $$
    select b.account, k.cutoff, greatest(least(k.unused, b.posted - b.reserved - b.minimum), 0)::bigint
      from unnest(p_accounts) as a(id)
      join balance b on b.township = p_township and b.account = a.id
     cross join lateral (
            select c.cutoff, coalesce(sum(m.amount) filter (where m.since < c.n), 0) as unused
              from unnest(p_cutoffs) with ordinality as c(cutoff, n)
              -- By how many cutoffs are no later: what counts before any of them has 0.
              left join (
                    select e.since, sum(e.amount) as amount
                      from (select case when t.phase = 'reversal' or starts_with(d.name, 'escrow:') then 0
                                   else width_bucket(t.effective_at, p_cutoffs) end as since, f.amount
                              from transfer f
                             -- The limit keeps this a look-up by key, whatever the planner thinks of the sizes.
                             cross join lateral (select x.phase, x.effective_at from transaction x
                                                  where x.township = f.township and x.id = f.transaction
                                                  limit 1) t
                             cross join lateral (select x.name from account x
                                                  where x.township = f.township and x.id = f.debit limit 1) d
                             where f.township = p_township and f.credit = b.account and not f.pending
                            union all
                            select case t.phase when 'reversal' then width_bucket(o.effective_at, p_cutoffs)
                                   else 0 end, -f.amount
                              from transfer f
                             cross join lateral (select x.phase, x.target from transaction x
                                                  where x.township = f.township and x.id = f.transaction
                                                  limit 1) t
                              left join lateral (select x.effective_at from transaction x
                                                  where x.township = f.township and x.id = t.target
                                                    and t.phase = 'reversal' limit 1) o on true
                             where f.township = p_township and f.debit = b.account and not f.pending) e
                     where b.posted - b.reserved > b.minimum
                     group by e.since) m on true
             group by c.n, c.cutoff) k
$$;
