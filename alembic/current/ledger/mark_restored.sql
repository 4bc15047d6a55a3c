-- The books have gone back to a backup: the tree was as large as it is now, and the heads of `p_key` end with it.
-- Marking it again changes nothing; returns whether it is new. The tree stays as it was told until it is marked.
create function ledger.mark_restored(p_township integer, p_id uuid, p_backup_at timestamptz, p_size bigint,
                                     p_root bytea, p_key text, p_person text, p_reason text, p_now timestamptz)
returns boolean language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
    -- No sealer adds to the tree meanwhile, or signs.
    perform pg_advisory_xact_lock(hashtext('ledger.seal'), p_township);
    insert into restore (township, id, backup_at, restored_at, size, root, key, person, reason)
    select p_township, p_id, p_backup_at, greatest(p_now, p_backup_at), p_size, p_root, p_key, p_person, p_reason
     where p_size = (select coalesce(max(l.position) + 1, 0) from leaf l where l.township = p_township)
    on conflict do nothing;
    return found;
end $$;
revoke all on function ledger.mark_restored from public;
grant execute on function ledger.mark_restored to jimei_app;
