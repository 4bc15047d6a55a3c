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
revoke all on function ledger.expiring from public;
grant execute on function ledger.expiring to jimei_app;
