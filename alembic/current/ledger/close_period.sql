-- Close the books until a moment: nothing is effective before it from now on. The closing waits for the batches
-- under way and is over at once; `ledger.checkpoint` then sums up in its own time.
-- Returns ok, exists (closed that far already), not-over (the period goes on by the caller's clock).
create function ledger.close_period(p_township integer, p_until timestamptz, p_person text,
                                    p_reason text, p_now timestamptz)
returns text language plpgsql security definer set search_path = ledger, pg_temp
-- Planned for its moments, so that only what was recorded around them is read.
set plan_cache_mode = force_custom_plan as $$
begin
    if p_until > p_now then
        return 'not-over';
    end if;
    perform pg_advisory_xact_lock(hashtext('ledger.period'), p_township);
    if exists (select from period_closing c where c.township = p_township and c.until >= p_until) then
        return 'exists';
    end if;
    insert into period_closing (township, until, closed_at, person, reason)
    -- Not before anything that was recorded until now, by whatever clock.
    select p_township, p_until, greatest(p_now, max(t.recorded_at)), p_person, p_reason
      from transaction t where t.township = p_township and t.recorded_at > p_now;
    return 'ok';
end $$;
revoke all on function ledger.close_period from public;
grant execute on function ledger.close_period to jimei_app;
