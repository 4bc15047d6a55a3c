-- Posted balances at the end of a closed period, for the accounts that moved since the checkpoint before; a second
-- call changes nothing. Returns how many were written.
create function ledger.checkpoint(p_township integer, p_until timestamptz)
returns integer language plpgsql security definer set search_path = ledger, pg_temp
set plan_cache_mode = force_custom_plan as $$
declare
    v_before timestamptz;
    v_written integer;
begin
    if not exists (select from period_closing p where (p.township, p.until) = (p_township, p_until)) then
        return 0;
    end if;
    select coalesce(max(k.until), '-infinity') into v_before
      from checkpoint k where k.township = p_township and k.until < p_until;
    insert into checkpoint (township, account, until, posted)
    select p_township, m.account, p_until, coalesce(c.posted, 0) + m.moved
      from (select e.account, sum(e.amount) as moved
              from entry e
              join transaction t on t.township = e.township and t.id = e.transaction
             where e.township = p_township and not e.pending and t.effective_at < p_until
               and t.effective_at >= v_before
               -- Nothing takes effect later than it was recorded, and an entry is as old as its transaction.
               and e.recorded_at >= v_before and t.recorded_at >= v_before
             group by e.account) m
      left join lateral (select k.posted from checkpoint k
                          where k.township = p_township and k.account = m.account and k.until < p_until
                          order by k.until desc limit 1) c on true
    on conflict do nothing;
    get diagnostics v_written = row_count;
    return v_written;
end $$;
revoke all on function ledger.checkpoint from public;
grant execute on function ledger.checkpoint to jimei_app;
