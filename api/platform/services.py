"""What every use case works with: the database, the clock, and units of work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.platform.clock import Clock
from api.platform.database.engine import Database
from api.platform.database.read_query import ReadQuery
from api.platform.disk import MeasureSpace, measure_space
from ledger.books import Books
from ledger.transactions import TownshipId

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """One database transaction of one township, at one moment: all of it is committed or nothing."""

    session: AsyncSession
    books: Books
    township: TownshipId
    now: datetime

    async def read(self, query: ReadQuery[T], **values: Any) -> T:
        """As `Services.read`, within this transaction."""
        connection = await self.session.connection()
        result = await connection.exec_driver_sql(
            query.sql, query.parameters({"township": self.township, **values})
        )
        return query.decode(result.scalar_one())


@dataclass(frozen=True, slots=True)
class Services:
    """`data`: the folder for files outside the database; `measure`: how much room its disk has."""

    database: Database
    clock: Clock
    township: TownshipId
    data: Path
    measure: MeasureSpace = measure_space

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """Opened only by use cases; commits at the end, or rolls back on an exception."""
        async with self.database.begin() as session:
            books = Books(await session.connection(), self.township)
            yield UnitOfWork(session, books, self.township, self.clock.now())

    async def read(self, query: ReadQuery[T], **values: Any) -> T:
        """One statement without a unit of work: reads everything as of one moment. Writes by SQL functions in it
        are committed."""
        return await self.database.read(query, {"township": self.township, **values})

    @asynccontextmanager
    async def snapshot(self, same_as: UnitOfWork | None = None) -> AsyncIterator[UnitOfWork]:
        """A read-only unit of work with a consistent view of the database; that of `same_as`, if given."""
        async with self.unit_of_work() as uow:
            await uow.session.execute(text("set transaction isolation level repeatable read, read only"))
            if same_as is not None:
                snapshot = await same_as.session.scalar(text("select pg_export_snapshot()"))
                await uow.session.execute(text(f"set transaction snapshot '{snapshot}'"))
            yield uow


async def compare_clocks(services: Services) -> bool:
    """Hold the clock against the database's."""
    async with services.unit_of_work() as uow:
        witness = await uow.session.scalar(select(func.clock_timestamp()))
    assert witness is not None
    services.clock.compare(witness)
    return False


async def watch_clock(services: Services) -> bool:
    """Ask the database as long as the machine's clock isn't followed: it may know that it was put right."""
    return services.clock.jump is not None and await compare_clocks(services)
