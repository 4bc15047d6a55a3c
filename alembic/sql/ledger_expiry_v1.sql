-- Keep an expiry policy. Returns ok, exists (the same one is there), conflict (another one begins that day).
create function ledger.adopt_expiry(p_township integer, p_unit text, p_effective_on date, p_kind text,
                                    p_months integer, p_person text, p_reason text, p_now timestamptz)
returns text language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
    insert into expiry_policy (township, unit, effective_on, kind, months, person, reason, adopted_at)
    values (p_township, p_unit, p_effective_on, p_kind, p_months, p_person, p_reason, p_now)
    on conflict do nothing;
    if found then
        return 'ok';
    end if;
    perform from expiry_policy e
      where (e.township, e.unit, e.effective_on) = (p_township, p_unit, p_effective_on)
        and (e.kind, e.person, e.reason) = (p_kind, p_person, p_reason)
        and e.months is not distinct from p_months;
    return case when found then 'exists' else 'conflict' end;
end $$;

-- What of each account was earned before each cutoff and isn't used yet, first in, first out: earned before it
-- less everything spent or expired until now, never more than what is available. What a correction takes back
-- of an award was never earned; what it gives back of a spending was never spent, and keeps its age.
-- p_cutoffs: ascending. Reads the accounts' entries once, however many cutoffs.
create function ledger.expirable(p_township integer, p_accounts uuid[], p_cutoffs timestamptz[])
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
                      from (select case t.phase when 'reversal' then 0
                                   else width_bucket(t.effective_at, p_cutoffs) end as since, f.amount
                              from transfer f
                             -- The limit keeps this a look-up by key, whatever the planner thinks of the sizes.
                             cross join lateral (select x.phase, x.effective_at from transaction x
                                                  where x.township = f.township and x.id = f.transaction
                                                  limit 1) t
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

-- The next accounts of a unit, in the order of their ids, with what of each was earned before the cutoff and isn't
-- used: of the open accounts with a limit whose names begin with the prefix.
create function ledger.expiring(p_township integer, p_unit text, p_prefix text, p_cutoff timestamptz,
                                p_after uuid, p_limit integer)
returns table (account uuid, amount bigint)
language sql stable set search_path = ledger, pg_temp as $$
    select e.account, e.amount
      from expirable(p_township, array(
               select a.id from account a
                where a.township = p_township and a.unit = p_unit and a.minimum is not null
                  and starts_with(a.name, p_prefix)
                  and a.id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
                  and not exists (select from account_closing c
                                   where c.township = a.township and c.account = a.id)
                order by a.id limit p_limit), array[p_cutoff]) e
     order by e.account
$$;
