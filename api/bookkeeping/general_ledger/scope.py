"""Who may read what of the books: supervisors and the office all of it, a committee what its village's households
and supermarkets own."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, case, func, or_

from api.platform.access import Role, Staff
from api.platform.accounts import ESCROW, parse_owner
from api.platform.services import UnitOfWork
from api.registry.register.queries import household_exists, read_households_by_code
from api.shop.stock import queries as stock
from ledger.tables import account

READERS = (Role.COMMITTEE, Role.SUPERVISOR, Role.OFFICE)


def reads_all(staff: Staff) -> bool:
    return staff.may(Role.SUPERVISOR, Role.OFFICE)


async def villages_of(uow: UnitOfWork, names: Iterable[str]) -> dict[str, str]:
    """The village behind each of these accounts that belongs to a household or a supermarket."""
    held = {name: parse_owner(name) for name in set(names)}
    villages: dict[tuple[str, str], str] = {}
    households = {code for holds, code in held.values() if holds == "household"}
    if households:
        found = await read_households_by_code(uow, households)
        villages |= {("household", code): household.village for code, household in found.items()}
    supermarkets = {code for holds, code in held.values() if holds == "supermarket"}
    if supermarkets:
        places = await stock.read_villages_of(uow, supermarkets)
        villages |= {("supermarket", code): village for code, village in places.items()}
    return {name: villages[owner] for name, owner in held.items() if owner in villages}


async def may_read(uow: UnitOfWork, staff: Staff, names: Iterable[str]) -> bool:
    """Whether any of these accounts is this person's to read."""
    if reads_all(staff):
        return True
    return any(staff.serves(village) for village in (await villages_of(uow, names)).values())


def readable(staff: Staff) -> list[ColumnElement[bool]]:
    """The same as conditions on `ledger.account`."""
    if reads_all(staff):
        return []
    first, code = (func.split_part(account.c.name, ":", n) for n in (1, 2))
    kind = case((first == ESCROW.rstrip(":"), "household"), else_=first)
    return [
        or_(
            *(
                and_(kind == holds, is_one(account.c.township, code, staff.village))
                for holds, is_one in (("household", household_exists), ("supermarket", stock.is_supermarket))
            )
        )
    ]
