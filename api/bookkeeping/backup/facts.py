"""What a database says of itself at one moment: it goes into a backup's manifest, and has to be so again once the
backup is restored."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.platform.backup.dump import SCHEMAS
from ledger.seals import Seals
from ledger.transactions import TownshipId


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """`tree_root`: in hexadecimal; `rows`: of each table; `changes`: what the server has counted of them."""

    township: str
    revision: str
    tree_size: int
    tree_root: str
    rows: dict[str, int]
    changes: str


async def read_facts(connection: AsyncConnection, township: TownshipId) -> DatabaseFacts:
    """In the caller's transaction. Of any version of the tables."""
    seals = Seals(connection, township)
    size = await seals.read_size()
    names = await connection.scalars(text(_TABLES), {"schemas": list(SCHEMAS)})
    rows = {name: int(await connection.scalar(text(f"select count(*) from {name}")) or 0) for name in names}
    return DatabaseFacts(
        township=str(await connection.scalar(text("select name from township where id = :id"), {"id": township})),
        revision=str(await connection.scalar(text("select version_num from alembic_version"))),
        tree_size=size,
        tree_root=(await seals.read_root(size)).hex(),
        rows=rows,
        changes=await read_changes(connection),
    )


async def has_township(connection: AsyncConnection) -> bool:
    """Whether there is anything to lose."""
    if await connection.scalar(text("select to_regclass('public.township')")) is None:
        return False
    return bool(await connection.scalar(text("select exists (select from township)")))


async def read_changes(connection: AsyncConnection) -> str:
    """Another text after any row of ours has changed; costs next to nothing."""
    return str(await connection.scalar(text(_CHANGES), {"schemas": list(SCHEMAS)}))


_TABLES = """
    select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and n.nspname = any (:schemas) order by 1"""

# The moment when the server forgot its counts is part of it.
_CHANGES = """
    select concat(sum(n_tup_ins), '/', sum(n_tup_upd), '/', sum(n_tup_del), '/',
                  (select extract(epoch from stats_reset)::bigint from pg_stat_database
                    where datname = current_database()))
      from pg_stat_user_tables where schemaname = any (:schemas)"""
