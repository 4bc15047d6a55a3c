-- Books redemptions and writes their receipts: all of them, or none where something has changed since they were
-- decided. Each receipt gets the balance right after it.
--
-- p_kiosks, p_epochs, p_shifts: what still has to be open; empty for sales that a journal reports later
-- p_redemptions: [{id, supermarket, kiosk, attendant, household, collector, request, receipt, leased, shift, points,
--                  own, code, identification}]
-- own, code:     the household's account and code; the receipt shows what is there and what kiosks hold
-- JM001:         stale; the detail has what the books refused, if they did: {status, account, missing}
create function redeem_batch(p_township integer, p_kiosks uuid[], p_epochs integer[], p_shifts uuid[],
                                p_ids uuid[], p_transactions jsonb, p_redemptions json, p_now timestamptz)
returns table (redemption uuid, balance bigint)
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    v_enrolled integer;
    v_refused record;
begin
    -- Until the transaction ends, the kiosks' journals aren't settled and their enrolments aren't ended.
    perform from unnest(p_kiosks, p_epochs) as at(kiosk, epoch)
     cross join lateral (select from kiosk_enrolment e
                          where (e.township, e.kiosk, e.epoch) = (p_township, at.kiosk, at.epoch)
                            and e.ended_at is null limit 1 for share skip locked) e;
    get diagnostics v_enrolled = row_count;
    if v_enrolled < cardinality(p_kiosks) then
        return;
    end if;
    select p.status, p.detail into v_refused from ledger.post(p_township, p_transactions, p_now) p
     where p.status <> 'ok' order by p.item limit 1;
    if found then
        raise exception 'stale batch' using errcode = 'JM001',
            detail = (coalesce(v_refused.detail, '{}') || jsonb_build_object('status', v_refused.status))::text;
    end if;
    -- A journal may have voided one or closed a shift while the books waited: a later statement sees that.
    if exists (select from redemption_void v where v.township = p_township and v.id = any (p_ids))
       or exists (select from shift s
                   where s.township = p_township and s.id = any (p_shifts) and s.closed_at is not null) then
        raise exception 'stale batch' using errcode = 'JM001';
    end if;
    return query
        with computed as materialized (
            select t.*, own.left + coalesce(held.left, 0)
                        + coalesce(sum(t.points) over (
                              partition by t.own order by t.n
                              rows between 1 following and unbounded following), 0) as balance
              from rows from (json_to_recordset(p_redemptions) as (
                       id uuid, supermarket text, kiosk uuid, attendant uuid, household uuid, collector uuid,
                       request text, receipt jsonb, leased bigint, shift uuid, points bigint, own uuid, code text,
                       identification uuid))
                   with ordinality as t(id, supermarket, kiosk, attendant, household, collector, request, receipt,
                                        leased, shift, points, own, code, identification, n)
             cross join lateral (select b.posted - b.reserved as left from ledger.balance b
                                  where (b.township, b.account) = (p_township, t.own) limit 1) own
             cross join lateral (
                select sum(b.left) as left from lease l
                 cross join lateral (select a.id from ledger.account a
                                      where (a.township, a.name) = (p_township, concat('escrow:', t.code, ':',
                                            replace(l.kiosk::text, '-', ''), ':', l.epoch)) limit 1) a
                 cross join lateral (select b.posted - b.reserved as left from ledger.balance b
                                      where (b.township, b.account) = (p_township, a.id) limit 1) b
                 where (l.township, l.household) = (p_township, t.household)) held),
        recorded as (
            insert into redemption (township, id, supermarket, kiosk, attendant, household, collector, request,
                                    receipt, recorded_at, leased, shift, identification)
            select p_township, t.id, t.supermarket, t.kiosk, t.attendant, t.household, t.collector,
                   decode(t.request, 'hex'), t.receipt || jsonb_build_object('balance', t.balance), p_now, t.leased,
                   t.shift, t.identification
              from computed t)
        select t.id, t.balance::bigint from computed t;
end $$;
revoke all on function redeem_batch from public;
grant execute on function redeem_batch to jimei_app;
