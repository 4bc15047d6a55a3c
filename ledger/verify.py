"""Recompute the books from their transfers, and the seals from the books, and report every discrepancy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.heads import HeadError, SignedHead, VerifierKey
from ledger.seals import Seals
from ledger.tables import seal_key, tree_head
from ledger.transactions import TownshipId


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """`subject` is the name of an account, the id of a transaction, or a leaf, node or head of the seals."""

    subject: str
    message: str


# Each query returns (subject, message) rows for one kind of discrepancy.
_BOOK_CHECKS = {
    "balances": """
        with moved as (
            select e.account, sum(e.amount) filter (where not e.pending) as posted,
                   sum(-e.amount) filter (where e.pending and e.amount < 0 and s.id is null) as reserved,
                   sum(e.amount) filter (where e.pending and e.amount > 0 and s.id is null) as expected
              from ledger.entry e
              left join ledger.settlement s on s.township = e.township and s.target = e.transaction
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
        select a.name, '缺少余额记录，或多出余额记录'
          from ledger.account a
          left join ledger.balance b on b.township = a.township and b.account = a.id
         where a.township = :township and (a.minimum is null) <> (b.account is null)
        union all
        select b.account::text, '余额没有对应的账户'
          from ledger.balance b
          left join ledger.account a on a.township = b.township and a.id = b.account
         where b.township = :township and a.id is null
         order by 1""",
    "transfers": """
        select t.transaction::text, format('第 %s 笔转账与交易、账户或单位不符', t.ordinal)
          from ledger.transfer t
          left join ledger.transaction x on x.township = t.township and x.id = t.transaction
          left join ledger.account d on d.township = t.township and d.id = t.debit and d.unit = t.unit
          left join ledger.account c on c.township = t.township and c.id = t.credit and c.unit = t.unit
         where t.township = :township
           and (x.id is null or d.id is null or c.id is null or t.amount <= 0 or t.debit = t.credit
                or t.pending <> (x.phase = 'pending') or x.phase = 'void'
                or t.recorded_at <> x.recorded_at)
         order by 1""",
    "numbering": """
        select t.transaction::text, '转账的序号不连续'
          from ledger.transfer t
         where t.township = :township
         group by t.transaction having min(t.ordinal) <> 1 or max(t.ordinal) <> count(*)
         order by 1""",
    "empty transactions": """
        select x.id::text, '交易没有任何转账'
          from ledger.transaction x
         where x.township = :township and x.phase <> 'void'
           and not exists (select from ledger.transfer t
                            where t.township = x.township and t.transaction = x.id)
         order by 1""",
    "targets": """
        select x.id::text, '入账、作废或冲正的对象不是对应的交易'
          from ledger.transaction x
          left join ledger.transaction o on o.township = x.township and o.id = x.target
         where x.township = :township and x.target is not null
           and (o.id is null or case x.phase when 'reversal' then o.phase not in ('posted', 'post')
                                             else o.phase <> 'pending' end)
         order by 1""",
    # A posting or reversal moves at most what its target holds.
    "settlements": """
        with moved as (
            select x.target, x.phase, t.unit, sum(t.amount) as amount,
                   case x.phase when 'reversal' then t.credit else t.debit end as debit,
                   case x.phase when 'reversal' then t.debit else t.credit end as credit
              from ledger.transaction x
              join ledger.transfer t on t.township = x.township and t.transaction = x.id
             where x.township = :township and x.phase in ('post', 'reversal')
             group by x.target, x.phase, t.unit, 5, 6),
        held as (
            select transaction, unit, debit, credit, sum(amount) as amount
              from ledger.transfer where township = :township
             group by transaction, unit, debit, credit)
        select distinct x.id::text, '入账或冲正的内容超出原交易'
          from moved m
          left join held h on (h.transaction, h.unit, h.debit, h.credit) = (m.target, m.unit, m.debit, m.credit)
          join ledger.transaction x on x.township = :township and x.target = m.target and x.phase = m.phase
         where m.amount > coalesce(h.amount, 0)
         order by 1""",
    "closed periods": """
        select x.id::text, '生效时间在已结账的月份里，却在结账之后登记'
          from ledger.transaction x
         where x.township = :township
           and exists (select from ledger.period_closing p
                        where p.township = x.township and x.effective_at < p.until
                          and x.recorded_at > p.closed_at)
         order by 1""",
    # Each checkpoint is the sum of all entries effective before it; no account with entries is left out.
    "checkpoints": """
        with movement as (
            select e.account, x.effective_at as at, e.amount, null::bigint as stored
              from ledger.entry e
              join ledger.transaction x on x.township = e.township and x.id = e.transaction
             where e.township = :township and not e.pending
               and x.effective_at < (select max(until) from ledger.checkpoint where township = :township)
            union all
            select account, until, 0, posted from ledger.checkpoint where township = :township),
        summed as (
            select account, at, stored, sum(amount) over (
                       partition by account order by at, stored is null rows unbounded preceding) as expected
              from movement),
        left_out as (
            select distinct m.account, u.until
              from movement m
              join lateral (select min(k.until) as until from ledger.checkpoint k
                             where k.township = :township and k.until > m.at) u on true
             where m.stored is null
               and not exists (select from ledger.checkpoint k
                                where k.township = :township and k.account = m.account and k.until = u.until))
        select coalesce(a.name, f.account::text), f.message
          from (select account, format('%s 的结存记作 %s，按流水应为 %s', at, stored, expected) as message
                  from summed where stored <> expected
                union all
                select account, format('%s 的结存里缺少这个账户', until) from left_out) f
          left join ledger.account a on a.township = :township and a.id = f.account
         order by 1, 2""",
    # Whoever may read a subject that is kept from publication can check it against the sealed commitment.
    "commitments": """
        select x.id::text, case when w.salt is null then '封存了不公示事项的摘要，却没有留下原文'
                                else '不公示事项的原文与封存的摘要不符' end
          from ledger.transaction x
          left join ledger.withheld w on w.township = x.township and w.transaction = x.id
         where x.township = :township and x.metadata ? 'subject'
           and case when x.metadata ->> 'subject'
                         is distinct from encode(sha256(w.salt || convert_to(w.subject, 'UTF8')), 'hex') then true
                    else to_jsonb(w.readers) is distinct from w.subject::jsonb -> 'readers' end
        union all
        select w.transaction::text, '不公示事项的原文没有封存的摘要'
          from ledger.withheld w
          left join ledger.transaction x on x.township = w.township and x.id = w.transaction
         where w.township = :township and w.salt is not null and not coalesce(x.metadata ? 'subject', false)
         order by 1""",
    # Sealed transactions are compared with their leaf instead. Materialized, or all would be checked.
    "contents": """
        with unsealed as materialized (
            select x.township, x.id from ledger.transaction x
             where x.township = :township
               and not exists (select from ledger.leaf l where l.township = x.township
                                  and l.kind = 'transaction' and l.key = x.id::text))
        select id::text, '交易内容与登记时的摘要不符'
          from unsealed where not ledger.content_matches(township, id)
         order by 1""",
}

# A malformed key can't be looked up, so the tree is checked only if there is none.
_MALFORMED_KEYS = """
    select format('leaf %s', position), format('封存的是什么记录，读不懂：%s %s', kind, key)
      from ledger.leaf
     where township = :township and key !~ case
           when kind in ('transaction', 'account', 'account-closing', 'restore')
               then '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
           when kind in ('period-closing', 'tree-head')
               then '^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9][.][0-9]{6}Z$'
           when kind = 'expiry-policy' then '^[0-9]{4}-[01][0-9]-[0-3][0-9] .'
           else '' end
     order by position"""

_TREE_CHECKS = {
    "gaps": """
        select format('leaf %s', l.position), '封存的记录之间有缺漏'
          from (select position, row_number() over (order by position) - 1 as due
                  from ledger.leaf where township = :township) l
         where l.position <> l.due
         order by l.position limit 1""",
    # Of what this server wrote, nothing before where the sealer is; of what came from another one, nothing up to
    # where it was swept, and before that nothing older than a sealed record of that server.
    "unsealed": """
        with known as (
            select r.key, r.written_by, l.position, r.written_by >= ledger.next_writer() as elsewhere,
                   max(r.written_by) filter (where l.position is not null) over () as last
              from ledger.record r
              left join ledger.leaf l on l.township = r.township and l.kind = r.kind and l.key = r.key
             where r.township = :township)
        select k.key, '早已登记，却没有封存'
          from known k
          left join ledger.sealing s on s.township = :township and s.server = ledger.server()
         where k.position is null
           and (k.written_by < s.sealed_to
                or k.elsewhere and case when s.sweeping then k.written_by < s.swept_to
                                        else k.written_by <= coalesce(s.swept_to, k.last) end)
         order by 1""",
    "nodes": """
        select format('node %s/%s', n.level, n.position), '封印树的摘要不符'
          from ledger.node n
          left join ledger.node l
            on (l.township, l.level, l.position) = (n.township, n.level - 1, n.position * 2)
          left join ledger.node r
            on (r.township, r.level, r.position) = (n.township, n.level - 1, n.position * 2 + 1)
         where n.township = :township and n.level > 0
           and n.hash is distinct from sha256('\\x01'::bytea || l.hash || r.hash)
         order by n.level, n.position""",
    # If each level has the right number of nodes, and the last at the right position, none is missing.
    "missing nodes": """
        with size as (select count(*) as size from ledger.leaf where township = :township),
        level as (
            select d.level, s.size >> d.level as due
              from size s cross join generate_series(0, 62) as d(level)
              left join (select level, count(*) as count, min(position) as first, max(position) as last
                           from ledger.node where township = :township group by level) n on n.level = d.level
             where (coalesce(n.count, 0), coalesce(n.first, 0), coalesce(n.last + 1, 0))
                   <> (s.size >> d.level, 0, s.size >> d.level))
        select format('node %s/%s', coalesce(l.level, n.level), coalesce(p.position, n.position)),
               '封印树里缺少或多出这个摘要'
          from level l cross join lateral (
               select p.position from generate_series(0, l.due - 1) as p(position)) p
          full join (select n.level, n.position from ledger.node n join level using (level)
                      where n.township = :township) n on (n.level, n.position) = (l.level, p.position)
         where p.position is null or n.position is null
         order by 1""",
}

# Leaves per query: each query hashes all transactions once.
_LEAVES_PER_QUERY = 250_000
# For plans that sort and hash in memory. No parallel workers: the two connections already use two cores. Every
# check goes through the whole books, so a nested loop is never the way; right after a bulk copy, without
# statistics, the planner would take it for the shortest, and work grow with the square of the books.
_PLANNER_SETTINGS = {"work_mem": "128MB", "max_parallel_workers_per_gather": "0", "enable_nestloop": "off"}
_LEAF_CHECK = """
    select case l.kind when 'transaction' then l.key else l.kind || ' ' || l.key end,
           case when l.record is null then '已封存的记录不见了' else '记录与封存时的摘要不符' end
      from ledger.leaf_record l
      left join ledger.node n on n.township = :township and n.level = 0 and n.position = l.position
            and n.position >= :first and n.position < :end
     where l.township = :township and l.position >= :first and l.position < :end
       and (l.record is null
            or n.hash is distinct from sha256('\\x00'::bytea || convert_to(l.record, 'UTF8')))
     order by l.position"""


# A query and its parameters.
_Step: TypeAlias = tuple[str, dict[str, int]]


def _ignore_progress(done: int, total: int) -> None:
    pass


async def verify(
    connection: AsyncConnection,
    township: TownshipId,
    report_progress: Callable[[int, int], None] = _ignore_progress,
    second: AsyncConnection | None = None,
) -> AsyncIterator[Discrepancy]:
    """Every discrepancy in this township's books, in one snapshot if the caller's transaction is one.
    `report_progress` is called with the number of steps done and their total. The leaves are checked on `second`,
    a connection with the same snapshot, at the same time."""
    size = await Seals(connection, township).read_size()
    malformed = (await connection.execute(text(_MALFORMED_KEYS), {"township": township})).all()
    for row in malformed:
        yield Discrepancy(*row)
    books: list[_Step] = [(query, {"township": township}) for query in _BOOK_CHECKS.values()]
    leaves: list[_Step] = []
    if not malformed:
        books += [(query, {"township": township}) for query in _TREE_CHECKS.values()]
        leaves += [
            (_LEAF_CHECK, {"township": township, "first": first, "end": first + _LEAVES_PER_QUERY})
            for first in range(0, size, _LEAVES_PER_QUERY)
        ]
    done = count()
    total = len(books) + len(leaves) + 1

    async def run(on: AsyncConnection, steps: list[_Step]) -> AsyncIterator[Discrepancy]:
        for name, value in _PLANNER_SETTINGS.items():
            await on.execute(select(func.set_config(name, value, True)))
        for query, values in steps:
            for row in await on.execute(text(query), values):
                yield Discrepancy(*row)
            report_progress(next(done) + 1, total)

    async def run_on_second() -> list[Discrepancy]:
        return [discrepancy async for discrepancy in run(second, leaves)] if second is not None else []

    parallel = asyncio.create_task(run_on_second())
    try:
        async for discrepancy in run(connection, books if second is not None else books + leaves):
            yield discrepancy
        for discrepancy in await parallel:
            yield discrepancy
    finally:
        parallel.cancel()
    async for discrepancy in _check_heads(connection, township, size):
        yield discrepancy
    report_progress(total, total)


async def _check_heads(connection: AsyncConnection, township: TownshipId, size: int) -> AsyncIterator[Discrepancy]:
    """Each head must be signed by a known key and have the root of the tree at its size."""
    texts = await connection.scalars(select(seal_key.c.key).where(seal_key.c.township == township))
    keys = []
    for key in texts.all():
        try:
            keys.append(VerifierKey.parse(key))
        except HeadError as error:
            yield Discrepancy(f"key {key}", str(error))
    restores = await Seals(connection, township).read_restores()
    for each in restores:
        if each.size > size or not await _has_root(connection, township, each.size, each.root):
            yield Discrepancy(f"restore {each.id}", "恢复时的账与现在的账开头不同：历史被改写过")
    rows = await connection.execute(
        select(tree_head.c.signed_at, tree_head.c.size, tree_head.c.note)
        .where(tree_head.c.township == township)
        .order_by(tree_head.c.signed_at)
    )
    for row in rows.all():
        subject = f"head {row.signed_at:%Y-%m-%dT%H:%M:%SZ}"
        try:
            signed = SignedHead.parse(row.note)
        except HeadError as error:
            yield Discrepancy(subject, str(error))
            continue
        if (signed.head.signed_at, signed.head.size) != (row.signed_at, row.size):
            yield Discrepancy(subject, "封印的时间或条数与登记的不符")
        elif not any(key.has_signed(signed) for key in keys):
            yield Discrepancy(subject, "封印的签名不对")
        elif signed.head.size > size:
            yield Discrepancy(subject, f"封印了 {signed.head.size} 条记录，现在只有 {size} 条")
        elif any(signed.head.size > each.size and each.ended_key_of(signed) for each in restores):
            yield Discrepancy(subject, "恢复以后还用停用了的私钥封印")
        elif not await _has_root(connection, township, signed.head.size, signed.head.root):
            yield Discrepancy(subject, "账本与封印时的不同：历史被改写过")


async def _has_root(connection: AsyncConnection, township: TownshipId, size: int, root: bytes) -> bool:
    """Whether the tree of this size has this root."""
    try:
        return await Seals(connection, township).read_root(size) == root
    except KeyError:
        return False
