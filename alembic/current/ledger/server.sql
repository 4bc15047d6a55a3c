-- This database on this server, whose transactions `written_by` counts; a dump that is restored is in another one.
create function ledger.server() returns text language sql stable set search_path = pg_catalog, pg_temp as $$
    select concat(c.system_identifier, '/', d.oid)
      from pg_control_system() c, pg_database d where d.datname = current_database()
$$;
revoke all on function ledger.server from public;
grant execute on function ledger.server to jimei_app;
