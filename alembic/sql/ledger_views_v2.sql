-- What settled a pending transaction. Its condition is the index's own, which a parameter would miss.
create view ledger.settlement as
    select township, target, id, phase, effective_at, recorded_at
      from ledger.transaction where phase in ('post', 'void');

-- Whether a transaction's rows are what its caller asked for, by the digest made when it was written. An
-- effective moment that was left out is the moment of recording; a settlement without transfers of its own
-- moves all that was left.
create function ledger.faithful(p_township integer, p_id uuid)
returns boolean language sql stable set search_path = ledger, pg_temp as $$
    select coalesce(bool_or(x.content = content(
               x.id, x.kind, x.phase, x.target, x.person, x.reason, e.asked, x.expires_at, x.metadata,
               case when w.own then m.unit end, case when w.own then m.debit end,
               case when w.own then m.credit end, case when w.own then m.amount end)), false)
      from transaction x
      left join lateral (
            select array_agg(f.unit order by ordinal) as unit, array_agg(f.debit order by ordinal) as debit,
                   array_agg(f.credit order by ordinal) as credit,
                   array_agg(f.amount::numeric order by ordinal) as amount
              from transfer f where f.township = p_township and f.transaction = p_id) m on true
     cross join (values (true), (false)) as w(own)
     cross join lateral (
            select coalesce(x.deferred_from, x.effective_at) as asked
            union all
            select null where x.deferred_from is null and x.effective_at = x.recorded_at) e
     where x.township = p_township and x.id = p_id
       and (w.own or x.phase = 'void' or x.phase in ('post', 'reversal') and not exists (
               select from (
                   select f.unit, f.debit, f.credit, f.amount::numeric
                     from transfer f where f.township = p_township and f.transaction = x.target
                   union all
                   select f.unit, case x.phase when 'post' then f.debit else f.credit end,
                          case x.phase when 'post' then f.credit else f.debit end, -f.amount::numeric
                     from transaction s
                     join transfer f on f.township = s.township and f.transaction = s.id
                    where s.township = p_township and s.target = x.target and s.phase = x.phase) o
                group by unit, debit, credit having sum(amount) <> 0))
$$;
