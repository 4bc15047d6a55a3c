"""What a card's household has, as a till shows it: read with one query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET
from sqlalchemy import CTE, ColumnElement, bindparam, select, true
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.sql.selectable import SelectBase

from api import wire
from api.platform import accounts
from api.platform.access import Device
from api.platform.clock import SHANGHAI
from api.platform.database.read_query import ReadQuery, bind_from
from api.platform.services import Services
from api.registry.cards.use_cases import CARD_BY_DIGEST, CardHolder, IssuedCard, require_active, require_readable
from api.shop.holdings.queries import LEASED_POINTS, LeasedPoints, split_leased, to_wire
from api.shop.reservations import queries as reservations
from api.shop.reservations.queries import OPEN_PROMISES, OpenPromise
from ledger import tables
from ledger.books import BALANCE
from ledger.expiries import ADOPTED_POLICIES, EXPIRABLE, Expiries
from ledger.expiry import Boundary, Policy, list_next_boundaries
from ledger.lookup import lateral_one
from ledger.transactions import Balance, TownshipId


class _Expirable(msgspec.Struct, frozen=True):
    cutoff: datetime
    amount: int


class CardSnapshot(msgspec.Struct):
    """What a card's household has, as of one moment."""

    cards: list[IssuedCard]
    policies: list[Policy]
    balances: list[Balance]
    leases: list[LeasedPoints]
    expirable: list[_Expirable]
    promises: list[OpenPromise]

    @property
    def balance(self) -> Balance:
        return self.balances[0] if self.balances else Balance(0)


def _select_card() -> CTE:
    """A card's household, and its account."""
    card = CARD_BY_DIGEST.subquery("card_holder")
    account = tables.account.c
    points = lateral_one(
        select(account.id).where(
            account.township == bindparam("township"), account.name == accounts.household_name(card.c.code)
        ),
        "points",
    )
    return select(*card.c, points.c.id.label("account")).outerjoin_from(card, points, true()).cte("shown_card")


_CARD = _select_card()
_PARAMETERS = {"household": "id", "code": "code", "village": "village", "account": "account"}


def bind_to_card(**statements: SelectBase) -> dict[str, SelectBase]:
    """Statements about a household, bound to that of the card, and those of `CardSnapshot` itself."""
    values: dict[str, ColumnElement[Any]] = {
        parameter: select(_CARD.c[column]).scalar_subquery() for parameter, column in _PARAMETERS.items()
    }
    values["accounts"] = array([values["account"]])
    about_household = {
        "balances": BALANCE,
        "leases": LEASED_POINTS,
        "expirable": EXPIRABLE,
        "promises": OPEN_PROMISES,
        **statements,
    }
    return {
        "cards": select(_CARD),
        "policies": ADOPTED_POLICIES,
        **{name: bind_from(statement, values) for name, statement in about_household.items()},
    }


_SNAPSHOT = ReadQuery(CardSnapshot, **bind_to_card())
_Snapshot = TypeVar("_Snapshot", bound=CardSnapshot)


# The policies as last read: most likely they are still the same.
_policies: dict[TownshipId, list[Policy]] = {}


async def read_card(
    services: Services,
    card: bytes,
    query: ReadQuery[_Snapshot],
    now: datetime,
    *,
    suspended: bool = False,
    **values: Any,
) -> tuple[CardHolder, _Snapshot, wire.ExpiringPoints | None]:
    """The household behind the card with this digest, its snapshot, and which of its points expire next. `values`:
    parameters of the query's own statements beside those of `CardSnapshot`. `suspended`: also of one that
    supervisors have frozen.

    Raises Refused: card-unknown, card-revoked, card-frozen, card-suspended."""
    policies = _policies.get(services.township, [])
    while True:
        boundaries = list_next_boundaries(policies, now, SHANGHAI)
        cutoffs = sorted({boundary.cutoff for boundary in boundaries})
        snapshot = await services.read(query, card=card, unit=accounts.POINTS, now=now, cutoffs=cutoffs, **values)
        issued = snapshot.cards[0] if snapshot.cards else None
        holder = (require_readable(issued) if suspended else require_active(issued, now)).holder
        if snapshot.policies == policies:
            break
        policies = _policies[services.township] = snapshot.policies
    expirable = await _without_recorded(services, holder, snapshot.expirable, now)
    return holder, snapshot, _next_expiry(boundaries, expirable)


async def _without_recorded(
    services: Services, holder: CardHolder, expirable: list[_Expirable], now: datetime
) -> list[_Expirable]:
    """Without those whose expiry is recorded already, which a cutoff to come can't have been."""
    if all(each.cutoff > now for each in expirable):
        return expirable
    account = accounts.household(holder.code).id
    async with services.unit_of_work() as uow:
        expiries = Expiries(await uow.session.connection(), uow.township)
        left = await expiries.without_recorded({(account, each.cutoff): each.amount for each in expirable})
    return [each for each in expirable if (account, each.cutoff) in left]


def _next_expiry(boundaries: Sequence[Boundary], expirable: Iterable[_Expirable]) -> wire.ExpiringPoints | None:
    amounts = {each.cutoff: each.amount for each in expirable}
    first = next((b for b in boundaries if b.cutoff in amounts), None)
    return wire.ExpiringPoints(points=amounts[first.cutoff], on=first.on) if first is not None else None


async def view_card(services: Services, device: Device, card: bytes, *, held: bool = False) -> wire.CardView:
    """`held`: tell who holds what is elsewhere. Raises as `read_card`."""
    now = services.clock.now()
    holder, snapshot, expiring = await read_card(services, card, _SNAPSHOT, now)
    here, elsewhere = split_leased(snapshot.leases, device.id, device.epoch)
    return wire.CardView(
        household=holder.id,
        name=holder.masked,
        village=holder.village_name,
        balance=snapshot.balance.available + here,
        elsewhere=sum(each.points for each in elsewhere),
        pending=snapshot.balance.expected,
        expiring=[expiring] if expiring is not None else [],
        promises=[
            reservations.to_wire(each) for each in snapshot.promises if each.supermarket == device.supermarket
        ],
        pin_above=holder.pin_above,
        held=[to_wire(each, device, now) for each in elsewhere] if held else UNSET,
    )
