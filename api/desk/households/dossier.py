"""All that the desk shows of a household, to those who may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from api import wire
from api.bookkeeping.general_ledger.scope import READERS as BOOK_READERS
from api.desk.households.under_way import UnderWay, read_under_way
from api.platform import accounts
from api.platform.access import Role, Staff
from api.platform.services import Services
from api.registry.cards.queries import CardFacts, read_living_card
from api.registry.people.queries import list_of_household
from api.registry.register.changing import (
    CHANGERS,
    PlaceNames,
    find_household,
    read_history,
    read_kept_until,
    read_place_names,
)
from api.registry.register.merged import read_remaining
from api.registry.register.queries import HouseholdFacts, list_merged_into
from ledger.transactions import Balance


@dataclass(frozen=True, slots=True)
class Dossier:
    """`remaining`: what a merged household has become; `absorbed`: those that were merged into this one. `staff`:
    who serves and lives here, so has no part in its matters. `balance`: for those who may read the books.
    `changeable`, `movable`: by this person."""

    household: HouseholdFacts
    places: PlaceNames
    remaining: HouseholdFacts
    absorbed: Sequence[HouseholdFacts]
    card: CardFacts | None
    staff: Sequence[str]
    history: Sequence[wire.HouseholdChange]
    under_way: UnderWay
    balance: Balance | None
    kept_until: date | None
    changeable: bool
    movable: bool

    @property
    def is_merged(self) -> bool:
        return self.remaining.id != self.household.id


async def read_dossier(services: Services, staff: Staff, code: str) -> Dossier:
    """Raises Refused: not-allowed, unknown."""
    async with services.snapshot() as uow:
        household = await find_household(uow, staff, code)
        account = accounts.household(code).id
        return Dossier(
            household=household,
            places=await read_place_names(uow),
            remaining=await read_remaining(uow, household),
            absorbed=await list_merged_into(uow, household.id),
            card=await read_living_card(uow, household.id),
            staff=await list_of_household(uow, household.code),
            history=await read_history(uow, household),
            under_way=await read_under_way(uow, [household]),
            balance=await uow.books.read_balance(account) if staff.may(*BOOK_READERS) else None,
            kept_until=None if household.is_living else await read_kept_until(uow, household),
            changeable=staff.may(*CHANGERS) and not staff.find_recusal([code], code),
            movable=staff.may(Role.OFFICE) and staff.serves_township,
        )
