"""What is still under way for a household: claims, promises, holds, and leases on tills."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from api.awards.claims.household_claims import count_open_claims
from api.bookkeeping.general_ledger.holds import read_open_holds
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.registry.register.queries import HouseholdFacts
from api.shop.holdings.recalls import read_leases
from api.shop.reservations.queries import read_open_promises


@dataclass(frozen=True, slots=True)
class UnderWay:
    """`claims`: how many are not yet refused or in the books. The others each with a name that a person knows."""

    claims: int
    promises: Sequence[str]
    holds: Sequence[str]
    leases: Sequence[str]


async def read_under_way(uow: UnitOfWork, households: Iterable[HouseholdFacts]) -> UnderWay:
    """Of all these households together."""
    claims, promises, holds, leases = 0, [], [], []
    for household in households:
        claims += await count_open_claims(uow, household.id)
        for promise in await read_open_promises(uow, household.id):
            slip = promise.slip
            promises.append(f"{slip.line.name} {slip.line.quantity} 件（{slip.supermarket}）")
        for hold in await read_open_holds(uow, household.code):
            until = local_date(hold.expires_at)
            holds.append(f"{hold.points} 分（{hold.reason}，到{until.month}月{until.day}日）")
        held = await read_leases(uow, household.id, household.code)
        leases += [f"{lease.describe_place()} {lease.points} 分" for lease in held if lease.points]
    return UnderWay(claims, promises, holds, leases)


def require_no_promises(under_way: UnderWay) -> None:
    """Goods are promised to a card, and collected or cancelled with it first. Raises Refused: wrong-state."""
    if under_way.promises:
        named = "、".join(under_way.promises)
        raise Refused(ErrorCode.WRONG_STATE, f"这户还有预订没有领：{named}。请先带卡到超市领取或取消。")


def require_settled(under_way: UnderWay) -> None:
    """Raises Refused: wrong-state, naming what isn't settled."""
    require_no_promises(under_way)
    if under_way.holds:
        raise Refused(
            ErrorCode.WRONG_STATE, f"这户还有预留没有办结：{'、'.join(under_way.holds)}。请先兑现或解除。"
        )
    if under_way.leases:
        named = "、".join(under_way.leases)
        raise Refused(
            ErrorCode.WRONG_STATE, f"这户还有积分留在终端：{named}。先挂失户卡，等终端联网退回，或者停用那台终端。"
        )
    if under_way.claims:
        raise Refused(ErrorCode.WRONG_STATE, f"这户还有 {under_way.claims} 件申报没有办完，请先办完或退回。")
