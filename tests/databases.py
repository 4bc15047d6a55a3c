"""Databases for tests: copies of a template, lent to one test at a time and put back as they were behind it.

To put rows back takes a few milliseconds and leaves connections and their plans as they are; a new copy takes ten
times as long, and every connection to it begins with nothing. A test that changes tables, rights or functions uses
its copy up: the next one gets another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache

import asyncpg
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.engine import Database

EMPTY = "template_empty"
SEEDED = "template_seeded"

_LOCKED = 5000
"""Milliseconds to wait for what a test still holds; then its copy is given up."""

# Names come back, since engines go by them, and an engine that has compiled its statements is worth keeping.
_names = [f"test{number}" for number in range(1000, 0, -1)]
_engines: defaultdict[URL, list[Database]] = defaultdict(list)

# Whatever changes a table, a right or a function leaves a mark; a table for one connection alone changes nothing.
_WATCH = """
    create schema tests;
    create table tests.altered ();
    create function tests.mark_altered() returns event_trigger language plpgsql security definer as $$
    begin
        if tg_tag like 'DROP%' or exists (
            select from pg_event_trigger_ddl_commands() where schema_name is distinct from 'pg_temp') then
            insert into tests.altered default values;
        end if;
    end $$;
    create event trigger altered on ddl_command_end execute function tests.mark_altered();
"""

_COLUMNS = """
    select c.oid::regclass::text as name, array_agg(quote_ident(a.attname) order by a.attnum) as columns
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where c.relkind = 'r' and n.nspname !~ '^(pg_|information_schema$|tests$)'
     group by c.oid
"""


@dataclass(frozen=True)
class Clone:
    """A database by the owner's door and by the application's."""

    owner: URL
    app: URL


@dataclass
class Lent:
    """A copy that goes from test to test, with the connections that are open to it."""

    clone: Clone
    database: Database
    keeper: asyncpg.Connection
    restoring: str
    """Statements that put every row back."""

    async def restore(self) -> bool:
        """Whether it is as it was."""
        try:
            if await self.keeper.fetchval("select exists (select from tests.altered)"):
                return False
            await self.keeper.execute(self.restoring)
        except asyncpg.PostgresError:
            return False
        return True


@dataclass
class Databases:
    """Of one server and one event loop."""

    server: Embedded
    _idle: defaultdict[str, list[Lent]] = field(default_factory=lambda: defaultdict(list))
    _restoring: dict[str, str] = field(default_factory=dict)

    @asynccontextmanager
    async def lend(self, template: str) -> AsyncIterator[Lent]:
        idle = self._idle[template]
        lent = idle.pop() if idle else await self._copy(template)
        try:
            yield lent
        finally:
            if await lent.restore():
                idle.append(lent)
            else:
                await self._give_up(lent)

    async def _copy(self, template: str) -> Lent:
        clone = await copy(self.server, template)
        keeper = await connect(clone.owner)
        await keeper.execute(_WATCH)
        if template not in self._restoring:
            self._restoring[template] = await _restoring(keeper)
        idle = _engines[clone.app]
        database = idle.pop() if idle else Database(clone.app)
        return Lent(clone, database, keeper, self._restoring[template])

    async def _give_up(self, lent: Lent) -> None:
        await lent.keeper.close()
        await lent.database.close()
        _engines[lent.clone.app].append(lent.database)
        await drop(self.server, lent.clone)

    async def close(self) -> None:
        for lent in [lent for idle in self._idle.values() for lent in idle]:
            await self._give_up(lent)


async def _restoring(connection: asyncpg.Connection) -> str:
    empty, fill = [], []
    for table in await connection.fetch(_COLUMNS):
        name, columns = table["name"], ", ".join(table["columns"])
        literals = " || ', ' || ".join(f"quote_nullable({column}::text)" for column in table["columns"])
        empty.append(f"delete from {name};")
        rows = await connection.fetchval(f"select string_agg('(' || {literals} || ')', ', ') from {name}")
        if rows is not None:
            fill.append(f"insert into {name} ({columns}) values {rows};")
    # Without foreign keys and their order; all of it at once or nothing.
    quietly = f"set local session_replication_role = replica; set local lock_timeout = {_LOCKED};"
    return f"begin; {quietly} {' '.join(empty)} {' '.join(fill)} commit;"


async def connect(url: URL) -> asyncpg.Connection:
    return await asyncpg.connect(
        user=url.username, database=url.database, host=str(url.query["host"]), port=int(str(url.query["port"]))
    )


@asynccontextmanager
async def cloned(server: Embedded, template: str) -> AsyncIterator[Clone]:
    """A copy that only this caller has: for another event loop than that of all tests, or to be measured."""
    clone = await copy(server, template)
    try:
        yield clone
    finally:
        await drop(server, clone)


async def copy(server: Embedded, template: str) -> Clone:
    name = _names.pop()
    await maintain(server, f"create database {name} template {template} strategy file_copy")
    return Clone(owner=server.url(OWNER, name), app=server.url(APP, name))


async def drop(server: Embedded, clone: Clone) -> None:
    await maintain(server, f"drop database {clone.owner.database} (force)")
    _names.append(str(clone.owner.database))


async def maintain(server: Embedded, statement: str) -> None:
    connection = await connect(server.url(OWNER, "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def connected(clone: Clone) -> AsyncIterator[Database]:
    """The application's connections to a copy, for the caller's event loop."""
    idle = _engines[clone.app]
    database = idle.pop() if idle else Database(clone.app)
    try:
        yield database
    finally:
        await database.close()
        idle.append(database)


@cache
def owner_engine(clone: Clone) -> AsyncEngine:
    """The owner's door, for any event loop: each connection is a new one."""
    return create_async_engine(clone.owner, poolclass=NullPool)
