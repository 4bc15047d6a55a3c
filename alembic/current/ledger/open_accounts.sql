-- Opening is idempotent: an account that is there already, with the same name, unit and minimum, stays.
-- Rows are written in the order of their keys, so that two callers can't deadlock over them.
-- p_accounts: [{id, name, unit, kind, minimum}]; returns how many were new.
create function ledger.open_accounts(p_township integer, p_accounts jsonb, p_now timestamptz)
returns integer language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
    v_opened integer;
begin
    insert into unit (township, code, kind)
    select distinct p_township, a ->> 'unit', a ->> 'kind' from jsonb_array_elements(p_accounts) a
     order by 2
    on conflict do nothing;

    insert into account (township, id, name, unit, minimum, opened_at)
    select p_township, (a ->> 'id')::uuid, a ->> 'name', a ->> 'unit', (a ->> 'minimum')::bigint, p_now
      from jsonb_array_elements(p_accounts) a order by 2
    on conflict (township, id) do nothing;
    get diagnostics v_opened = row_count;

    if exists (select from jsonb_array_elements(p_accounts) a
                 join account o on o.township = p_township and o.id = (a ->> 'id')::uuid
                 join unit u on u.township = p_township and u.code = o.unit
                where (o.name, o.unit, u.kind) <> (a ->> 'name', a ->> 'unit', a ->> 'kind')
                   or o.minimum is distinct from (a ->> 'minimum')::bigint) then
        raise exception 'account is open already with another name, unit, kind or minimum'
            using errcode = 'integrity_constraint_violation';
    end if;

    insert into balance (township, account, minimum)
    select p_township, o.id, o.minimum from jsonb_array_elements(p_accounts) a
      join account o on o.township = p_township and o.id = (a ->> 'id')::uuid
     where o.minimum is not null
    on conflict do nothing;
    return v_opened;
end $$;
revoke all on function ledger.open_accounts from public;
grant execute on function ledger.open_accounts to jimei_app;
