"""Open the database for a verb of `jimei`.

Doesn't import the application, which most verbs don't need and which would double their startup time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError

from api.platform.clock import Clock
from api.platform.database.connect import DatabaseAway
from api.platform.database.engine import Access, Database
from api.platform.database.login import become_application
from api.platform.database.migrations import check_revision, is_fresh, migrate, run_on
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, compare_clocks
from api.registry.register.queries import is_initialized
from ledger.transactions import TownshipId

# For now there is one township per database; the tables are ready for more.
TOWNSHIP = TownshipId(1)

T = TypeVar("T")


@asynccontextmanager
async def open_services(
    access: Access, clock: Clock, statement_timeout: float | None = None
) -> AsyncIterator[Services]:
    """The services of a database of this program's version. `statement_timeout`: seconds, for a server; a verb may
    read through all there is, and whoever waits for it can end it.

    Raises Refused: database-version, database-login, database-unsupported, database-away.
    """
    await ask_database(access.app, _require_servable)
    database = Database(access.app, statement_timeout=statement_timeout, durable=access.durable)
    try:
        services = Services(database, clock, TOWNSHIP, access.data)
        await compare_clocks(services)
        yield services
    finally:
        await database.close()


def _require_servable(connection: Connection) -> None:
    become_application(connection)
    check_revision(connection)


async def ask_database(url: URL, step: Callable[[Connection], T]) -> T:
    """Ask a database whether it can be served from. Raises Refused: database-version where there is none;
    database-away; and what the step raises."""
    try:
        return await run_on(url, step)
    except (DBAPIError, DatabaseAway) as error:
        raise _explain(error) from None


def _explain(error: Exception) -> Refused:
    """A statement that isn't right is our fault, and raised as it is."""
    match getattr(getattr(error, "orig", None), "sqlstate", ""):
        case "3D000":
            return Refused(ErrorCode.DATABASE_VERSION, "还没有数据库，请先运行 jimei migrate。")
        case "28P01" | "28000":
            return Refused(ErrorCode.DATABASE_AWAY, "数据库不让登录，请检查 JIMEI_DATABASE_URL 里的用户和密码。")
        case "08P01":
            # Of what a connection begins with a pooler takes little.
            return Refused(
                ErrorCode.DATABASE_UNSUPPORTED,
                "JIMEI_DATABASE_URL 指向的像是连接池（如 PgBouncer）：请把地址改成直接连 PostgreSQL 的。",
            )
        case state if state.startswith("42"):
            raise error
        case _:
            return Refused(ErrorCode.DATABASE_AWAY, "连不上数据库，请检查 JIMEI_DATABASE_URL 和网络。")


async def create_if_fresh(access: Access) -> bool:
    """In a fresh folder the database is created without being asked for; whether it was. On a server of one's own
    that takes the owner's login and `jimei migrate`."""
    if not access.embedded or not await is_fresh(access.require_owner()):
        return False
    await migrate(access.require_owner())
    return True


async def require_township(services: Services) -> None:
    """Raises Refused: no-township."""
    async with services.unit_of_work() as uow:
        if not await is_initialized(uow):
            raise Refused(ErrorCode.NO_TOWNSHIP, "数据库里还没有乡镇，请先运行 jimei init 或 jimei demo。")
