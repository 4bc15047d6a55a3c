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
    "contents": """
        select x.id::text, '交易内容与登记时的摘要不符'
          from ledger.transaction x
         where x.township = :township and not ledger.faithful(x.township, x.id)
         order by 1""",
    # What posts or reverses moves what its target held, there or back, and never more.
    "settlements": """
        with moved as (
            select x.target, min(x.id::text) as id, t.unit,
                   case x.phase when 'reversal' then t.credit else t.debit end as debit,
                   case x.phase when 'reversal' then t.debit else t.credit end as credit, sum(t.amount) as amount
              from ledger.transaction x
              join ledger.transfer t on t.township = x.township and t.transaction = x.id
             where x.township = :township and x.phase in ('post', 'reversal')
             group by x.target, x.phase, 3, 4, 5)
        select m.id, '入账或冲正的内容超出原交易'
          from moved m
          left join ledger.transfer o on o.township = :township and o.transaction = m.target
                and (o.unit, o.debit, o.credit) = (m.unit, m.debit, m.credit)
         group by m.id, m.target, m.unit, m.debit, m.credit, m.amount
        having m.amount > coalesce(sum(o.amount), 0)
         order by 1""",
    "targets": """
        select x.id::text, '入账、作废或冲正的对象不是对应的交易'
          from ledger.transaction x
          left join ledger.transaction o on o.township = x.township and o.id = x.target
         where x.township = :township and x.target is not null
           and (o.id is null or case x.phase when 'reversal' then o.phase not in ('posted', 'post')
                                             else o.phase <> 'pending' end)
         order by 1""",
    "closed periods": """
        select x.id::text, '生效时间在已结账的月份里，却在结账之后登记'
          from ledger.transaction x
          join ledger.period_closing p on p.township = x.township and x.effective_at < p.until
         where x.township = :township and x.recorded_at > p.closed_at
         group by x.id order by 1""",
    "checkpoints": """
        select a.name, format('%s 的结存记作 %s，按流水应为 %s', k.until, k.posted, coalesce(sum(e.amount), 0))
          from ledger.checkpoint k
          join ledger.account a on a.township = k.township and a.id = k.account
          left join (ledger.entry e
                     join ledger.transaction t on t.township = e.township and t.id = e.transaction)
            on e.township = k.township and e.account = k.account and not e.pending and t.effective_at < k.until
         where k.township = :township
         group by a.name, k.until, k.posted having k.posted <> coalesce(sum(e.amount), 0)
         order by a.name, k.until""",
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
