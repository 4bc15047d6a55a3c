-- Closing stops every later transfer; returns false when the account is unknown or closed already.
create function ledger.close_account(p_township integer, p_account uuid, p_person text, p_reason text,
                                     p_now timestamptz)
returns boolean language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
    -- A batch that is posting to the account right now finishes first.
    perform from balance b where b.township = p_township and b.account = p_account for no key update;
    insert into account_closing (township, account, closed_at, person, reason)
    select p_township, a.id, p_now, p_person, p_reason from account a
     where a.township = p_township and a.id = p_account
    on conflict do nothing;
    return found;
end $$;
revoke all on function ledger.close_account from public;
grant execute on function ledger.close_account to jimei_app;
