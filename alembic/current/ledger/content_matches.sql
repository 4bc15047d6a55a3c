-- Whether a transaction's rows are what its caller asked for, by the digest made when it was written. An
-- effective moment that was left out is the moment of recording; a settlement without transfers of its own
-- moves all that was left.
create function ledger.content_matches(p_township integer, p_id uuid)
returns boolean language plpgsql stable set search_path = ledger, pg_temp
set plan_cache_mode = force_generic_plan as $$
declare
    x ledger.transaction;
    v_unit text[]; v_debit uuid[]; v_credit uuid[]; v_amount numeric[];
    v_asked timestamptz;
begin
    select t.* into x from transaction t where t.township = p_township and t.id = p_id;
    if not found then
        return false;
    end if;
    select array_agg(f.unit order by f.ordinal), array_agg(f.debit order by f.ordinal),
           array_agg(f.credit order by f.ordinal), array_agg(f.amount::numeric order by f.ordinal)
      into v_unit, v_debit, v_credit, v_amount
      from transfer f where f.township = p_township and f.transaction = p_id;

    foreach v_asked in array case when x.deferred_from is not null then array[x.deferred_from]
                                  when x.effective_at = x.recorded_at then array[null, x.effective_at]
                                  else array[x.effective_at] end loop
        if x.content = content(x.id, x.kind, x.phase, x.target, x.person, x.reason, v_asked, x.expires_at,
                               x.metadata, v_unit, v_debit, v_credit, v_amount) then
            return true;
        elsif x.phase in ('post', 'reversal')
              and x.content = content(x.id, x.kind, x.phase, x.target, x.person, x.reason, v_asked,
                                      x.expires_at, x.metadata, null, null, null, null) then
            return not exists (
                select from (
                    select f.unit, f.debit, f.credit, f.amount::numeric
                      from transfer f where f.township = p_township and f.transaction = x.target
                    union all
                    select f.unit, f.debit, f.credit, -f.amount::numeric
                      from transfer f
                     where f.township = p_township and f.transaction = p_id and x.phase = 'post'
                    union all
                    select f.unit, f.credit, f.debit, -f.amount::numeric
                      from transaction s
                      join transfer f on f.township = s.township and f.transaction = s.id
                     where s.township = p_township and s.target = x.target and s.phase = 'reversal'
                       and x.phase = 'reversal') o
                 group by unit, debit, credit having sum(amount) <> 0);
        end if;
    end loop;
    return false;
end $$;
revoke all on function ledger.content_matches from public;
grant execute on function ledger.content_matches to jimei_app;
