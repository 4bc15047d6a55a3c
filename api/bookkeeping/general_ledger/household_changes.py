"""How households changed, held against the books: two people's word that points move is in `household_change`, and
the entry has the id of the row. A household's row says no more of its life than its changes."""

from __future__ import annotations

from api.platform import accounts

_MOVING = "'split', 'merge', 'revive', 'end', 'clear'"
_TOWNSHIP = accounts.EXPIRED.name
_OWN = accounts.HOUSEHOLDS

# Two households have a row of such a change each. One of them tells which way it went: `away` from the household
# in another's favour, `back` to it.
_TOLD = """
    select c.*, h.code, c.after ->> 'points' as points,
           coalesce(c.after ->> 'to', c.after ->> 'into') as away, nullif(c.after ->> 'back_from', '') as back,
           coalesce(c.after ->> 'from', c.after ->> 'back') as other_side
      from household_change c
      join household h on h.township = c.township and h.id = c.household
     where c.township = :township"""

CHECKS = (
    # An entry of a change, and its row: who, between which accounts, how much.
    f"""
        with told as ({_TOLD}),
        expected as (
            select id, kind, person::text, confirmed_by::text, points::numeric, recorded_at,
                   '{_OWN}' || coalesce(back, code) as debit,
                   case when back is not null then '{_OWN}' || code
                        when away is not null then '{_OWN}' || away else '{_TOWNSHIP}' end as credit
              from told
             where points::numeric > 0
               and (coalesce(away, back) is not null
                    or kind in ('end', 'clear') and after ->> 'kept_until' = '')),
        booked as (
            select x.id, x.kind, x.person, x.metadata ->> 'confirmed_by' as confirmed_by,
                   t.amount::numeric as points, x.recorded_at, d.name as debit, c.name as credit
              from ledger.transaction x
              join ledger.transfer t on t.township = x.township and t.transaction = x.id
              join ledger.account d on d.township = t.township and d.id = t.debit
              join ledger.account c on c.township = t.township and c.id = t.credit
             where x.township = :township and x.kind in ({_MOVING}) and x.phase = 'posted'
               and (x.kind <> 'merge' or x.metadata ? 'confirmed_by'))
        select id::text, case when e.kind is null then '账上有这一笔，户的变动记录却不见了'
                              when b.kind is null then '户的变动带着积分，账上却没有这一笔'
                              else '户的变动与账上的不符' end
          from expected e full join booked b using (id)
         where (e.kind, e.person, e.confirmed_by, e.points, e.recorded_at, e.debit, e.credit)
               is distinct from (b.kind, b.person, b.confirmed_by, b.points, b.recorded_at, b.debit, b.credit)
         order by 1""",
    # Both households tell the same of it.
    f"""
        with told as ({_TOLD} and c.kind in ('split', 'merge', 'revive')),
        sides as (
            select *, coalesce(away, back, other_side) as other, other_side is null as leads from told
             where coalesce(away, back, other_side) is not null)
        select a.id::text, '户的变动只在一户记着，另一户的不见了，或写得不同'
          from sides a
          left join sides b
            on (b.code, b.other, b.kind, b.recorded_at) = (a.other, a.code, a.kind, a.recorded_at)
               and b.leads <> a.leads
               and (b.points, b.person, b.confirmed_by, b.effective_on, b.reason)
                   is not distinct from (a.points, a.person, a.confirmed_by, a.effective_on, a.reason)
         where b.id is null
         order by 1""",
    # What comes late to a merged household is carried on by nobody's word but the merger's.
    f"""
        with recursive told as ({_TOLD} and c.kind = 'merge'),
        became as (
            select code, away as remaining from told where away is not null
            union
            select b.code, t.away from became b join told t on t.code = b.remaining where t.away is not null)
        select x.id::text, '账上转走了并户的积分，却没有这两户并户的记录'
          from ledger.transaction x
          join ledger.transfer t on t.township = x.township and t.transaction = x.id
          join ledger.account d on d.township = t.township and d.id = t.debit
          join ledger.account c on c.township = t.township and c.id = t.credit
         where x.township = :township and x.kind = 'merge' and x.phase = 'posted'
           and not exists (
               select from became b
                where ('{_OWN}' || b.code, '{_OWN}' || b.remaining) in ((d.name, c.name), (c.name, d.name)))
         order by 1""",
    # Who ended or was merged, by as many changes as it took.
    """
        with lives as (
            select c.household, sum(case when c.kind = 'end' or c.after ? 'into' then 1
                                         when c.after ? 'back_from' then -1 else 0 end) as ends
              from household_change c where c.township = :township and c.kind in ('end', 'merge', 'revive')
             group by c.household)
        select h.code, '这户在册还是销户，与它的变动记录不符'
          from household h left join lives l on l.household = h.id
         where h.township = :township and coalesce(l.ends, 0) <> (h.ended_at is not null)::int
        union all
        select h.code, '这户并入了别的户，它的变动记录里却没有'
          from household h
          join household into_h on into_h.township = h.township and into_h.id = h.merged_into
         where h.township = :township
           and not exists (select from household_change c
                            where c.township = h.township and c.household = h.id and c.kind = 'merge'
                              and c.after ->> 'into' = into_h.code)
         order by 1""",
)
"""As `documents.find_undocumented` asks them: rows of (subject, message)."""
