-- A batch in which nothing settles or reverses, in a few statements whatever its length. Where the order within
-- the batch matters, because an account falls short or an id comes twice, it writes and answers nothing.
-- Whatever is looked up by key has a limit or comes from an array, so that no plan reads a whole table.
create or replace function ledger.post_together(p_township integer, p_items jsonb, p_now timestamptz,
                                     p_open_from timestamptz)
returns table (item integer, status text, detail jsonb)
-- What has to go row by row does so anyway. Without statistics of what a batch holds, the planner would take the
-- joins within it for tiny, and their cost would grow with the square of its length.
language plpgsql set enable_nestloop = off as $$
declare
    v_id uuid; v_content bytea; v_known bytea; v_accounts uuid[];
begin
    select array_agg(distinct a) into v_accounts
      from jsonb_array_elements(p_items) i, jsonb_array_elements(i -> 'transfers') t,
           unnest(array[(t ->> 'debit')::uuid, (t ->> 'credit')::uuid]) a;
    perform from balance b where b.township = p_township and b.account = any (v_accounts)
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
             where b.township = p_township and b.account = any (v_accounts) and b.account = c.account)
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
