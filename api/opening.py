"""Open the database for a verb of `jimei`.

Doesn't import the application, which most verbs don't need and which would double their startup time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError

from api.platform.clock import Clock
from api.platform.database.connect import DatabaseAway
from api.platform.database.engine import Access, Database
from api.platform.database.migrations import require_current
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, compare_clocks
from api.registry.register.queries import is_initialized
from ledger.transactions import TownshipId

# For now there is one township per database; the tables are ready for more.
TOWNSHIP = TownshipId(1)


@asynccontextmanager
async def open_services(access: Access, clock: Clock) -> AsyncIterator[Services]:
    """The services of a database of this program's version. Raises Refused: database-version, database-away."""
    try:
        await require_current(access.app)
    except (DBAPIError, DatabaseAway) as error:
        if getattr(getattr(error, "orig", None), "sqlstate", "") == "3D000":
            raise Refused(ErrorCode.DATABASE_VERSION, "还没有数据库，请先运行 jimei migrate。") from None
        raise Refused(ErrorCode.DATABASE_AWAY, "连不上数据库，请检查 JIMEI_DATABASE_URL 和网络。") from None
    database = Database(access.app)
    try:
        services = Services(database, clock, TOWNSHIP, access.data)
        await compare_clocks(services)
        yield services
    finally:
        await database.close()


async def require_township(services: Services) -> None:
    """Raises Refused: no-township."""
    async with services.unit_of_work() as uow:
        if not await is_initialized(uow):
            raise Refused(ErrorCode.NO_TOWNSHIP, "数据库里还没有乡镇，请先运行 jimei init 或 jimei demo。")
