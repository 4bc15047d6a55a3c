"""What stands beside the books: each entry that came of a document has it, each document its entry, and the two
agree. The seals know nothing of documents, so a deleted or changed one is found here or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.bookkeeping.general_ledger import acts, household_changes
from api.platform import accounts
from ledger.transactions import TownshipId
from ledger.verify import Discrepancy


@dataclass(frozen=True, slots=True)
class _Document:
    """Rows of `table` under the ids of transactions of these kinds. `entered`: which rows are in the books."""

    name: str
    table: str
    kinds: str
    phase: str = "posted"
    entered: str = "true"
    # Of the transactions of these kinds, which have one.
    documented: str = "true"

    @property
    def check(self) -> str:
        return f"""
            select x.id::text, '账上有这一笔，它的{self.name}却不见了'
              from ledger.transaction x
              left join {self.table} d on d.township = x.township and d.id = x.id
             where x.township = :township and x.kind in ({self.kinds}) and x.phase = '{self.phase}'
               and {self.documented} and d.id is null
            union all
            select d.id::text, '有{self.name}，账上却没有这一笔'
              from {self.table} d
              left join ledger.transaction x
                on x.township = d.township and x.id = d.id
                   and x.kind in ({self.kinds}) and x.phase = '{self.phase}'
             where d.township = :township and {self.entered} and x.id is null
             order by 1"""


_DOCUMENTS = (
    _Document("兑换小票", "redemption", "'redemption'"),
    _Document("申报", "claim", "'award', 'deduction'", "pending", "d.status in ('approved', 'posted')"),
    # What is reserved for a promise on arrival is of the same kind, in goods.
    _Document(
        "预订单",
        "promise",
        "'promise'",
        "pending",
        documented="exists (select from ledger.transfer t where t.township = x.township"
        " and t.transaction = x.id and t.unit = 'points')",
    ),
    _Document("进货单", "restocking", "'restock', 'procurement'"),
    _Document("捐赠单", "donation", "'donation'"),
    _Document("拨款单", "funding", "'fund'"),
    _Document(
        "盘点单",
        "stocktake",
        "'stocktake'",
        entered="exists (select from jsonb_array_elements(d.sheet -> 'lines') line"
        " where (line ->> 'difference')::numeric <> 0) and (d.proposal is null or exists (select from proposal p"
        " where p.township = d.township and p.id = d.proposal and p.confirmed))",
        # What a sale without a network showed about a shelf has an id derived from it, or names its count.
        documented="substr(x.id::text, 15, 1) <> '5' and not x.metadata ? 'stocktake'",
    ),
)

_CHECKS = (
    *(document.check for document in _DOCUMENTS),
    # A receipt's points and pieces are those of its entry.
    """
        with moved as (
            select t.transaction, sum(t.amount) filter (where t.unit = 'points') as points,
                   sum(t.amount) filter (where t.unit <> 'points') as pieces
              from ledger.transfer t where t.township = :township group by t.transaction),
        told as (
            select r.id, (r.receipt ->> 'points')::numeric as points,
                   (select sum((line ->> 'quantity')::numeric)
                      from jsonb_array_elements(r.receipt -> 'lines') line) as pieces
              from redemption r where r.township = :township)
        select r.id::text, '兑换小票上的积分或件数与账上的不符'
          from told r join moved m on m.transaction = r.id
         where (r.points, r.pieces) is distinct from (m.points, m.pieces)
         order by 1""",
    # What was voided at a till, and what of it the books have taken back.
    """
        select x.target::text, '账上已作废，作废单却不见了'
          from ledger.transaction x
          left join redemption_void v on v.township = x.township and v.id = x.target
         where x.township = :township and x.kind = 'redemption' and x.phase = 'reversal' and v.id is null
        union all
        select v.id::text, '有作废单，账上却没有退回'
          from redemption_void v
          join redemption r on r.township = v.township and r.id = v.id
          left join ledger.transaction x on x.township = v.township and x.target = v.id and x.phase = 'reversal'
         where v.township = :township and x.id is null
         order by 1""",
    """
        select c.id::text, '申报的分值与账上的不符'
          from claim c
          join ledger.transfer t on t.township = c.township and t.transaction = c.id
         where c.township = :township and c.status in ('approved', 'posted')
         group by c.id, c.points having sum(t.amount) <> abs(c.points)
        union all
        select c.id::text, '申报的签字与应签的机构不符'
          from claim c
          left join claim_signature s on s.township = c.township and s.claim = c.id
         where c.township = :township and c.status in ('approved', 'posted')
         group by c.id, c.signers having count(s.claim) <> cardinality(c.signers)
         order by 1""",
    # A count's differences are what its entry moves.
    """
        select s.id::text, '盘点单上的盈亏与账上的不符'
          from stocktake s
          join ledger.transaction x
            on x.township = s.township and x.id = s.id and x.kind = 'stocktake' and x.phase = 'posted'
         where s.township = :township
           and (select sum(abs((line ->> 'difference')::numeric))
                  from jsonb_array_elements(s.sheet -> 'lines') line)
               is distinct from
               (select sum(t.amount) from ledger.transfer t where t.township = x.township and t.transaction = x.id)
         order by 1""",
    # A row that was imported by two people stands in what the confirmation answered.
    """
        with told as (
            select (outcome ->> 'id')::uuid as id
              from proposal p, jsonb_array_elements(p.result) outcome
             where p.township = :township and p.kind = 'import' and p.confirmed
               and outcome ->> 'status' in ('ok', 'replaced')),
        booked as (
            select x.id, x.metadata ? 'confirmed_by' as by_two from ledger.transaction x
             where x.township = :township and x.kind = 'import' and x.phase = 'posted')
        select id::text, case when booked.id is null then '有导入记录，账上却没有这一行'
                              else '账上有导入的这一行，提议和确认的记录却不见了' end
          from booked full join told using (id)
         where booked.id is null or (told.id is null and booked.by_two)
         order by 1""",
    # Lots are the pieces of an arrival.
    """
        with arrived as (
            select t.transaction as id, t.unit, sum(t.amount) as pieces
              from ledger.transfer t
              join ledger.transaction x on x.township = t.township and x.id = t.transaction
             where t.township = :township and x.kind in ('restock', 'procurement', 'donation')
               and x.phase = 'posted' and starts_with(t.unit, 'goods:')
             group by t.transaction, t.unit),
        kept as (
            select arrival as id, 'goods:' || product as unit, sum(quantity) as pieces
              from lot where township = :township group by arrival, product)
        select distinct id::text, '到货的批次与账上的件数不符'
          from arrived full join kept using (id, unit)
         where arrived.pieces is distinct from kept.pieces
         order by 1""",
    # A kiosk's journal goes on without a gap: each entry names the hash of the one before it.
    """
        select format('kiosk %s/%s', e.kiosk, e.epoch), format('终端记录第 %s 条的前一条不见了', e.number)
          from kiosk_journal_entry e
          left join kiosk_journal_entry b
            on (b.township, b.kiosk, b.epoch, b.number, b.hash)
               = (e.township, e.kiosk, e.epoch, e.number - 1, e.previous)
         where e.township = :township and e.status <> 'fork' and e.number > 1 and b.kiosk is null
         order by e.kiosk, e.epoch, e.number""",
    # And ends where its enrolment says.
    """
        select format('kiosk %s/%s', k.kiosk, k.epoch), format('终端记录第 %s 条，也就是最后一条，不见了', k.head)
          from kiosk_enrolment k
          left join kiosk_journal_entry e
            on (e.township, e.kiosk, e.epoch, e.number, e.hash) = (k.township, k.kiosk, k.epoch, k.head, k.hash)
         where k.township = :township and k.head > 0 and e.kiosk is null
         order by k.kiosk, k.epoch""",
    # What a delivery that was counted by two people says; it is booked under the same id.
    """
        select g.id::text, '有点过的到货单，账上却没有这一笔'
          from goods_receipt g
          left join ledger.transaction x on x.township = g.township and x.id = g.id
         where g.township = :township and g.counted is not null and x.id is null
           and exists (select from jsonb_array_elements(g.counted) each where each::text::numeric > 0)
         order by 1""",
    # Whose an account is: the register and the shelves have its row.
    f"""
        select a.name, '账上有这一户，登记册里却没有'
          from ledger.account a
          left join household h
            on h.township = a.township and h.code = substr(a.name, length('{accounts.HOUSEHOLDS}') + 1)
         where a.township = :township and starts_with(a.name, '{accounts.HOUSEHOLDS}') and h.id is null
        union all
        select u.code, '账上有这样物品，物品表里却没有'
          from ledger.unit u
          left join product p on p.township = u.township and 'goods:' || p.code = u.code
         where u.township = :township and u.kind = 'goods' and p.code is null
         order by 1""",
    # Points that a kiosk holds are those of a lease, or nobody's page would tell of them.
    f"""
        select a.name, '终端留着这户的分，预留的记录却不见了'
          from ledger.account a
          join ledger.balance b on b.township = a.township and b.account = a.id
         where a.township = :township and starts_with(a.name, '{accounts.ESCROW}') and b.posted > 0
           and not exists (
               select from lease l join household h on h.township = l.township and h.id = l.household
                where l.township = a.township
                  and a.name = concat('{accounts.ESCROW}', h.code,
                                      ':', replace(l.kiosk::text, '-', ''), ':', l.epoch))
         order by 1""",
    *household_changes.CHECKS,
    *acts.CHECKS,
)


async def find_undocumented(connection: AsyncConnection, township: TownshipId) -> AsyncIterator[Discrepancy]:
    """Entries without their document, documents without their entry, and where they differ."""
    for check in _CHECKS:
        for row in await connection.execute(text(check), {"township": township}):
            yield Discrepancy(*row)
