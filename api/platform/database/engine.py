"""Connections: the application's, which may only do what the application's role may, and the owner's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.look import Look
from api.platform.problems import Refused
from api.platform.settings import Settings

DATABASE = "jimei"

LOOKS = "jimei-looks"
"""What their connections are called in the database."""
LOOKS_AT_ONCE = 6
PATIENCE = 30.0
"""Seconds that a look waits for its turn; sessions wait as long for theirs."""
CLOSING = 2.0
"""Seconds that closing waits for looks to end."""

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
        self._looks: asyncpg.Pool | None = None
        self._turns = asyncio.Semaphore(LOOKS_AT_ONCE)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        async with self._sessions.begin() as session:
            yield session

    async def look(self, look: Look[T], values: Mapping[str, Any]) -> T:
        """Raises TimeoutError where no connection is free in time, and like a session what the database says."""
        # By turns, who came first first.
        async with asyncio.timeout(PATIENCE):
            await self._turns.acquire()
        try:
            if self._looks is None:
                self._looks = await _lookers(self.engine.url)
            told = await self._looks.fetchval(look.sql, *look.parameters(values))
        except asyncpg.PostgresError as error:
            raise DBAPIError(look.sql, None, error) from error
        except asyncpg.InterfaceError as error:
            raise InterfaceError(look.sql, None, error) from error
        finally:
            self._turns.release()
        return look.read(told)

    async def close(self) -> None:
        """Of the loop that has used it; another one may then."""
        await self.engine.dispose()
        if self._looks is not None:
            # Whatever still looks is cut off then.
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSING):
                    await self._looks.close()
        self._looks = None
        self._turns = asyncio.Semaphore(LOOKS_AT_ONCE)


# Whoever the connection signs in as, it steps down to the application's role before its first word.
# What is asked for again and again lies in memory: looking it up by key beats reading even a small table.
_SETTINGS = {"application_name": "jimei", "role": APP, "timezone": "UTC", "random_page_cost": "1.1"}


def _engine(url: URL, pool_size: int) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=pool_size, connect_args={"server_settings": _SETTINGS})
    event.listen(engine.sync_engine, "checkout", _require_open)
    return engine


async def _lookers(url: URL) -> asyncpg.Pool:
    """Connections for looks alone, opened when there is need of them, and then kept."""
    # The driver's own pool: on its way through SQLAlchemy a look, one statement that is its own transaction, would
    # take the server three times as long. It is a long statement, too: planning it takes four times as long as
    # running it, so all of a connection's share a plan.
    _, known = url.get_dialect()().create_connect_args(url)
    # The one word of such an address that is SQLAlchemy's own.
    known.pop("prepared_statement_cache_size", None)
    return await asyncpg.create_pool(
        **known,
        server_settings=_SETTINGS | {"application_name": LOOKS, "plan_cache_mode": "force_generic_plan"},
        min_size=0,
        max_size=LOOKS_AT_ONCE,
        max_inactive_connection_lifetime=0,
        reset=_as_it_is,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=0,
    )


async def _as_it_is(_: asyncpg.Connection) -> None:
    """Otherwise it would be asked to forget what it was told, a round trip for each look."""


def _require_open(connection: Any, *_: object) -> None:
    """After the database died, have the pool connect anew instead of handing out what is left of a connection.

    Costs no round trip, unlike the pool's own pre-ping: the driver knows when its socket was closed.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError
