-- Keeps the balances of these accounts as they are until the caller's transaction ends, and gives those of
-- accounts that aren't closed, for whoever has to read before it knows what to post. The order of locks is that
-- of `ledger.post`, so the two can't deadlock.
create function ledger.lock_balances(p_township integer, p_accounts uuid[])
returns table (account uuid, posted bigint, reserved bigint, expected bigint)
language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
    perform pg_advisory_xact_lock_shared(hashtext('ledger.period'), p_township);
    return query
        select b.account, b.posted, b.reserved, b.expected
          from (select b.account, b.posted, b.reserved, b.expected from balance b
                 where b.township = p_township and b.account = any (p_accounts)
                 order by b.account for no key update) b
         where not exists (select from account_closing c
                            where (c.township, c.account) = (p_township, b.account));
end $$;
revoke all on function ledger.lock_balances from public;
grant execute on function ledger.lock_balances to jimei_app;
