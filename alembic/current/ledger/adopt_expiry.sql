-- Keep an expiry policy. Returns ok, exists (the same one is there), conflict (another one begins that day).
create function ledger.adopt_expiry(p_township integer, p_unit text, p_effective_on date, p_kind text,
                                    p_months integer, p_person text, p_reason text, p_now timestamptz)
returns text language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
    insert into expiry_policy (township, unit, effective_on, kind, months, person, reason, adopted_at)
    values (p_township, p_unit, p_effective_on, p_kind, p_months, p_person, p_reason, p_now)
    on conflict do nothing;
    if found then
        return 'ok';
    end if;
    perform from expiry_policy e
      where (e.township, e.unit, e.effective_on) = (p_township, p_unit, p_effective_on)
        and (e.kind, e.person, e.reason) = (p_kind, p_person, p_reason)
        and e.months is not distinct from p_months;
    return case when found then 'exists' else 'conflict' end;
end $$;
revoke all on function ledger.adopt_expiry from public;
grant execute on function ledger.adopt_expiry to jimei_app;
