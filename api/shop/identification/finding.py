"""Find the household of somebody who stands at the till without its card, and freeze a card that is lost."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import regex

from api.platform.access import Device
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.queries import read_living_cards
from api.registry.cards.use_cases import freeze
from api.registry.proposals.use_cases import Signer
from api.registry.register.queries import (
    HouseholdFacts,
    list_grids,
    list_villages,
    read_households,
    require_living,
)
from api.registry.register.search import find_households
from api.registry.tries.use_cases import LockedOut, Lockout, count_one
from api.shop.kiosks.use_cases import require_open_shift
from api.shop.supermarkets.queries import read_villages_of
from api.wire.identification import CardFreeze, FoundHousehold
from api.wire.lockout import WindowPolicy
from api.wire.names import mask_name
from api.wire.text import search_form

MOST_FOUND = 9
SEARCHES = WindowPolicy(max_failures=40, window=timedelta(hours=1), duration=timedelta(minutes=10))
"""At a kiosk: enough for a market day, too few to copy the register."""
CODE_END = 4

_SIGNS = regex.compile(r"[\p{L}\p{M}\p{N}]")


async def find_at_till(services: Services, device: Device, shift: str, text: str) -> list[FoundHousehold]:
    """Living households of the supermarket's village, at most nine. Raises Refused: shift-closed, malformed,
    too-many."""
    async with services.unit_of_work() as uow:
        await require_open_shift(uow, device, shift)
    _require_enough(text)
    try:
        await count_one(services, Lockout(SEARCHES, ("till-search", str(device.id))))
    except LockedOut as locked:
        raise Refused(
            ErrorCode.TOO_MANY,
            f"这台终端找户太频繁，请 {locked.minutes} 分钟后再找；这户先拿卡来也可以。",
            retry_after=locked.seconds,
        ) from None
    async with services.unit_of_work() as uow:
        village = await _read_village(uow, device)
        return await _to_wire(uow, village, await find_households(uow, text, village, MOST_FOUND))


async def freeze_at_till(services: Services, device: Device, shift: str, data: CardFreeze) -> None:
    """Also the attendant's own household's. Safe to retry. Raises Refused: shift-closed, unknown, household-ended,
    wrong-state."""
    async with services.unit_of_work() as uow:
        by = await require_open_shift(uow, device, shift)
        household = await find_served_here(uow, device, data.household)
        await freeze(uow, household.id, Signer(by.attendant, by.name, at_till=True), data.reason)


async def find_served_here(uow: UnitOfWork, device: Device, id: UUID) -> HouseholdFacts:
    """A living household of this supermarket's village. Raises Refused: unknown, household-ended."""
    found = (await read_households(uow, [id])).get(id)
    if found is None or found.village != await _read_village(uow, device):
        raise Refused(ErrorCode.UNKNOWN, "本店没有这一户，请重新找户。")
    return require_living(found)


def _require_enough(text: str) -> None:
    signs = "".join(_SIGNS.findall(search_form(text)))
    if len(signs) < (3 if signs.isdigit() else 2):
        raise Refused(ErrorCode.MALFORMED, "请至少输入两个字（或拼音字母），或者编号的最后三位。")


async def _read_village(uow: UnitOfWork, device: Device) -> str:
    return (await read_villages_of(uow, [device.supermarket]))[device.supermarket]


async def _to_wire(uow: UnitOfWork, village: str, households: list[HouseholdFacts]) -> list[FoundHousehold]:
    cards = await read_living_cards(uow, [each.id for each in households])
    grids = {grid.code: grid.name for grid in await list_grids(uow, village)}
    [village_name] = [each.name for each in await list_villages(uow) if each.code == village]
    return [
        FoundHousehold(
            household=each.id,
            name=mask_name(each.head),
            village=village_name,
            grid=grids[each.grid],
            code_end=each.code[-CODE_END:],
            has_card=card is not None,
            frozen=card is not None and card.frozen_at is not None,
            has_pin=card is not None and card.has_pin,
        )
        for each in households
        for card in [cards.get(each.id)]
    ]
