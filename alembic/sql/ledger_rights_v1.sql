-- The application reads the books and calls their functions; it has no right to write to them.
do $$ begin
    if not exists (select from pg_roles where rolname = 'jimei_app') then
        create role jimei_app nologin;
    end if;
    -- On a database of one's own the owner steps down to this role in each connection.
    if not pg_has_role(current_user, 'jimei_app', 'member') then
        execute format('grant jimei_app to %I', current_user);
    end if;
end $$;
revoke all on all functions in schema ledger from public;
grant usage on schema ledger to jimei_app;
grant select on all tables in schema ledger to jimei_app;
grant execute on all functions in schema ledger to jimei_app;
