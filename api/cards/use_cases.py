"""Issue and revoke household cards; find the household behind one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import CTE, ColumnElement, Select, bindparam, case, insert, select, true, update
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.sql.selectable import SelectBase

from api import accounts, wire
from api.access import Device, Role, Staff, require
from api.cards.tables import Card
from api.cards.token import digest, new_token, parse
from api.database.look import Look, told_by
from api.expiry.policies import Up, coming, next_boundaries
from api.offline.holdings import HELD, Held, here_and_elsewhere
from api.problems import Refused
from api.promises.queries import PROMISED, Promised, told
from api.register.tables import Household, Village
from api.town import Town, Work
from ledger import tables
from ledger.books import BALANCE
from ledger.expiries import ADOPTED, TAKEN, UP
from ledger.expiry import Policy, expiry_id
from ledger.lookup import by_key
from ledger.transactions import Balance, TownshipId, TransactionId


@dataclass(frozen=True, slots=True)
class Holder:
    """A card's household. `pin_above`: points above which the card asks for its PIN; None without one."""

    id: UUID
    code: str
    head: str
    village: str
    village_name: str
    pin_above: int | None = None

    @property
    def masked(self) -> str:
        """The family name alone: what a shop or a stranger with the card may see."""
        return mask(self.head)


def mask(name: str) -> str:
    return name[:1] + "*" * max(len(name) - 1, 1)


class _Card(msgspec.Struct):
    id: UUID
    code: str
    head: str
    village: str
    village_name: str
    pin_above: int | None
    revoked_at: datetime | None

    @property
    def holder(self) -> Holder:
        return Holder(self.id, self.code, self.head, self.village, self.village_name, self.pin_above)


# Made once: with each card that is scanned, making a statement would take longer than running it.
def _of_card() -> Select[*tuple[Any, ...]]:
    columns = (Household.id, Household.code, Household.head, Household.village)
    own = by_key(
        select(*columns).where(Household.township == Card.township, Household.id == Card.household), "own"
    )
    village = by_key(
        select(Village.name).where(Village.township == Card.township, Village.code == own.c.village), "place"
    )
    return (
        select(
            *own.c,
            village.c.name.label("village_name"),
            case((Card.pin_hash.is_not(None), Card.pin_above)).label("pin_above"),
            Card.revoked_at,
        )
        .select_from(Card)
        .join(own, true())
        .join(village, true())
        .where(Card.township == bindparam("township"), Card.digest == bindparam("card"))
    )


_OF_CARD = _of_card()


async def holder(work: Work, text: str) -> Holder:
    """The household behind a card or its token. Raises Refused: card-malformed, card-unknown, card-revoked."""
    return living(await _card(work, digest(parse(text))))


async def of_card(work: Work, card: bytes) -> tuple[Holder, bool] | None:
    """The household of a card by its digest, and whether the card was reported lost."""
    found = await _card(work, card)
    return (found.holder, found.revoked_at is not None) if found is not None else None


async def _card(work: Work, card: bytes) -> _Card | None:
    row = (await work.session.execute(_OF_CARD, {"township": work.township, "card": card})).first()
    return _Card(*row) if row is not None else None


def living(card: _Card | None) -> Holder:
    """The household of a card that counts. Raises Refused: card-unknown, card-revoked."""
    if card is None:
        raise Refused("card-unknown", "没有这张卡，请核对或到村委会补办。")
    if card.revoked_at is not None:
        raise Refused("card-revoked", "这张卡已挂失作废，请使用新卡。")
    return card.holder


class Points(msgspec.Struct):
    """What the household of a card has, as of one moment."""

    cards: list[_Card]
    policies: list[Policy]
    balances: list[Balance]
    held: list[Held]
    up: list[Up]
    promised: list[Promised]

    @property
    def balance(self) -> Balance:
        return self.balances[0] if self.balances else Balance(0)


def _shown() -> CTE:
    """A card's household, and its account."""
    found = _OF_CARD.subquery("found")
    account = tables.account.c
    points = by_key(
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
        **{name: told_by(question, given) for name, question in asked.items()},
    }


_POINTS = Look(Points, **of_holder())
_P = TypeVar("_P", bound=Points)


class _Expiry(msgspec.Struct):
    id: TransactionId


class _Taken(msgspec.Struct):
    taken: list[_Expiry]


_TAKEN = Look(_Taken, taken=TAKEN)

# Those that were in force when somebody looked last: most likely they still are.
_policies: dict[TownshipId, list[Policy]] = {}


async def seen(
    town: Town, text: str, look: Look[_P], now: datetime, **values: Any
) -> tuple[Holder, _P, wire.Expiring | None]:
    """The household behind a card, what there is of it, and what of its points expires next. `values` are those
    that the look's own questions want beside `Points`'s. Raises Refused: as `holder`."""
    card = digest(parse(text))
    policies = _policies.get(town.township, [])
    while True:
        boundaries = next_boundaries(policies, now)
        cutoffs = sorted({boundary.cutoff for boundary in boundaries})
        points = await town.look(look, card=card, unit=accounts.POINTS, now=now, cutoffs=cutoffs, **values)
        household = living(points.cards[0] if points.cards else None)
        if points.policies == policies:
            break
        policies = _policies[town.township] = points.policies
    return household, points, coming(boundaries, await _left(town, household, points.up, now))


async def _left(town: Town, household: Holder, up: list[Up], now: datetime) -> list[Up]:
    """Without what was taken already."""
    account = accounts.household(household.code).id
    ids = {expiry_id(account, each.cutoff): each for each in up if each.cutoff <= now}
    if not ids:
        return up
    found = await town.look(_TAKEN, expiries=list(ids))
    gone = [ids[each.id] for each in found.taken]
    return [each for each in up if each not in gone]


async def view(town: Town, device: Device, text: str) -> wire.CardView:
    found, points, expiring = await seen(town, text, _POINTS, town.clock.now())
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


async def issue(town: Town, staff: Staff, households: Sequence[str]) -> list[wire.NewCard]:
    """New cards by the office or a village's committee. Raises Refused: not-allowed, unknown."""
    require(staff, Role.OFFICE, Role.COMMITTEE)
    async with town.work() as work:
        cards = await new_cards(work, households)
        if not all(staff.serves(village) for village in await _villages_of(work, households)):
            raise Refused("not-allowed", "只能为本村的户发卡。")
        return cards


async def new_cards(work: Work, households: Sequence[str]) -> list[wire.NewCard]:
    """New cards, in the order asked for; the old ones die at once. Raises Refused: unknown."""
    rows = await work.session.execute(
        select(Household, Village.name)
        .join(Village, (Village.township == Household.township) & (Village.code == Household.village))
        .where(Household.township == work.township, Household.code.in_(households))
    )
    known = {household.code: (household, village) for household, village in rows}
    for code in households:
        if code not in known:
            raise Refused("unknown", f"没有编号为 {code} 的户。")
    tokens = {code: new_token() for code in known}
    await work.session.execute(
        update(Card)
        .where(
            Card.township == work.township,
            Card.household.in_([household.id for household, _ in known.values()]),
            Card.revoked_at.is_(None),
        )
        .values(revoked_at=work.now)
    )
    await work.session.execute(
        insert(Card),
        [
            {
                "township": work.township,
                "digest": digest(tokens[code]),
                "household": household.id,
                "issued_at": work.now,
                "revoked_at": None,
            }
            for code, (household, _) in known.items()
        ],
    )
    return [
        wire.NewCard(household=code, head=known[code][0].head, village=known[code][1], token=tokens[code])
        for code in dict.fromkeys(households)
    ]


async def _villages_of(work: Work, households: Sequence[str]) -> set[str]:
    found = await work.session.scalars(
        select(Household.village).where(Household.township == work.township, Household.code.in_(households))
    )
    return set(found)


async def revoke(town: Town, staff: Staff, household: str) -> None:
    """A lost card dies at once, also before there is a new one. Raises Refused: not-allowed, unknown."""
    require(staff, Role.OFFICE, Role.COMMITTEE)
    async with town.work() as work:
        found = await work.session.scalar(
            select(Household).where(Household.township == work.township, Household.code == household)
        )
        if found is None or not staff.serves(found.village):
            raise Refused("unknown", f"没有编号为 {household} 的户。")
        await work.session.execute(
            update(Card)
            .where(Card.township == work.township, Card.household == found.id, Card.revoked_at.is_(None))
            .values(revoked_at=work.now)
        )
