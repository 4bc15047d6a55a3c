-- Keeps the balances of these accounts as they are until the caller's transaction ends, for whoever has to read
-- before it knows what to post. The order of locks is that of `ledger.post`, so the two can't deadlock.
create function ledger.lock_balances(p_township integer, p_accounts uuid[])
returns void language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
    perform pg_advisory_xact_lock_shared(hashtext('ledger.period'), p_township);
    perform from balance b where b.township = p_township and b.account = any (p_accounts)
      order by b.account for no key update;
end $$;
