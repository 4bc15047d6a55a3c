"""Add supermarkets; list and check them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require_township
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.shop.supermarkets.queries import find_supermarkets
from api.shop.supermarkets.tables import Supermarket


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
        await uow.books.open_accounts([accounts.till(s.code) for s in supermarkets], uow.now)
    return len(supermarkets)


async def list_supermarkets(services: Services, staff: Staff) -> Sequence[Supermarket]:
    """Those that a person serves, by code."""
    async with services.unit_of_work() as uow:
        return await find_supermarkets(uow, staff)


async def require_supermarket(uow: UnitOfWork, code: str) -> None:
    """Raises Refused: unknown."""
    if await uow.session.get(Supermarket, (uow.township, code)) is None:
        raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {code} 的超市。")
