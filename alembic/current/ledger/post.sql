-- The one write path of the books: a batch of transactions for one township, each judged on its own and
-- answered with a status; a bad one never fails the rest of its batch. Balances are locked once, in the order of
-- their ids, so batches can't deadlock over them.
--
-- p_items: [{id, kind, phase, target, person, reason, effective_at, expires_at, metadata,
--            transfers: [{debit, credit, unit, amount}]}]
-- phase:   posted    moves at once
--          pending   reserves until it is posted or voided, or expires
--          post      moves what `target` reserved; with transfers of its own a part, and releases the rest
--          void      releases what `target` reserved
--          reversal  moves back what of `target` wasn't moved back yet; with transfers of its own a part
-- status:  ok, exists (same id, same content), conflict (same id, other content), malformed,
--          unknown-account, closed, insufficient (detail: account, missing), overflow (detail: account; a balance
--          is a bigint, and what is expected has to find room in it), unknown-target,
--          already-settled, already-reversed, exceeds-target (detail: missing), expired
-- time:    an effective moment in a closed period becomes the first open one, and the transaction keeps what
--          was asked for in `deferred_from`. Recording is never earlier than the last closing, whatever the
--          caller's clock says.
create function ledger.post(p_township integer, p_items jsonb, p_now timestamptz)
returns table (item integer, status text, detail jsonb)
language plpgsql security definer set search_path = ledger, pg_temp
-- A batch runs each statement many times: planning it anew each time costs more than running it.
set plan_cache_mode = force_generic_plan as $$
declare
    v_open_from timestamptz; v_now timestamptz;
begin
    -- A closing waits for the batches under way, and the next batches for the closing.
    perform pg_advisory_xact_lock_shared(hashtext('ledger.period'), p_township);
    select max(c.until) into v_open_from from period_closing c where c.township = p_township;
    v_now := greatest(p_now, v_open_from);
    if not p_items @? '$[*] ? (!(@.phase == "posted" || @.phase == "pending"))' then
        return query select * from post_together(p_township, p_items, v_now, v_open_from);
        if found then
            return;
        end if;
    end if;
    return query select * from post_one_by_one(p_township, p_items, v_now, v_open_from);
end $$;
revoke all on function ledger.post from public;
grant execute on function ledger.post to jimei_app;
