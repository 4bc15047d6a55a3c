-- The first transaction of this server whose records nobody can see yet: no `written_by` of its own is so high.
create function ledger.next_writer() returns bigint language sql stable set search_path = pg_catalog, pg_temp as $$
    select greatest(pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
                    pg_current_xact_id_if_assigned()::text::bigint + 1)
$$;
revoke all on function ledger.next_writer from public;
grant execute on function ledger.next_writer to jimei_app;
