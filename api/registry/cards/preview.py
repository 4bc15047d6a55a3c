"""Whom cards are issued to, and what issuing would do, before it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from sqlalchemy import exists, select

from api import wire
from api.platform.access import Staff, require, require_serves, require_township
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.issuing import find_valued, fingerprint, read_allowance, read_living
from api.registry.cards.tables import Card
from api.registry.cards.use_cases import ISSUERS
from api.registry.register.queries import (
    HouseholdFacts,
    all_households,
    list_grids,
    read_households_by_code,
    suggest_codes,
)


async def preview_cards(services: Services, staff: Staff, selection: wire.CardSelection) -> wire.CardPreview:
    """Writes nothing. Raises Refused: not-allowed, unknown."""
    require(staff, *ISSUERS)
    async with services.unit_of_work() as uow:
        codes = selection.households or await _list_selected(uow, staff, selection)
        known = await read_households_by_code(uow, codes)
        unknown = [code for code in dict.fromkeys(codes) if not _is_served(staff, known.get(code))]
        suggested = await suggest_codes(uow, unknown)
        meant = await read_households_by_code(uow, suggested.values())
        left_out = {code: why for code in dict.fromkeys(codes) if (why := _find_bar(staff, known.get(code)))}
        chosen = {code: known[code] for code in known if code not in left_out and code not in unknown}
        living = await read_living(uow, [household.id for household in chosen.values()])
        valued = len(await find_valued(uow, chosen))
        allowance = await read_allowance(uow, staff.id)
        return wire.CardPreview(
            households=arrange(chosen.values()),
            replaced=sorted(code for code, household in chosen.items() if household.id in living),
            named_twice=sorted(code for code, times in Counter(codes).items() if times > 1),
            unknown={
                code: suggested[code] if code in suggested and _is_served(staff, meant[suggested[code]]) else ""
                for code in unknown
            },
            left_out=left_out,
            alone=allowance.covers(valued, len(chosen) - valued),
            cards_left=allowance.cards,
            first_cards_left=allowance.first_cards,
            seen=fingerprint(living),
        )


def arrange(households: Collection[HouseholdFacts]) -> list[str]:
    """Codes in the order of a sheet: by village, grid and house."""
    return [h.code for h in sorted(households, key=lambda each: (each.village, each.grid, each.code))]


async def _list_selected(uow: UnitOfWork, staff: Staff, selection: wire.CardSelection) -> Sequence[str]:
    """Living households of a village, a grid or the whole township. Raises Refused: not-allowed, unknown."""
    village = selection.village
    if selection.grid is not None:
        grid = next((grid for grid in await list_grids(uow) if grid.code == selection.grid), None)
        if grid is None or village not in (None, grid.village):
            raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {selection.grid} 的网格。")
        village = grid.village
    if village is None:
        require_township(staff, *ISSUERS)
    else:
        require_serves(staff, village)
    household = all_households(uow.township)
    has_card = exists().where(
        Card.township == uow.township, Card.household == household.c.id, Card.revoked_at.is_(None)
    )
    codes = await uow.session.scalars(
        select(household.c.code).where(
            household.c.ended_at.is_(None),
            *([household.c.village == village] if village is not None else []),
            *([household.c.grid == selection.grid] if selection.grid is not None else []),
            *([~has_card] if selection.without else []),
        )
    )
    return codes.all()


def _is_served(staff: Staff, household: HouseholdFacts | None) -> bool:
    return household is not None and staff.serves(household.village)


def _find_bar(staff: Staff, household: HouseholdFacts | None) -> str:
    """Why this household gets no card from this person; empty if it may."""
    if household is None or not staff.serves(household.village):
        return ""
    if not household.is_living:
        return "已经销户。"
    return staff.find_recusal([household.code], "自己家的卡，请由别人办理。")
