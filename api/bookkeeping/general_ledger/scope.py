"""Who may read which accounts: supervisors and the office of the township all of them, a village's people those of
its households and supermarkets."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, case, func, or_

from api.platform.access import Role, Staff
from api.platform.accounts import ESCROW, parse_owner
from api.platform.services import UnitOfWork
from api.registry.register.queries import household_exists, read_households_by_code
from api.shop.supermarkets.queries import is_supermarket, read_villages_of
from ledger.tables import account

READERS = (Role.COMMITTEE, Role.SUPERVISOR, Role.OFFICE)


def may_read_all(staff: Staff) -> bool:
    return staff.serves_township and staff.may(Role.SUPERVISOR, Role.OFFICE)


async def read_villages(uow: UnitOfWork, names: Iterable[str]) -> dict[str, str]:
    """The village of each of these accounts that belongs to a household or a supermarket."""
    owners = {name: parse_owner(name) for name in set(names)}
    villages: dict[tuple[str, str], str] = {}
    households = {code for kind, code in owners.values() if kind == "household"}
    if households:
        found = await read_households_by_code(uow, households)
        villages |= {("household", code): household.village for code, household in found.items()}
    supermarkets = {code for kind, code in owners.values() if kind == "supermarket"}
    if supermarkets:
        places = await read_villages_of(uow, supermarkets)
        villages |= {("supermarket", code): village for code, village in places.items()}
    return {name: villages[owner] for name, owner in owners.items() if owner in villages}


async def may_read(uow: UnitOfWork, staff: Staff, names: Iterable[str]) -> bool:
    """Whether this person may read any of these accounts."""
    if may_read_all(staff):
        return True
    return any(staff.serves(village) for village in (await read_villages(uow, names)).values())


def readable_accounts(staff: Staff) -> list[ColumnElement[bool]]:
    """The same as conditions on `ledger.account`."""
    if may_read_all(staff):
        return []
    first, code = (func.split_part(account.c.name, ":", n) for n in (1, 2))
    kind = case((first == ESCROW.rstrip(":"), "household"), else_=first)
    return [
        or_(
            *(
                and_(kind == holds, is_one(account.c.township, code, staff.village))
                for holds, is_one in (("household", household_exists), ("supermarket", is_supermarket))
            )
        )
    ]
