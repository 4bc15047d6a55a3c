-- A batch in which everything is in order and nothing settles or reverses, in a few statements whatever its
-- length. Where anything is out of order it writes and answers nothing: `post_one_by_one` knows what to say.
-- Whatever is looked up by key comes from an array, so that no plan reads a whole table.
create function ledger.post_together(p_township integer, p_items jsonb, p_now timestamptz,
                                     p_open_from timestamptz)
returns table (item integer, status text, detail jsonb)
-- What has to go row by row does so anyway. Without statistics of what a batch holds, the planner would take the
-- joins within it for tiny, and their cost would grow with the square of its length.
language plpgsql set enable_nestloop = off as $$
declare
    -- Of each transaction, and of each transfer.
    v_ids uuid[]; v_written uuid[]; v_all boolean;
    v_transaction uuid[]; v_item integer[]; v_ordinal bigint[]; v_pending boolean[];
    v_unit text[]; v_debit uuid[]; v_credit uuid[]; v_amount numeric[];
    -- Of each account, and at most how much may leave it and come to it.
    v_account uuid[]; v_account_unit text[]; v_leaving numeric[]; v_coming numeric[];
    v_fine boolean; v_roomy boolean;
begin
    select array_agg(i.id), array_agg(i.n), array_agg(m.n), array_agg(i.phase = 'pending'),
           array_agg(m.unit), array_agg(m.debit), array_agg(m.credit), array_agg(m.amount),
           -- The bounds leave the sums of one transaction room within a bigint.
           bool_and(coalesce(m.n <= 5000 and m.amount between 1 and 1e15 and scale(m.amount) = 0
                             and m.debit <> m.credit, false)
                    and i.target is null and coalesce(i.effective_at <= p_now, true)
                    and (i.expires_at is null or i.phase = 'pending' and i.expires_at > p_now))
      into v_transaction, v_item, v_ordinal, v_pending, v_unit, v_debit, v_credit, v_amount, v_fine
      from rows from (jsonb_to_recordset(p_items) as (
               id uuid, phase text, target uuid, effective_at timestamptz, expires_at timestamptz,
               transfers jsonb))
           with ordinality as i(id, phase, target, effective_at, expires_at, transfers, n)
      left join rows from (jsonb_to_recordset(i.transfers) as (
               unit text, debit uuid, credit uuid, amount numeric))
           with ordinality as m(unit, debit, credit, amount, n) on true;
    if not v_fine then
        return;
    end if;
    select array_agg(a.account), array_agg(a.unit), array_agg(a.leaving), array_agg(a.coming)
      into v_account, v_account_unit, v_leaving, v_coming
      from (select s.account, s.unit, sum(s.leaving) as leaving, sum(s.coming) as coming
              from (select m.debit as account, m.unit, m.amount as leaving, 0 as coming
                      from unnest(v_debit, v_unit, v_amount) as m(debit, unit, amount)
                    union all
                    select m.credit, m.unit, 0, m.amount
                      from unnest(v_credit, v_unit, v_amount) as m(credit, unit, amount)) s
             group by s.account, s.unit) a;

    select coalesce(bool_and(b.posted - b.reserved - a.leaving >= b.minimum), true),
           coalesce(bool_and(greatest(b.posted + b.expected + a.coming, b.reserved + a.leaving)
                             <= 9223372036854775807), true)
      into v_fine, v_roomy
      from (select b.account, b.posted::numeric, b.reserved::numeric, b.expected::numeric, b.minimum from balance b
             where b.township = p_township and b.account = any (v_account)
             order by b.account for no key update) b
      join unnest(v_account, v_leaving, v_coming) as a(account, leaving, coming) on a.account = b.account;
    if not v_roomy then
        return;
    end if;
    -- What comes in the meantime may make up for what leaves, if it comes first.
    if not v_fine and exists (
           select from (
               select b.posted::numeric - b.reserved - b.minimum
                      + sum(s.moved) over (partition by s.account order by s.item) as room
                 from (select m.item, m.debit as account, -m.amount as moved
                         from unnest(v_item, v_debit, v_amount) as m(item, debit, amount)
                       union all
                       select m.item, m.credit, m.amount
                         from unnest(v_item, v_credit, v_amount, v_pending) as m(item, credit, amount, pending)
                        where not m.pending) s
                 join balance b on b.township = p_township and b.account = any (v_account)
                               and b.account = s.account) r
            where r.room < 0) then
        return;
    end if;

    select array_agg(distinct t.id) into v_ids from unnest(v_transaction) as t(id);
    if cardinality(v_ids) < jsonb_array_length(p_items)
       or exists (select from transaction t where t.township = p_township and t.id = any (v_ids))
       or exists (select from account_closing c where c.township = p_township and c.account = any (v_account))
       or cardinality(v_account) > (
           select count(*) from unnest(v_account, v_account_unit) as k(account, unit)
             join account a on a.township = p_township and a.id = any (v_account)
                           and a.id = k.account and a.unit = k.unit) then
        return;
    end if;

    with written as (
        insert into transaction (township, id, kind, phase, target, person, reason, effective_at,
                                 recorded_at, expires_at, deferred_from, metadata, content)
        select p_township, i.id, i.kind, i.phase, i.target, i.person, i.reason,
               greatest(coalesce(i.effective_at, p_now), p_open_from), p_now, i.expires_at,
               case when i.effective_at < p_open_from then i.effective_at end, i.metadata,
               (select content(i.id, i.kind, i.phase, i.target, i.person, i.reason, i.effective_at, i.expires_at,
                               i.metadata, array_agg(m.unit order by m.n), array_agg(m.debit order by m.n),
                               array_agg(m.credit order by m.n), array_agg(m.amount order by m.n))
                  from rows from (jsonb_to_recordset(i.transfers) as (
                           unit text, debit uuid, credit uuid, amount numeric))
                       with ordinality as m(unit, debit, credit, amount, n))
          from jsonb_to_recordset(p_items) as i(
                   id uuid, kind text, phase text, target uuid, person text, reason text,
                   effective_at timestamptz, expires_at timestamptz, metadata jsonb, transfers jsonb)
        on conflict do nothing
        returning id)
    select array_agg(w.id) into v_written from written w;
    v_all := coalesce(cardinality(v_written), 0) = cardinality(v_ids);
    insert into transfer (township, transaction, ordinal, unit, debit, credit, amount, pending, recorded_at)
    select p_township, m.transaction, m.ordinal, m.unit, m.debit, m.credit, m.amount, m.pending, p_now
      from unnest(v_transaction, v_ordinal, v_unit, v_debit, v_credit, v_amount, v_pending)
        as m(transaction, ordinal, unit, debit, credit, amount, pending)
     where v_all or m.transaction = any (v_written);
    update balance b
       set posted = b.posted + c.posted, reserved = b.reserved + c.reserved, expected = b.expected + c.expected
      from (select s.account, sum(s.posted) as posted, sum(s.reserved) as reserved, sum(s.expected) as expected
              from (select m.transaction, m.debit as account,
                           case when m.pending then 0 else -m.amount end as posted,
                           case when m.pending then m.amount else 0 end as reserved, 0 as expected
                      from unnest(v_transaction, v_debit, v_amount, v_pending)
                        as m(transaction, debit, amount, pending)
                    union all
                    select m.transaction, m.credit, case when m.pending then 0 else m.amount end, 0,
                           case when m.pending then m.amount else 0 end
                      from unnest(v_transaction, v_credit, v_amount, v_pending)
                        as m(transaction, credit, amount, pending)) s
             where v_all or s.transaction = any (v_written)
             group by s.account) c
     where b.township = p_township and b.account = any (v_account) and b.account = c.account;
    return query select n - 1, 'ok', '{}'::jsonb from generate_series(1, cardinality(v_ids)) n where v_all;
    if not v_all then
        -- Other writers took some ids since we looked.
        return query
            with taken as (
                select array_agg(i.n order by i.n)::integer[] as items, jsonb_agg(i.item order by i.n) as batch
                  from jsonb_array_elements(p_items) with ordinality as i(item, n)
                 where not coalesce((i.item ->> 'id')::uuid = any (v_written), false))
            select i.n::integer - 1, coalesce(a.status, 'ok'), coalesce(a.detail, '{}')
              from jsonb_array_elements(p_items) with ordinality as i(item, n)
              left join (select t.items[o.item + 1] as n, o.status, o.detail
                           from taken t, post_one_by_one(p_township, t.batch, p_now, p_open_from) o) a
                on a.n = i.n;
    end if;
end $$;
-- A part of `ledger.post`, and nobody's to call but its own.
revoke all on function ledger.post_together from public;
