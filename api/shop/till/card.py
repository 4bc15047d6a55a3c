"""What the household behind a card has, as a till shows it: all in one query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import CTE, ColumnElement, bindparam, select, true
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.sql.selectable import SelectBase

from api import wire
from api.platform import accounts
from api.platform.access import Device
from api.platform.clock import SHANGHAI
from api.platform.database.read_query import ReadQuery, bind_from
from api.platform.services import Services
from api.registry.cards.use_cases import OF_CARD, Holder, KnownCard, require_active
from api.shop.offline.holdings import HELD, Held, here_and_elsewhere
from api.shop.promises.queries import PROMISED, Promised, told
from api.wire.card_token import digest, parse
from ledger import tables
from ledger.books import BALANCE
from ledger.expiries import ADOPTED, TAKEN, UP
from ledger.expiry import Boundary, Policy, expiry_id, next_boundaries
from ledger.lookup import lateral_one
from ledger.transactions import Balance, TownshipId, TransactionId


class _Up(msgspec.Struct, frozen=True):
    cutoff: datetime
    amount: int


class Points(msgspec.Struct):
    """What the household of a card has, as of one moment."""

    cards: list[KnownCard]
    policies: list[Policy]
    balances: list[Balance]
    held: list[Held]
    up: list[_Up]
    promised: list[Promised]

    @property
    def balance(self) -> Balance:
        return self.balances[0] if self.balances else Balance(0)


def _shown() -> CTE:
    """A card's household, and its account."""
    found = OF_CARD.subquery("found")
    account = tables.account.c
    points = lateral_one(
        select(account.id).where(
            account.township == bindparam("township"), account.name == accounts.household_name(found.c.code)
        ),
        "points",
    )
    return select(*found.c, points.c.id.label("account")).outerjoin_from(found, points, true()).cte("shown")


_SHOWN = _shown()
_TOLD_BY_CARD = {"household": "id", "code": "code", "village": "village", "account": "account"}


def of_holder(**questions: SelectBase) -> dict[str, SelectBase]:
    """Questions about a household, asked about the one whose card is shown, and those that `Points` answers."""
    given: dict[str, ColumnElement[Any]] = {
        name: select(_SHOWN.c[column]).scalar_subquery() for name, column in _TOLD_BY_CARD.items()
    }
    given["accounts"] = array([given["account"]])
    asked = {"balances": BALANCE, "held": HELD, "up": UP, "promised": PROMISED, **questions}
    return {
        "cards": select(_SHOWN),
        "policies": ADOPTED,
        **{name: bind_from(question, given) for name, question in asked.items()},
    }


_POINTS = ReadQuery(Points, **of_holder())
_P = TypeVar("_P", bound=Points)


class _Expiry(msgspec.Struct):
    id: TransactionId


class _Taken(msgspec.Struct):
    taken: list[_Expiry]


_TAKEN = ReadQuery(_Taken, taken=TAKEN)

# Those that were in force when somebody looked last: most likely they still are.
_policies: dict[TownshipId, list[Policy]] = {}


async def seen(
    services: Services, text: str, query: ReadQuery[_P], now: datetime, **values: Any
) -> tuple[Holder, _P, wire.ExpiringPoints | None]:
    """The household behind a card, what there is of it, and what of its points expires next. `values` are those
    that the query's own statements need beside those of `Points`. Raises Refused: as `holder`."""
    card = digest(parse(text))
    policies = _policies.get(services.township, [])
    while True:
        boundaries = next_boundaries(policies, now, SHANGHAI)
        cutoffs = sorted({boundary.cutoff for boundary in boundaries})
        points = await services.read(query, card=card, unit=accounts.POINTS, now=now, cutoffs=cutoffs, **values)
        household = require_active(points.cards[0] if points.cards else None).holder
        if points.policies == policies:
            break
        policies = _policies[services.township] = points.policies
    return household, points, _coming(boundaries, await _left(services, household, points.up, now))


async def _left(services: Services, household: Holder, up: list[_Up], now: datetime) -> list[_Up]:
    """Without what was taken already."""
    account = accounts.household(household.code).id
    ids = {expiry_id(account, each.cutoff): each for each in up if each.cutoff <= now}
    if not ids:
        return up
    found = await services.read(_TAKEN, expiries=list(ids))
    gone = [ids[each.id] for each in found.taken]
    return [each for each in up if each not in gone]


def _coming(boundaries: Sequence[Boundary], up: Iterable[_Up]) -> wire.ExpiringPoints | None:
    """What expires next, and when."""
    amounts = {each.cutoff: each.amount for each in up}
    first = next((b for b in boundaries if b.cutoff in amounts), None)
    return wire.ExpiringPoints(points=amounts[first.cutoff], on=first.on) if first is not None else None


async def view(services: Services, device: Device, text: str) -> wire.CardView:
    found, points, expiring = await seen(services, text, _POINTS, services.clock.now())
    here, elsewhere = here_and_elsewhere(points.held, device)
    return wire.CardView(
        household=found.id,
        name=found.masked,
        village=found.village_name,
        balance=points.balance.available + here,
        elsewhere=elsewhere,
        pending=points.balance.expected,
        expiring=[expiring] if expiring is not None else [],
        promises=[told(promise) for promise in points.promised if promise.supermarket == device.supermarket],
        pin_above=found.pin_above,
    )
