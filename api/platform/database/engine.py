"""Connections: the application's, which may only do what the application's role may, and the owner's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import URL, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from api.platform.data_folder import require_own_folder
from api.platform.database.address import parse_address
from api.platform.database.connect import READ_ONLY, SESSION, DatabaseAway, connect, create_engine
from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.read_query import ReadQuery, WriteQuery
from api.platform.errors import ErrorCode, Refused
from api.platform.settings import Settings

DATABASE = "jimei"

READS = "jimei-reads"
"""The application name of the connections that run read queries."""
MAX_READS = 6
READ_TIMEOUT = 30.0
"""Seconds that a read query waits for a connection, and again for its answer. For the first, sessions too."""
STATEMENT_TIMEOUT = 60.0
"""Seconds for a statement of a server: what it serves takes milliseconds, what it does by itself a second."""
COMMIT_TIMEOUT = 10.0
"""Seconds for a commit, which otherwise might wait for ever: for a standby that is gone, for a disk."""
DOUBTFUL_COMMIT_TIMEOUT = 3.0
"""The same after one that wasn't confirmed."""
_MARGIN = 5.0
"""Seconds that the server has to give up a statement by itself, before the connection is given up."""
CLOSE_TIMEOUT = 2.0
"""Seconds that closing waits for running read queries."""

_CONNECTION_LOST = "08"
"""The class of PostgreSQL's codes."""
# Nothing that anybody would read; its commit is one like any other.
_WRITE_NOTHING = text("select pg_logical_emit_message(true, 'jimei', '')")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """The same database by two logins: `owner` migrates, `app` serves. `data` is the folder for files kept beside
    it; `embedded`: the server is our own, on this machine; `durable`: what was confirmed outlives a power cut."""

    owner: URL | None
    app: URL
    data: Path
    embedded: bool
    durable: bool = True

    def require_owner(self) -> URL:
        """Raises Refused: database-url."""
        if self.owner is None:
            raise Refused(
                ErrorCode.DATABASE_URL,
                "这一步要用数据库主人的登录：请把 JIMEI_DATABASE_OWNER_URL 设成同一个库、由主人登录的地址"
                "（JIMEI_DATABASE_URL 只是程序自己的登录）。",
            )
        return self.owner


@contextmanager
def reach(settings: Settings) -> Iterator[Access]:
    """The database that the settings name; an embedded server runs at least as long as the block. Raises Refused:
    database-url, not-our-folder."""
    require_own_folder(settings.data)
    own = locate_own(settings)
    if own is not None:
        yield own
        return
    with Embedded(settings.data) as server, server.keep_running():
        yield Access(server.url(OWNER, DATABASE), server.url(APP, DATABASE), settings.data, embedded=True)


def locate_own(settings: Settings) -> Access | None:
    """A database on a server of the operator's own, if the settings name one. Raises Refused: database-url."""
    owner, app = settings.database_owner_url, settings.database_url
    if app is not None:
        return Access(
            owner=parse_address(owner, "JIMEI_DATABASE_OWNER_URL") if owner is not None else None,
            app=parse_address(app, "JIMEI_DATABASE_URL"),
            data=settings.data,
            embedded=False,
        )
    if owner is not None:
        raise Refused(
            ErrorCode.DATABASE_URL,
            "只设了 JIMEI_DATABASE_OWNER_URL：还要把 JIMEI_DATABASE_URL 设成同一个库、由程序自己登录的地址。",
        )
    return None


class Database:
    """Hands out sessions; the use case that takes one owns the transaction, and nothing below it commits."""

    def __init__(
        self,
        url: URL,
        pool_size: int = 10,
        statement_timeout: float | None = STATEMENT_TIMEOUT,
        durable: bool = True,
    ) -> None:
        """`statement_timeout`: in seconds; None for no bound."""
        self.engine = _engine(url, pool_size, statement_timeout, durable)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._readers: asyncpg.Pool | None = None
        self._free_readers = asyncio.Semaphore(MAX_READS)
        # Commits since the last confirmed one of which nobody knows what came of them.
        self._doubts = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """Raises DatabaseAway where the commit isn't confirmed in time: whether it is kept shows when the request
        is made again, with the same id."""
        async with self._sessions() as session:
            yield session
            await self._commit(session)

    async def require_writable(self) -> None:
        """Write and commit nothing. Raises DatabaseAway, and like a session what the database says."""
        async with self.begin() as session:
            if await session.scalar(text("show transaction_read_only")) == "on":
                raise DatabaseAway("it can only be read")
            await session.execute(_WRITE_NOTHING)

    async def _commit(self, session: AsyncSession) -> None:
        doubts, patience = self._doubts, COMMIT_TIMEOUT
        if doubts:
            # What wasn't confirmed can be read all the same, and would be lost with this server. Whoever reads it
            # is answered once a commit after it is confirmed.
            await session.execute(_WRITE_NOTHING)
            patience = DOUBTFUL_COMMIT_TIMEOUT
        try:
            async with asyncio.timeout(patience):
                await session.commit()
        except BaseException as error:
            self._doubts += 1
            if isinstance(error, TimeoutError):
                raise DatabaseAway("a commit was not confirmed in time") from None
            raise
        if self._doubts == doubts:
            self._doubts = 0

    async def read(self, query: ReadQuery[T], values: Mapping[str, Any]) -> T:
        """Raises DatabaseAway where no connection is free or none answers in time, and like a session what the
        database says."""
        writes = isinstance(query, WriteQuery)
        try:
            # First come, first served.
            async with asyncio.timeout(READ_TIMEOUT):
                await self._free_readers.acquire()
        except TimeoutError:
            raise DatabaseAway("no free connection in time") from None
        try:
            if self._readers is None:
                self._readers = await _reader_pool(self.engine.url)
            async with self._readers.acquire(timeout=READ_TIMEOUT) as connection:
                patience = COMMIT_TIMEOUT if writes else READ_TIMEOUT
                result = await connection.fetchval(query.sql, *query.parameters(values), timeout=patience)
        except asyncpg.PostgresError as error:
            if error.sqlstate == READ_ONLY and self._readers is not None:
                await self._readers.expire_connections()
            self._doubts += writes and error.sqlstate[:2] == _CONNECTION_LOST
            raise DBAPIError(query.sql, None, error) from error
        except asyncpg.InterfaceError as error:
            self._doubts += writes
            raise InterfaceError(query.sql, None, error) from error
        except (TimeoutError, asyncpg.InternalClientError) as error:
            self._doubts += writes
            raise DatabaseAway(str(error) or "no answer in time") from error
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
_APPLICATION = {**SESSION, "role": APP}


def _engine(url: URL, pool_size: int, statement_timeout: float | None, durable: bool) -> AsyncEngine:
    settings = dict(_APPLICATION)
    driver: dict[str, float] = {}
    if statement_timeout is not None:
        # The server gives up, and what lies idle in a transaction holds locks; the driver where the server can't.
        settings["statement_timeout"] = settings["idle_in_transaction_session_timeout"] = (
            f"{statement_timeout * 1000:.0f}"
        )
        driver["command_timeout"] = statement_timeout + _MARGIN
    if not durable:
        settings["synchronous_commit"] = "off"
    engine = create_engine(url, pool_size=pool_size, server_settings=settings, connect_args=driver)
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
        server_settings=_APPLICATION | {"application_name": READS, "plan_cache_mode": "force_generic_plan"},
        command_timeout=READ_TIMEOUT,
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
