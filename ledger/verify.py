"""Recompute the books from their transfers and name whatever doesn't agree."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.transactions import TownshipId


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """`subject` is the readable name of an account or the id of a transaction."""

    subject: str
    message: str


# Each query returns (subject, message) rows for one kind of fault; an honest book returns none.
_CHECKS = {
    "balances": """
        with moved as (
            select e.account, sum(e.amount) filter (where not e.pending) as posted,
                   sum(-e.amount) filter (where e.pending and e.amount < 0 and s.id is null) as reserved,
                   sum(e.amount) filter (where e.pending and e.amount > 0 and s.id is null) as expected
              from ledger.entry e
              left join ledger.transaction s
                on s.township = e.township and s.target = e.transaction and s.phase in ('post', 'void')
             where e.township = :township group by e.account)
        select a.name, format('账上 %s/%s/%s，按流水应为 %s/%s/%s（已入账/待转出/待转入）',
                              b.posted, b.reserved, b.expected, coalesce(m.posted, 0),
                              coalesce(m.reserved, 0), coalesce(m.expected, 0))
          from ledger.account a
          join ledger.balance b on b.township = a.township and b.account = a.id
          left join moved m on m.account = a.id
         where a.township = :township
           and (b.posted, b.reserved, b.expected)
               is distinct from (coalesce(m.posted, 0), coalesce(m.reserved, 0), coalesce(m.expected, 0))
         order by a.name""",
    "limits": """
        select a.name, format('可用余额 %s 低于下限 %s', b.posted - b.reserved, a.minimum)
          from ledger.account a join ledger.balance b on b.township = a.township and b.account = a.id
         where a.township = :township
           and (b.posted - b.reserved < a.minimum or b.minimum is distinct from a.minimum)
         order by a.name""",
    "missing balances": """
        select a.name, '缺少余额记录'
          from ledger.account a
          left join ledger.balance b on b.township = a.township and b.account = a.id
         where a.township = :township and (a.minimum is null) <> (b.account is null)
         order by a.name""",
    "transfers": """
        select t.transaction::text, format('第 %s 笔转账与账户或单位不符', t.ordinal)
          from ledger.transfer t
          left join ledger.transaction x on x.township = t.township and x.id = t.transaction
          left join ledger.account d on d.township = t.township and d.id = t.debit and d.unit = t.unit
          left join ledger.account c on c.township = t.township and c.id = t.credit and c.unit = t.unit
         where t.township = :township
           and (x.id is null or d.id is null or c.id is null or t.amount <= 0 or t.debit = t.credit
                or t.pending <> (x.phase = 'pending') or x.phase = 'void'
                or t.recorded_at <> x.recorded_at)
         order by 1""",
    # The digest of what the caller asked for, made again from the rows. An `effective_at` that was left out
    # is the moment of recording.
    "contents": """
        with asked as (
            select x.id, x.content, x.effective_at = x.recorded_at as left_out,
                   ledger.content(x.id, x.kind, x.phase, x.target, x.person, x.reason, moment, x.expires_at,
                                  x.metadata, m.units, m.debits, m.credits, m.amounts) as made,
                   moment
              from ledger.transaction x
              left join (select transaction, array_agg(unit order by ordinal) as units,
                                array_agg(debit order by ordinal) as debits,
                                array_agg(credit order by ordinal) as credits,
                                array_agg(amount::numeric order by ordinal) as amounts
                           from ledger.transfer where township = :township group by transaction) m
                on m.transaction = x.id and x.phase in ('posted', 'pending')
             cross join lateral (values (x.effective_at), (null)) as e(moment)
             where x.township = :township)
        select id::text, '交易内容与登记时的摘要不符'
          from asked group by id
        having not bool_or(content = made and (moment is not null or left_out))
         order by 1""",
    # What posts or reverses moves exactly what its target held, there and back.
    "settlements": """
        with moved as (
            select x.id, t.unit, t.amount,
                   case x.phase when 'reversal' then t.credit else t.debit end as debit,
                   case x.phase when 'reversal' then t.debit else t.credit end as credit
              from ledger.transaction x
              join ledger.transfer t on t.township = x.township and t.transaction = x.target
             where x.township = :township and x.phase in ('post', 'reversal')
            union all
            select x.id, t.unit, -t.amount, t.debit, t.credit
              from ledger.transaction x
              join ledger.transfer t on t.township = x.township and t.transaction = x.id
             where x.township = :township and x.phase in ('post', 'reversal'))
        select id::text, '入账或冲正的内容与原交易不同'
          from (select id from moved group by id, unit, debit, credit having sum(amount) <> 0) unequal
         group by id order by 1""",
    "empty transactions": """
        select x.id::text, '交易没有任何转账'
          from ledger.transaction x
         where x.township = :township and x.phase <> 'void'
           and not exists (select from ledger.transfer t
                            where t.township = x.township and t.transaction = x.id)
         order by 1""",
}


async def verify(connection: AsyncConnection, township: TownshipId) -> AsyncIterator[Discrepancy]:
    """Every discrepancy in this township's books, in one snapshot if the caller's transaction is one."""
    for query in _CHECKS.values():
        for row in await connection.execute(text(query), {"township": township}):
            yield Discrepancy(*row)
