"""The township's report, calculated from the register and the books."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from api import wire
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED
from api.platform import accounts
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import count_roles
from api.registry.register.queries import count_register
from api.shop.supermarkets.queries import count_supermarkets
from ledger.verify import verify

# Amounts less corrections; a redemption reversed completely isn't counted. Points of holds posted to a supermarket
# are redeemed too, without goods.
_REDEEMED = text("""
    select count(*) filter (where kind = 'redemption' and coalesce(points, 0) + coalesce(goods, 0) > 0)
               as redemptions,
           coalesce(sum(points), 0) as points, coalesce(sum(goods), 0) as goods
      from (select x.id, x.kind, sum(m.amount) filter (where m.unit = :points) as points,
                   sum(m.amount) filter (where m.unit <> :points) as goods
              from ledger.transaction x
             cross join lateral (
                   select t.unit, t.amount from ledger.transfer t
                    where t.township = x.township and t.transaction = x.id
                   union all
                   select t.unit, -t.amount
                     from ledger.transaction r
                     join ledger.transfer t on t.township = r.township and t.transaction = r.id
                    where r.township = x.township and r.target = x.id and r.phase = 'reversal') m
             where x.township = :township
               and ((x.kind, x.phase) = ('redemption', 'posted') or (x.kind, x.phase) = ('hold', 'post'))
             group by x.id, x.kind) redeemed
""")

_AWARDED = """
    select {name} as name, sum(m.amount) as points
      from ledger.transaction x
      join ledger.transaction p on p.township = x.township and p.id = x.target
     cross join lateral (
           select t.amount from ledger.transfer t where t.township = x.township and t.transaction = x.id
           union all
           select -t.amount
             from ledger.transaction r
             join ledger.transfer t on t.township = r.township and t.transaction = r.id
            where r.township = x.township and r.target = x.id and r.phase = 'reversal') m
      left join ledger.withheld w on w.township = p.township and w.transaction = p.id
      left join village v on v.township = x.township and v.code = p.metadata ->> 'village'
     where x.township = :township and x.kind = 'award' and x.phase = 'post'
     group by 1 having sum(m.amount) > 0 order by 2 desc, 1
"""
# A category with few awards tells what one was for, so those kept from publication are together.
_BY_CATEGORY = text(
    _AWARDED.format(name="case when w.transaction is null then p.metadata ->> 'category' else :unpublished end")
)
_BY_VILLAGE = text(_AWARDED.format(name="v.name"))

_HELD = text("""
    select coalesce(sum(b.posted), 0) as posted, coalesce(sum(b.expected), 0) as expected
      from ledger.balance b join ledger.account a on a.township = b.township and a.id = b.account
     where b.township = :township and a.unit = :points and (a.name like 'household:%' or a.name like 'escrow:%')
""")


@dataclass(frozen=True, slots=True)
class HeldPoints:
    """Points of all households: `posted` can be spent, `expected` are on public notice."""

    posted: int
    expected: int


async def read_held_points(uow: UnitOfWork) -> HeldPoints:
    connection = await uow.session.connection()
    row = (await connection.execute(_HELD, {"township": uow.township, "points": accounts.POINTS})).one()
    return HeldPoints(int(row.posted), int(row.expected))


async def build_report(services: Services, *, verified: bool = True) -> wire.TownshipReport:
    """The township's figures; `verified` also recomputes the books."""
    async with services.snapshot() as uow:
        connection = await uow.session.connection()
        figures = {"township": uow.township, "points": accounts.POINTS}
        redeemed = (await connection.execute(_REDEEMED, figures)).one()
        points = await read_held_points(uow)
        # Negative by what was imported.
        imported = (await uow.books.read_balance(accounts.IMPORTED.id)).posted
        lost = await uow.books.read_balances([accounts.EXPIRED.id, accounts.DEDUCTED.id])
        by_category = [
            wire.PointsByName(name=row.name, points=int(row.points))
            for row in await connection.execute(
                _BY_CATEGORY, {"township": uow.township, "unpublished": UNPUBLISHED}
            )
        ]
        by_village = [
            wire.PointsByName(name=row.name, points=int(row.points))
            for row in await connection.execute(_BY_VILLAGE, {"township": uow.township})
        ]
        registered = await count_register(uow)
        return wire.TownshipReport(
            supermarkets=await count_supermarkets(uow),
            villages=registered.villages,
            grids=registered.grids,
            households=registered.households,
            people=await count_roles(uow),
            points_awarded=sum(c.points for c in by_category),
            points_imported=-imported,
            points_pending=points.expected,
            points_redeemed=int(redeemed.points),
            redemptions=int(redeemed.redemptions),
            points_expired=lost[accounts.EXPIRED.id].posted if accounts.EXPIRED.id in lost else 0,
            points_deducted=lost[accounts.DEDUCTED.id].posted if accounts.DEDUCTED.id in lost else 0,
            points_outstanding=points.posted,
            goods_handed_out=int(redeemed.goods),
            awarded_by_category=by_category,
            awarded_by_village=by_village,
            in_balance=not [d async for d in verify(connection, uow.township)] if verified else None,
        )
