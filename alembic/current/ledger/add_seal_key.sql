-- A key that heads are signed with from now on; adding it again changes nothing.
create function ledger.add_seal_key(p_township integer, p_key text, p_now timestamptz)
returns void language sql security definer set search_path = ledger, pg_temp as $$
    insert into seal_key (township, key, added_at) values (p_township, p_key, p_now) on conflict do nothing
$$;
revoke all on function ledger.add_seal_key from public;
grant execute on function ledger.add_seal_key to jimei_app;
