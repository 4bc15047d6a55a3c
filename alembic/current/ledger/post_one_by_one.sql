-- Any batch, each transaction after the one before it.
create function ledger.post_one_by_one(p_township integer, p_items jsonb, p_now timestamptz,
                                       p_open_from timestamptz)
returns table (item integer, status text, detail jsonb)
language plpgsql as $$
declare
    v_item record;
    v_target ledger.transaction;
    v_content bytea;
    v_known bytea;
    v_unit text[]; v_debit uuid[]; v_credit uuid[]; v_amount numeric[];
    v_account uuid[]; v_posted bigint[]; v_reserved bigint[]; v_expected bigint[];
    -- What is left of the target.
    v_left_unit text[]; v_left_debit uuid[]; v_left_credit uuid[]; v_left_amount numeric[];
    v_moving boolean; v_pending boolean; v_settles boolean; v_excess numeric;
begin
    -- Two parts of one reversal are judged one after the other.
    perform from transaction t
      where t.township = p_township and t.id in (
        select (i ->> 'target')::uuid from jsonb_array_elements(p_items) i where i ->> 'phase' = 'reversal')
      order by t.id for no key update;
    perform from balance b
      where b.township = p_township and b.account in (
        select unnest(array[(t ->> 'debit')::uuid, (t ->> 'credit')::uuid])
          from jsonb_array_elements(p_items) i, jsonb_array_elements(i -> 'transfers') t
        union
        select unnest(array[f.debit, f.credit])
          from jsonb_array_elements(p_items) i
          join transfer f on f.township = p_township and f.transaction = (i ->> 'target')::uuid)
      order by b.account for no key update;

    for v_item in
        select (n - 1)::integer as position, (i ->> 'id')::uuid as id, i ->> 'kind' as kind,
               i ->> 'phase' as phase, (i ->> 'target')::uuid as target, i ->> 'person' as person,
               i ->> 'reason' as reason, (i ->> 'effective_at')::timestamptz as effective_at,
               (i ->> 'expires_at')::timestamptz as expires_at, i -> 'metadata' as metadata,
               i -> 'transfers' as transfers
          from jsonb_array_elements(p_items) with ordinality as e(i, n) order by n
    loop
        item := v_item.position; detail := '{}';

        select array_agg(t ->> 'unit' order by n), array_agg((t ->> 'debit')::uuid order by n),
               array_agg((t ->> 'credit')::uuid order by n), array_agg((t ->> 'amount')::numeric order by n)
          into v_unit, v_debit, v_credit, v_amount
          from jsonb_array_elements(v_item.transfers) with ordinality as e(t, n);
        v_content := content(v_item.id, v_item.kind, v_item.phase, v_item.target, v_item.person, v_item.reason,
                             v_item.effective_at, v_item.expires_at, v_item.metadata,
                             v_unit, v_debit, v_credit, v_amount);
        select t.content into v_known from transaction t where t.township = p_township and t.id = v_item.id;
        if found then
            status := case when v_known = v_content then 'exists' else 'conflict' end;
            return next; continue;
        end if;

        v_moving := v_unit is not null;
        v_pending := v_item.phase = 'pending';
        v_settles := v_item.phase in ('post', 'void');
        -- The bounds leave the sums of one transaction room within a bigint.
        if not coalesce(v_item.phase in ('posted', 'pending', 'post', 'void', 'reversal'), false)
           or (v_item.phase in ('posted', 'pending')) <> (v_item.target is null)
           or (v_item.phase in ('posted', 'pending') and not v_moving)
           or (v_item.phase = 'void' and v_moving)
           or (v_item.phase = 'reversal' and (v_item.reason = '' or v_item.person = ''))
           or (v_item.expires_at is not null and v_item.phase <> 'pending')
           or v_item.effective_at > p_now
           or cardinality(v_unit) > 5000
           or exists (select from unnest(v_debit, v_credit, v_amount) as m(d, c, a)
                       where a not between 1 and 1e15 or scale(a) > 0 or d = c) then
            status := 'malformed'; return next; continue;
        end if;
        if v_item.phase = 'pending' and v_item.expires_at <= p_now then
            status := 'expired'; return next; continue;
        end if;

        if v_item.target is not null then
            select t.* into v_target from transaction t
             where t.township = p_township and t.id = v_item.target
               and case when v_item.phase = 'reversal' then t.phase in ('posted', 'post')
                        else t.phase = 'pending' end;
            if not found then
                status := 'unknown-target'; return next; continue;
            end if;
            if v_settles and exists (
                   select from transaction t where t.township = p_township and t.target = v_item.target
                      and t.phase in ('post', 'void')) then
                status := 'already-settled'; return next; continue;
            end if;
            if v_item.phase = 'post' and v_target.expires_at <= p_now then
                status := 'expired'; return next; continue;
            end if;
            -- What is left of the target, in the direction in which this moves it.
            select array_agg(r.unit order by r.first), array_agg(r.debit order by r.first),
                   array_agg(r.credit order by r.first), array_agg(r.amount order by r.first)
              into v_left_unit, v_left_debit, v_left_credit, v_left_amount
              from (select o.unit, o.debit, o.credit, min(o.ordinal) as first, sum(o.amount) as amount
                      from (select f.unit, f.ordinal, f.amount::numeric,
                                   case v_item.phase when 'reversal' then f.credit else f.debit end as debit,
                                   case v_item.phase when 'reversal' then f.debit else f.credit end as credit
                              from transfer f
                             where f.township = p_township and f.transaction = v_item.target
                            union all
                            -- Ordinals after those of the target, so that its order stays.
                            select f.unit, 32767, -f.amount::numeric, f.debit, f.credit
                              from transaction t
                              join transfer f on f.township = t.township and f.transaction = t.id
                             where v_item.phase = 'reversal' and t.township = p_township
                               and t.target = v_item.target and t.phase = 'reversal') o
                     group by o.unit, o.debit, o.credit having sum(o.amount) > 0) r;
            if v_left_unit is null then
                status := 'already-reversed'; return next; continue;
            end if;
            if v_moving then
                select max(w.amount - coalesce(l.amount, 0)) into v_excess
                  from (select unit, debit, credit, sum(amount) as amount
                          from unnest(v_unit, v_debit, v_credit, v_amount) as m(unit, debit, credit, amount)
                         group by unit, debit, credit) w
                  left join unnest(v_left_unit, v_left_debit, v_left_credit, v_left_amount)
                         as l(unit, debit, credit, amount)
                    on (l.unit, l.debit, l.credit) = (w.unit, w.debit, w.credit);
                if v_excess > 0 then
                    status := 'exceeds-target'; detail := jsonb_build_object('missing', v_excess);
                    return next; continue;
                end if;
            elsif v_item.phase <> 'void' then
                select v_left_unit, v_left_debit, v_left_credit, v_left_amount
                  into v_unit, v_debit, v_credit, v_amount;
            end if;
        end if;

        select jsonb_build_object('account', m.id) into detail
          from unnest(v_debit || v_credit, v_unit || v_unit) as m(id, unit)
          -- The limit keeps this a look-up by key; an anti-join would read every account each time.
          left join lateral (select true as known from account a
                              where (a.township, a.id, a.unit) = (p_township, m.id, m.unit) limit 1) a on true
         where a.known is null order by m.id limit 1;
        if found then
            status := 'unknown-account'; return next; continue;
        end if;
        -- A void moves nothing: what was reserved can still be released once an account is closed.
        select jsonb_build_object('account', c.account) into detail from account_closing c
         where c.township = p_township and c.account = any (v_debit || v_credit)
         order by c.account limit 1;
        if found then
            status := 'closed'; return next; continue;
        end if;

        -- By account: how its balance changes. A settlement releases all that was pending, whatever it moves.
        select array_agg(m.id), array_agg(m.posted), array_agg(m.reserved), array_agg(m.expected)
          into v_account, v_posted, v_reserved, v_expected
          from (select o.id,
                       sum(case when not v_pending then o.moved else 0 end)::bigint as posted,
                       sum(case when v_pending then greatest(-o.moved, 0) else 0 end
                           - greatest(-o.released, 0))::bigint as reserved,
                       sum(case when v_pending then greatest(o.moved, 0) else 0 end
                           - greatest(o.released, 0))::bigint as expected
                  from (select id, -amount as moved, 0 as released from unnest(v_debit, v_amount) as d(id, amount)
                        union all
                        select id, amount, 0 from unnest(v_credit, v_amount) as c(id, amount)
                        union all
                        select id, 0, -amount from unnest(v_left_debit, v_left_amount) as d(id, amount)
                         where v_settles
                        union all
                        select id, 0, amount from unnest(v_left_credit, v_left_amount) as c(id, amount)
                         where v_settles) o
                 group by o.id) m;
        select jsonb_build_object('account', b.account, 'missing', b.minimum - n.available) into detail
          from balance b,
               lateral (select array_position(v_account, b.account) as at) m,
               lateral (select b.posted::numeric - b.reserved + v_posted[m.at] - v_reserved[m.at] as available) n
         where b.township = p_township and b.account = any (v_account) and n.available < b.minimum
         order by b.account limit 1;
        if found then
            status := 'insufficient'; return next; continue;
        end if;
        -- What is expected has its room from the beginning, so that it can be posted whatever comes before.
        select jsonb_build_object('account', b.account) into detail
          from balance b,
               lateral (select array_position(v_account, b.account) as at) m
         where b.township = p_township and b.account = any (v_account)
           and greatest(b.posted::numeric + v_posted[m.at] + b.expected + v_expected[m.at],
                        b.reserved::numeric + v_reserved[m.at]) > 9223372036854775807
         order by b.account limit 1;
        if found then
            status := 'overflow'; return next; continue;
        end if;
        detail := '{}';

        insert into transaction (township, id, kind, phase, target, person, reason, effective_at,
                                 recorded_at, expires_at, deferred_from, metadata, content)
        values (p_township, v_item.id, v_item.kind, v_item.phase, v_item.target, v_item.person, v_item.reason,
                greatest(coalesce(v_item.effective_at, p_now), p_open_from), p_now, v_item.expires_at,
                case when v_item.effective_at < p_open_from then v_item.effective_at end, v_item.metadata,
                v_content)
        on conflict do nothing;
        if not found then
            -- Another writer took this id, or settled this target, since we looked.
            select t.content into v_known from transaction t
             where t.township = p_township and t.id = v_item.id;
            status := case when v_known = v_content then 'exists'
                           when found then 'conflict'
                           else 'already-settled' end;
            return next; continue;
        end if;

        insert into transfer (township, transaction, ordinal, unit, debit, credit, amount, pending, recorded_at)
        select p_township, v_item.id, n, m.unit, m.debit, m.credit, m.amount, v_pending, p_now
          from unnest(v_unit, v_debit, v_credit, v_amount) with ordinality
            as m(unit, debit, credit, amount, n);
        update balance b
           set posted = b.posted + v_posted[array_position(v_account, b.account)],
               reserved = b.reserved + v_reserved[array_position(v_account, b.account)],
               expected = b.expected + v_expected[array_position(v_account, b.account)]
         where b.township = p_township and b.account = any (v_account);
        status := 'ok'; return next;
    end loop;
end $$;
-- A part of `ledger.post`, and nobody's to call but its own.
revoke all on function ledger.post_one_by_one from public;
