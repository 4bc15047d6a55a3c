-- What the caller asked for, as a digest: a retry has the same, and it can be computed again from the rows.
-- `p_effective_at` is null when the caller left it out; what settles another transaction has no transfers
-- of its own here.
create function ledger.content(p_id uuid, p_kind text, p_phase text, p_target uuid, p_person text,
                               p_reason text, p_effective_at timestamptz, p_expires_at timestamptz,
                               p_metadata jsonb, p_unit text[], p_debit uuid[], p_credit uuid[],
                               p_amount numeric[])
returns bytea language sql stable as $$
    select sha256(convert_to(jsonb_build_array(
        p_id, p_kind, p_phase, p_target, p_person, p_reason, extract(epoch from p_effective_at),
        extract(epoch from p_expires_at), p_metadata, p_unit, p_debit, p_credit, p_amount)::text, 'UTF8'))
$$;

-- The one write path of the books: a batch of transactions for one township, each judged on its own and
-- answered with a status; a bad one never fails its neighbours. Balances are locked once, in the order of
-- their ids, so batches can't deadlock over them.
--
-- p_items: [{id, kind, phase, target, person, reason, effective_at, expires_at, metadata,
--            transfers: [{debit, credit, unit, amount}]}]
-- phase:   posted    moves at once
--          pending   reserves until it is posted or voided, or expires
--          post      moves what `target` reserved
--          void      releases what `target` reserved
--          reversal  moves back what `target` moved
-- status:  ok, exists (same id, same content), conflict (same id, other content), malformed,
--          unknown-account, closed, insufficient (detail: account, missing), unknown-target,
--          already-settled, already-reversed, expired
create function ledger.post(p_township integer, p_items jsonb, p_now timestamptz)
returns table (item integer, status text, detail jsonb)
language plpgsql security definer set search_path = ledger, pg_temp
-- A batch runs each statement many times: planning it anew each time costs more than running it.
set plan_cache_mode = force_generic_plan as $$
declare
    v_item record;
    v_target ledger.transaction;
    v_content bytea;
    v_known bytea;
    v_unit text[]; v_debit uuid[]; v_credit uuid[]; v_amount numeric[];
    v_account uuid[]; v_outgoing bigint[]; v_incoming bigint[];
    -- How an amount counts, by phase: towards the posted balance, towards the reserved one.
    v_posts integer; v_reserves integer;
begin
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

        v_target := null;
        if v_item.expires_at is not null and v_item.phase <> 'pending' then
            status := 'malformed'; return next; continue;
        elsif v_item.phase in ('posted', 'pending') then
            -- The bound leaves balances room within a bigint.
            if v_unit is null or v_item.target is not null
               or exists (select from unnest(v_debit, v_credit, v_amount) as m(d, c, a)
                           where a not between 1 and 1e15 or scale(a) > 0 or d = c) then
                status := 'malformed'; return next; continue;
            end if;
        elsif v_item.phase in ('post', 'void', 'reversal') then
            select t.* into v_target from transaction t
             where t.township = p_township and t.id = v_item.target
               and case when v_item.phase = 'reversal' then t.phase in ('posted', 'post')
                        else t.phase = 'pending' end;
            if not found then
                status := 'unknown-target'; return next; continue;
            end if;
            if v_unit is not null
               or (v_item.phase = 'reversal' and (v_item.reason = '' or v_item.person = '')) then
                status := 'malformed'; return next; continue;
            end if;
            -- Two questions and not one, since each has an index of its own.
            if v_item.phase = 'reversal' and exists (
                   select from transaction t where t.township = p_township and t.target = v_item.target
                      and t.phase = 'reversal') then
                status := 'already-reversed'; return next; continue;
            elsif v_item.phase <> 'reversal' and exists (
                   select from transaction t where t.township = p_township and t.target = v_item.target
                      and t.phase in ('post', 'void')) then
                status := 'already-settled'; return next; continue;
            end if;
            if v_item.phase = 'post' and v_target.expires_at <= p_now then
                status := 'expired'; return next; continue;
            end if;
            select array_agg(f.unit order by ordinal), array_agg(f.debit order by ordinal),
                   array_agg(f.credit order by ordinal), array_agg(f.amount::numeric order by ordinal)
              into v_unit, v_debit, v_credit, v_amount
              from transfer f where f.township = p_township and f.transaction = v_item.target;
            if v_item.phase = 'reversal' then
                select v_credit, v_debit into v_debit, v_credit;
            end if;
        else
            status := 'malformed'; return next; continue;
        end if;

        select jsonb_build_object('account', m.id) into detail
          from unnest(v_debit || v_credit, v_unit || v_unit) as m(id, unit)
          -- The limit keeps this a look-up by key; an anti-join would read every account each time.
          left join lateral (select true as known from account a
                              where (a.township, a.id, a.unit) = (p_township, m.id, m.unit) limit 1) a on true
         where a.known is null limit 1;
        if found then
            status := 'unknown-account'; return next; continue;
        end if;
        -- What was reserved can still be released once an account is closed; nothing else moves.
        select jsonb_build_object('account', c.account) into detail from account_closing c
         where c.township = p_township and c.account = any (v_debit || v_credit)
           and v_item.phase <> 'void' limit 1;
        if found then
            status := 'closed'; return next; continue;
        end if;

        v_posts := case when v_item.phase in ('posted', 'post', 'reversal') then 1 else 0 end;
        v_reserves := case v_item.phase when 'pending' then 1 when 'post' then -1 when 'void' then -1 else 0 end;
        select array_agg(m.id), array_agg(m.outgoing), array_agg(m.incoming)
          into v_account, v_outgoing, v_incoming
          from (select o.id, sum(o.outgoing)::bigint as outgoing, sum(o.incoming)::bigint as incoming
                  from (select d.id, d.amount as outgoing, 0 as incoming
                          from unnest(v_debit, v_amount) as d(id, amount)
                        union all
                        select c.id, 0, c.amount from unnest(v_credit, v_amount) as c(id, amount)) o
                 group by o.id) m;
        select jsonb_build_object('account', b.account, 'missing', b.minimum - n.available) into detail
          from balance b,
               lateral (select array_position(v_account, b.account) as at) m,
               lateral (select b.posted - b.reserved + v_posts * v_incoming[m.at]
                               - (v_posts + v_reserves) * v_outgoing[m.at] as available) n
         where b.township = p_township and b.account = any (v_account) and n.available < b.minimum
         order by b.account limit 1;
        if found then
            status := 'insufficient'; return next; continue;
        end if;
        detail := '{}';

        insert into transaction (township, id, kind, phase, target, person, reason, effective_at,
                                 recorded_at, expires_at, metadata, content)
        values (p_township, v_item.id, v_item.kind, v_item.phase, v_item.target, v_item.person, v_item.reason,
                coalesce(v_item.effective_at, p_now), p_now, v_item.expires_at, v_item.metadata,
                v_content)
        on conflict do nothing;
        if not found then
            -- Another writer took this id, or settled or reversed this target, since we looked.
            select t.content into v_known from transaction t
             where t.township = p_township and t.id = v_item.id;
            status := case when v_known = v_content then 'exists'
                           when found then 'conflict'
                           when v_item.phase = 'reversal' then 'already-reversed'
                           else 'already-settled' end;
            return next; continue;
        end if;

        if v_item.phase <> 'void' then
            insert into transfer (township, transaction, ordinal, unit, debit, credit, amount, pending,
                                  recorded_at)
            select p_township, v_item.id, n, m.unit, m.debit, m.credit, m.amount, v_item.phase = 'pending',
                   p_now
              from unnest(v_unit, v_debit, v_credit, v_amount) with ordinality
                as m(unit, debit, credit, amount, n);
        end if;
        update balance b
           set posted = b.posted + v_posts * (v_incoming[array_position(v_account, b.account)]
                                              - v_outgoing[array_position(v_account, b.account)]),
               reserved = b.reserved + v_reserves * v_outgoing[array_position(v_account, b.account)],
               expected = b.expected + v_reserves * v_incoming[array_position(v_account, b.account)]
         where b.township = p_township and b.account = any (v_account);
        status := 'ok'; return next;
    end loop;
end $$;
