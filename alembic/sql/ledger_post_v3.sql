-- The one write path of the books: a batch of transactions for one township, each judged on its own and
-- answered with a status; a bad one never fails its neighbours. Balances are locked once, in the order of
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
--          unknown-account, closed, insufficient (detail: account, missing), unknown-target,
--          already-settled, already-reversed, exceeds-target (detail: missing), expired
-- time:    an effective moment in a closed period becomes the first open one, and the transaction keeps what
--          was asked for in `deferred_from`. Recording is never earlier than the last closing, whatever the
--          caller's clock says.
create or replace function ledger.post(p_township integer, p_items jsonb, p_now timestamptz)
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

-- A batch in which nothing settles or reverses, in a few statements whatever its length. Where the order within
-- the batch matters, because an account falls short or an id comes twice, it writes and answers nothing.
-- Whatever is looked up by key has a limit or comes from an array, so that no plan reads a whole table.
create function ledger.post_together(p_township integer, p_items jsonb, p_now timestamptz,
                                     p_open_from timestamptz)
returns table (item integer, status text, detail jsonb)
language plpgsql as $$
declare
    v_id uuid; v_content bytea; v_known bytea;
begin
    perform from balance b
      where b.township = p_township and b.account in (
        select unnest(array[(t ->> 'debit')::uuid, (t ->> 'credit')::uuid])
          from jsonb_array_elements(p_items) i, jsonb_array_elements(i -> 'transfers') t)
      order by b.account for no key update;

    for item, status, detail, v_id, v_content in
        with asked as materialized (
            select (i.n - 1)::integer as item, i.id, i.kind, i.phase, i.target, i.person, i.reason,
                   i.effective_at, i.expires_at, i.metadata, i.transfers
              from rows from (jsonb_to_recordset(p_items) as (
                       id uuid, kind text, phase text, target uuid, person text, reason text,
                       effective_at timestamptz, expires_at timestamptz, metadata jsonb, transfers jsonb))
                   with ordinality as i(id, kind, phase, target, person, reason, effective_at, expires_at,
                                        metadata, transfers, n)),
        move as materialized (
            select a.item, a.phase = 'pending' as pending, m.n as ordinal, m.unit, m.debit, m.credit, m.amount
              from asked a,
                   rows from (jsonb_to_recordset(a.transfers) as (
                       unit text, debit uuid, credit uuid, amount numeric))
                   with ordinality as m(unit, debit, credit, amount, n)),
        -- Each transfer from both sides: what it adds to the account there.
        side as materialized (
            select m.item, m.debit as account, m.unit, case when m.pending then 0 else -m.amount end as posted,
                   case when m.pending then m.amount else 0 end as reserved, 0 as expected
              from move m
            union all
            select m.item, m.credit, m.unit, case when m.pending then 0 else m.amount end,
                   0, case when m.pending then m.amount else 0 end
              from move m),
        barred as materialized (
            select p.account, p.unit, case when a.known is null then 'unknown-account' else 'closed' end as refusal
              from (select distinct s.account, s.unit from side s) p
              left join lateral (select true as known from account a
                                  where (a.township, a.id, a.unit) = (p_township, p.account, p.unit)
                                  limit 1) a on true
              left join lateral (select true as closed from account_closing c
                                  where (c.township, c.account) = (p_township, p.account) limit 1) c on true
             where a.known is null or c.closed),
        barring as materialized (
            select distinct on (s.item) s.item, b.refusal, b.account
              from side s join barred b on (b.account, b.unit) = (s.account, s.unit)
             order by s.item, b.refusal desc, s.account),
        judged as materialized (
            select a.item, a.id, w.content, b.account,
                   case when t.content = w.content then 'exists'
                        when t.content is not null then 'conflict'
                        when w.malformed or a.target is not null or a.effective_at > p_now
                             or a.expires_at is not null and a.phase <> 'pending' then 'malformed'
                        when a.expires_at <= p_now then 'expired'
                        else b.refusal end as refusal
              from asked a
              cross join lateral (
                  select content(a.id, a.kind, a.phase, a.target, a.person, a.reason, a.effective_at, a.expires_at,
                                 a.metadata, array_agg(m.unit order by m.n), array_agg(m.debit order by m.n),
                                 array_agg(m.credit order by m.n), array_agg(m.amount order by m.n)) as content,
                         -- The bounds leave balances room within a bigint.
                         count(*) not between 1 and 5000 or coalesce(bool_or(
                             m.amount not between 1 and 1e15 or scale(m.amount) > 0 or m.debit = m.credit), false)
                             as malformed
                    from rows from (jsonb_to_recordset(a.transfers) as (
                             unit text, debit uuid, credit uuid, amount numeric))
                         with ordinality as m(unit, debit, credit, amount, n)) w
              left join lateral (select t.content from transaction t
                                  where (t.township, t.id) = (p_township, a.id) limit 1) t on true
              left join barring b on b.item = a.item),
        good as materialized (select j.item, j.id, j.content from judged j where j.refusal is null),
        ordered as materialized (
            select exists (
                select from (
                    select b.room + sum(s.posted - s.reserved) over (partition by s.account order by s.item) as room
                      from side s join good g on g.item = s.item
                     cross join lateral (select b.posted - b.reserved - b.minimum as room from balance b
                                          where (b.township, b.account) = (p_township, s.account) limit 1) b) r
                 where r.room < 0)
                or (select count(*) <> count(distinct a.id) from asked a) as matters),
        written as (
            insert into transaction (township, id, kind, phase, target, person, reason, effective_at,
                                     recorded_at, expires_at, deferred_from, metadata, content)
            select p_township, a.id, a.kind, a.phase, a.target, a.person, a.reason,
                   greatest(coalesce(a.effective_at, p_now), p_open_from), p_now, a.expires_at,
                   case when a.effective_at < p_open_from then a.effective_at end, a.metadata, g.content
              from asked a join good g on g.item = a.item
             where not (select o.matters from ordered o)
             order by a.item
            on conflict do nothing
            returning id),
        done as materialized (select g.item, g.id from good g join written w on w.id = g.id),
        moved as (
            insert into transfer (township, transaction, ordinal, unit, debit, credit, amount, pending, recorded_at)
            select p_township, d.id, m.ordinal, m.unit, m.debit, m.credit, m.amount, m.pending, p_now
              from move m join done d on d.item = m.item
             order by m.item, m.ordinal),
        change as materialized (
            select array_agg(c.account) as account, array_agg(c.posted) as posted,
                   array_agg(c.reserved) as reserved, array_agg(c.expected) as expected
              from (select s.account, sum(s.posted) as posted, sum(s.reserved) as reserved,
                           sum(s.expected) as expected
                      from side s join done d on d.item = s.item
                     group by s.account) c),
        changed as (
            update balance b
               set posted = b.posted + c.posted, reserved = b.reserved + c.reserved,
                   expected = b.expected + c.expected
              from (select u.* from change, unnest(change.account, change.posted, change.reserved, change.expected)
                        as u(account, posted, reserved, expected)) c
             where b.township = p_township and b.account = c.account)
        select j.item, coalesce(j.refusal, case when d.id is null then 'taken' else 'ok' end),
               case when j.refusal in ('unknown-account', 'closed') then jsonb_build_object('account', j.account)
                    else '{}' end,
               j.id, j.content
          from judged j left join done d on d.item = j.item
         where not (select o.matters from ordered o)
         order by j.item
    loop
        if status = 'taken' then
            -- Another writer took this id since we looked.
            select t.content into v_known from transaction t where t.township = p_township and t.id = v_id;
            status := case when v_known = v_content then 'exists' else 'conflict' end;
        end if;
        return next;
    end loop;
end $$;

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
        -- The bounds leave balances room within a bigint.
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
               lateral (select b.posted - b.reserved + v_posted[m.at] - v_reserved[m.at] as available) n
         where b.township = p_township and b.account = any (v_account) and n.available < b.minimum
         order by b.account limit 1;
        if found then
            status := 'insufficient'; return next; continue;
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
