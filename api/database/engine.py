"""Connections: the application's, which may only do what the application's role may, and the owner's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, event, make_url
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from api.database.embedded import APP, OWNER, Embedded
from api.database.look import Look
from api.problems import Refused
from api.settings import Settings

DATABASE = "jimei"

LOOKS_AT_ONCE = 6
PATIENCE = 30.0
"""Seconds that a look waits for its turn; sessions wait as long for theirs."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """The same database through two doors: `owner` migrates, `app` serves. `data` is the folder for what is kept
    beside it; `embedded`: the server is one of our own, on this machine."""

    owner: URL
    app: URL
    data: Path
    embedded: bool


@contextmanager
def reach(settings: Settings) -> Iterator[Access]:
    """The database that the settings name; an embedded server runs at least as long as the block."""
    if settings.database_url is not None:
        try:
            url = make_url(settings.database_url).set(drivername="postgresql+asyncpg")
        except ArgumentError:
            raise Refused(
                "database-url", "JIMEI_DATABASE_URL 不是数据库地址，应形如 postgresql://用户@主机/库名。"
            ) from None
        yield Access(owner=url, app=url, data=settings.data, embedded=False)
        return
    with Embedded(settings.data) as server, server.kept_running():
        yield Access(server.url(OWNER, DATABASE), server.url(APP, DATABASE), settings.data, embedded=True)


class Database:
    """Hands out sessions; the use case that takes one owns the transaction, and nothing below it commits."""

    def __init__(self, url: URL, pool_size: int = 10) -> None:
        self.engine = _engine(url, pool_size)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        # A look is one statement: a transaction around it would take two more round trips. And it is a long one:
        # planning it takes four times as long as running it, so all of a connection's share a plan.
        self._looks = _engine(
            url, LOOKS_AT_ONCE, isolation_level="AUTOCOMMIT", plan_cache_mode="force_generic_plan"
        )
        self._turns = asyncio.Semaphore(LOOKS_AT_ONCE)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        async with self._sessions.begin() as session:
            yield session

    async def look(self, look: Look[T], values: Mapping[str, Any]) -> T:
        """Raises TimeoutError where no connection is free in time."""
        # By turns, who came first first; and none of these connections is only opened for the moment.
        async with asyncio.timeout(PATIENCE):
            await self._turns.acquire()
        try:
            async with self._looks.connect() as connection:
                told = await connection.exec_driver_sql(look.sql, look.parameters(values))
        finally:
            self._turns.release()
        return look.read(told.scalar_one())

    async def close(self) -> None:
        await self.engine.dispose()
        await self._looks.dispose()
        # Like its connections, of the loop that has used it.
        self._turns = asyncio.Semaphore(LOOKS_AT_ONCE)


def _engine(
    url: URL, pool_size: int, isolation_level: IsolationLevel = "READ COMMITTED", **settings: str
) -> AsyncEngine:
    # Whoever the connection signs in as, it steps down to the application's role before its first word.
    # What is asked for again and again lies in memory: looking it up by key beats reading even a small table.
    settings = {"role": APP, "timezone": "UTC", "random_page_cost": "1.1", **settings}
    engine = create_async_engine(
        url, pool_size=pool_size, isolation_level=isolation_level, connect_args={"server_settings": settings}
    )
    event.listen(engine.sync_engine, "checkout", _require_open)
    return engine


def _require_open(connection: Any, *_: object) -> None:
    """After the database died, have the pool connect anew instead of handing out what is left of a connection.

    Costs no round trip, unlike the pool's own pre-ping: the driver knows when its socket was closed.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError
