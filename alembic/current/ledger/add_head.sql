-- A signed head of the tree; returns false where that second has one already, or the tree isn't that large.
create function ledger.add_head(p_township integer, p_size bigint, p_note text, p_signed_at timestamptz)
returns boolean language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
    insert into tree_head (township, size, note, signed_at)
    select p_township, p_size, p_note, p_signed_at
     where p_size = 0 or exists (select from leaf l where l.township = p_township and l.position = p_size - 1)
    on conflict do nothing;
    return found;
end $$;
revoke all on function ledger.add_head from public;
grant execute on function ledger.add_head to jimei_app;
