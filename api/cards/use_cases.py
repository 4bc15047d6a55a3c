"""Issue and revoke household cards; find the household behind one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, case, insert, select, update

from api import accounts, wire
from api.access import Device, Role, Staff, require
from api.cards.tables import Card
from api.cards.token import digest, new_token, parse
from api.expiry.policies import coming
from api.offline.holdings import held_at_kiosks
from api.problems import Refused
from api.promises.queries import promised_to, told
from api.register.tables import Household, Village
from api.town import Town, Work


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


async def holder(work: Work, text: str) -> Holder:
    """The household behind a card or its token. Raises Refused: card-malformed, card-unknown, card-revoked."""
    found = await of_card(work, digest(parse(text)))
    if found is None:
        raise Refused("card-unknown", "没有这张卡，请核对或到村委会补办。")
    household, revoked = found
    if revoked:
        raise Refused("card-revoked", "这张卡已挂失作废，请使用新卡。")
    return household


# Made once: with each card that is scanned, making a statement would take longer than running it.
_OF_CARD = (
    select(
        Household.id,
        Household.code,
        Household.head,
        Household.village,
        Village.name.label("village_name"),
        case((Card.pin_hash.is_not(None), Card.pin_above)).label("pin_above"),
        Card.revoked_at,
    )
    .join(Card, (Card.township == Household.township) & (Card.household == Household.id))
    .join(Village, (Village.township == Household.township) & (Village.code == Household.village))
    .where(Card.township == bindparam("township"), Card.digest == bindparam("card"))
)


async def of_card(work: Work, card: bytes) -> tuple[Holder, bool] | None:
    """The household of a card by its digest, and whether the card was reported lost."""
    row = (await work.session.execute(_OF_CARD, {"township": work.township, "card": card})).first()
    if row is None:
        return None
    found = Holder(row.id, row.code, row.head, row.village, row.village_name, row.pin_above)
    return found, row.revoked_at is not None


async def view(town: Town, device: Device, text: str) -> wire.CardView:
    async with town.work() as work:
        found = await holder(work, text)
        account = accounts.household(found.code).id
        balance = await work.books.balance(account)
        here, elsewhere = await held_at_kiosks(work, found.id, found.code, device)
        expiring = await coming(work, account)
        return wire.CardView(
            household=found.id,
            name=found.masked,
            village=found.village_name,
            balance=balance.available + here,
            elsewhere=elsewhere,
            pending=balance.expected,
            expiring=[expiring] if expiring is not None else [],
            promises=[told(p) for p in await promised_to(work, found.id) if p.supermarket == device.supermarket],
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
