"""Add supermarkets, name them, say when they are open; list and check them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import insert, select
from uuid_utils.compat import uuid7

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require, require_township
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import name_subquery
from api.shop.supermarkets.hours import describe_week, require_order
from api.shop.supermarkets.queries import convert_hours, find_supermarkets
from api.shop.supermarkets.tables import Supermarket, SupermarketChange
from api.wire.supermarkets import OpeningHours, SupermarketView
from api.wire.supermarkets import SupermarketChange as Change

READERS = (Role.OFFICE, Role.COMMITTEE, Role.SUPERVISOR)


async def add_supermarkets(services: Services, staff: Staff, supermarkets: Sequence[wire.NewSupermarket]) -> int:
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await uow.session.execute(
            insert(Supermarket),
            [
                {"township": uow.township, "code": s.code, "village": s.village, "name": s.name}
                for s in supermarkets
            ],
        )
        uow.session.add_all(_record(uow, staff, s.code, s.name, None) for s in supermarkets)
        await uow.books.open_accounts([accounts.till(s.code) for s in supermarkets], uow.now)
    return len(supermarkets)


async def propose_code(services: Services, village: str) -> str:
    """A free code for a supermarket of this village: the village's own, or that with a number."""
    async with services.unit_of_work() as uow:
        taken = set(
            await uow.session.scalars(
                select(Supermarket.code).where(
                    Supermarket.township == uow.township, Supermarket.code.startswith(village, autoescape=True)
                )
            )
        )
    numbered = (f"{village}-{number}" for number in range(2, len(taken) + 3))
    return village if village not in taken else next(code for code in numbered if code not in taken)


async def change_supermarket(services: Services, staff: Staff, code: str, change: Change) -> None:
    """The office names supermarkets; hours are also said by the committee of the village.

    Raises Refused: not-allowed, unknown, malformed.
    """
    require(staff, Role.OFFICE, Role.COMMITTEE)
    if change.name is not None:
        require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await lock_supermarket(uow, code)
        supermarket = await require_served(uow, staff, code)
        before = supermarket.name, supermarket.hours
        if change.name is not None:
            supermarket.name = change.name
        if change.hours is not None:
            try:
                supermarket.hours = msgspec.to_builtins(require_order(change.hours))
            except ValueError as error:
                raise Refused(ErrorCode.MALFORMED, str(error)) from None
        if (supermarket.name, supermarket.hours) != before:
            uow.session.add(_record(uow, staff, code, supermarket.name, supermarket.hours))


async def list_supermarkets(services: Services, staff: Staff) -> Sequence[Supermarket]:
    """Those that a person serves, by code."""
    async with services.unit_of_work() as uow:
        return await find_supermarkets(uow, staff)


async def view_supermarkets(services: Services, staff: Staff) -> list[SupermarketView]:
    """Those that a person serves, by code. Raises Refused: not-allowed."""
    require(staff, *READERS)
    return [to_view(each) for each in await list_supermarkets(services, staff)]


def to_view(supermarket: Supermarket) -> SupermarketView:
    return SupermarketView(
        code=supermarket.code,
        village=supermarket.village,
        name=supermarket.name,
        hours=convert_hours(supermarket.hours),
    )


@dataclass(frozen=True, slots=True)
class SupermarketHistory:
    """What it was called and when it was open, since a change by this person."""

    name: str
    hours: str
    person: str
    changed_at: datetime


async def list_changes(services: Services, staff: Staff, code: str) -> list[SupermarketHistory]:
    """The latest first. Raises Refused: not-allowed, unknown."""
    require(staff, *READERS)
    async with services.unit_of_work() as uow:
        await require_served(uow, staff, code)
        rows = await uow.session.execute(
            select(
                SupermarketChange.name,
                SupermarketChange.hours,
                name_subquery(SupermarketChange.township, SupermarketChange.person).label("person"),
                SupermarketChange.changed_at,
            )
            .where(SupermarketChange.township == uow.township, SupermarketChange.supermarket == code)
            .order_by(SupermarketChange.changed_at.desc(), SupermarketChange.id.desc())
        )
        return [
            SupermarketHistory(name, _describe(convert_hours(hours)), person, changed_at)
            for name, hours, person, changed_at in rows
        ]


def _describe(hours: OpeningHours | None) -> str:
    return "" if hours is None else describe_week(hours)


async def require_supermarket(uow: UnitOfWork, code: str) -> None:
    """Raises Refused: unknown."""
    if await uow.session.get(Supermarket, (uow.township, code)) is None:
        raise _unknown(code)


async def require_served(uow: UnitOfWork, staff: Staff, code: str) -> Supermarket:
    """A supermarket that this person serves. Raises Refused: unknown."""
    supermarket = await uow.session.get(Supermarket, (uow.township, code))
    if supermarket is None or not staff.serves(supermarket.village):
        raise _unknown(code)
    return supermarket


async def lock_supermarket(uow: UnitOfWork, code: str) -> None:
    """Until the caller's transaction ends; rows that only refer to it can still be written."""
    await uow.session.execute(
        select(Supermarket.code)
        .where(Supermarket.township == uow.township, Supermarket.code == code)
        .with_for_update(key_share=True)
    )


def _unknown(code: str) -> Refused:
    return Refused(ErrorCode.UNKNOWN, f"没有编号为 {code} 的超市。")


def _record(
    uow: UnitOfWork, staff: Staff, code: str, name: str, hours: dict[str, object] | None
) -> SupermarketChange:
    return SupermarketChange(
        township=uow.township,
        id=uuid7(),
        supermarket=code,
        name=name,
        hours=hours,
        person=staff.id,
        changed_at=uow.now,
    )
