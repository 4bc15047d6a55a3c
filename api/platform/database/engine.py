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
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from api.platform.data_folder import require_own_folder
from api.platform.database.connect import DatabaseAway, connect, create_engine
from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.read_query import ReadQuery
from api.platform.errors import ErrorCode, Refused
from api.platform.settings import Settings

DATABASE = "jimei"

READS = "jimei-reads"
"""The application name of the connections that run read queries."""
MAX_READS = 6
READ_TIMEOUT = 30.0
"""Seconds that a read query waits for a connection; the default for sessions is the same."""
CLOSE_TIMEOUT = 2.0
"""Seconds that closing waits for running read queries."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """The same database as two roles: `owner` migrates, `app` serves. `data` is the folder for files kept beside
    it; `embedded`: the server is our own, on this machine."""

    owner: URL
    app: URL
    data: Path
    embedded: bool


@contextmanager
def reach(settings: Settings) -> Iterator[Access]:
    """The database that the settings name; an embedded server runs at least as long as the block. Raises Refused:
    database-url, not-our-folder."""
    require_own_folder(settings.data)
    if settings.database_url is not None:
        try:
            url = make_url(settings.database_url).set(drivername="postgresql+asyncpg")
        except ArgumentError:
            raise Refused(
                ErrorCode.DATABASE_URL, "JIMEI_DATABASE_URL 不是数据库地址，应形如 postgresql://用户@主机/库名。"
            ) from None
        yield Access(owner=url, app=url, data=settings.data, embedded=False)
        return
    with Embedded(settings.data) as server, server.keep_running():
        yield Access(server.url(OWNER, DATABASE), server.url(APP, DATABASE), settings.data, embedded=True)


class Database:
    """Hands out sessions; the use case that takes one owns the transaction, and nothing below it commits."""

    def __init__(self, url: URL, pool_size: int = 10) -> None:
        self.engine = _engine(url, pool_size)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._readers: asyncpg.Pool | None = None
        self._free_readers = asyncio.Semaphore(MAX_READS)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        async with self._sessions.begin() as session:
            yield session

    async def read(self, query: ReadQuery[T], values: Mapping[str, Any]) -> T:
        """Raises DatabaseAway where no connection is free in time, and like a session what the database says."""
        try:
            # First come, first served.
            async with asyncio.timeout(READ_TIMEOUT):
                await self._free_readers.acquire()
        except TimeoutError:
            raise DatabaseAway("no free connection in time") from None
        try:
            if self._readers is None:
                self._readers = await _reader_pool(self.engine.url)
            result = await self._readers.fetchval(query.sql, *query.parameters(values))
        except asyncpg.PostgresError as error:
            raise DBAPIError(query.sql, None, error) from error
        except asyncpg.InterfaceError as error:
            raise InterfaceError(query.sql, None, error) from error
        finally:
            self._free_readers.release()
        return query.decode(result)

    async def close(self) -> None:
        """Called by the event loop that used it; another loop may use it afterwards."""
        await self.engine.dispose()
        if self._readers is not None:
            # Queries still running are cut off then.
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self._readers.close()
        self._readers = None
        self._free_readers = asyncio.Semaphore(MAX_READS)


# Whoever the connection signs in as, it takes the application's role first.
# Hot pages lie in memory, so looking a row up by key beats reading even a small table.
_SETTINGS = {"application_name": "jimei", "role": APP, "timezone": "UTC", "random_page_cost": "1.1"}


def _engine(url: URL, pool_size: int) -> AsyncEngine:
    engine = create_engine(url, pool_size=pool_size, server_settings=_SETTINGS)
    event.listen(engine.sync_engine, "checkout", _require_open)
    return engine


async def _reader_pool(url: URL) -> asyncpg.Pool:
    """Connections for read queries alone, opened when needed, then kept."""
    # The driver's own pool: through SQLAlchemy one statement that is its own transaction would
    # take the server three times as long. It is a long statement, too: planning it takes four times as long as
    # running it, so all of a connection's share a plan.
    _, known = url.get_dialect()().create_connect_args(url)
    # The one argument that is SQLAlchemy's own.
    known.pop("prepared_statement_cache_size", None)
    return await asyncpg.create_pool(
        **known,
        connect=connect,
        server_settings=_SETTINGS | {"application_name": READS, "plan_cache_mode": "force_generic_plan"},
        min_size=0,
        max_size=MAX_READS,
        max_inactive_connection_lifetime=0,
        reset=_no_reset,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=0,
    )


async def _no_reset(_: asyncpg.Connection) -> None:
    """No reset: it would cost a round trip for each query."""


def _require_open(connection: Any, *_: object) -> None:
    """After the database died, have the pool connect anew instead of handing out what is left of a connection.

    Costs no round trip, unlike the pool's own pre-ping: the driver knows when its socket was closed.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError
