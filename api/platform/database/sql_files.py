"""The present SQL functions and views: one file each under `alembic/current`, edited in place.

The database stores the checksum of each applied file, and of the resulting definition. Whatever doesn't match is
created anew, with everything that depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from hashlib import sha256
from operator import methodcaller
from pathlib import Path
from typing import cast

import asyncpg
from sqlalchemy import AdaptedConnection, Column, Connection, MetaData, PrimaryKeyConstraint, Table, Text, text

from api.platform.errors import ErrorCode, Refused

# In a checkout the revisions are at the top, in an installed wheel inside the package.
REVISIONS = next(
    folder
    for above in Path(__file__).resolve().parents
    for folder in (above / "revisions", above / "alembic")
    if folder.is_dir()
)

# PostgreSQL's errors for a missing view, function or type.
_MISSING = (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError, asyncpg.UndefinedObjectError)

metadata = MetaData()
sql_file = Table(
    "sql_file",
    metadata,
    Column("name", Text, nullable=False),
    Column("checksum", Text, nullable=False),
    # The checksum of its text in `read_definitions`.
    Column("definition", Text, nullable=False),
    PrimaryKeyConstraint("name", name="pk_sql_file"),
)


@dataclass(frozen=True, slots=True)
class SqlFile:
    """`name`: of the function or view that it creates, with the schema."""

    name: str
    script: str

    @property
    def checksum(self) -> str:
        return _digest(self.script)


def read_files(revisions: Path = REVISIONS) -> Mapping[str, SqlFile]:
    """By name. Files in the folder `ledger` belong to that schema, all others to `public`."""
    files = (
        SqlFile(f"{_schema(path.parent.name)}.{path.stem}", path.read_text(encoding="utf-8"))
        for path in (revisions / "current").glob("*/*.sql")
    )
    return {file.name: file for file in files}


def _schema(folder: str) -> str:
    return "ledger" if folder == "ledger" else "public"


def run_script(connection: Connection, script: str) -> None:
    """Several statements in one string, which only the driver's own call accepts."""
    driver = cast(AdaptedConnection, connection.connection.dbapi_connection)
    driver.run_async(methodcaller("execute", script))


def read_checksums(connection: Connection) -> dict[str, str]:
    """The checksums of the files applied to the database."""
    return {row.name: row.checksum for row in connection.execute(sql_file.select())}


def bring_up_to_date(connection: Connection, files: Mapping[str, SqlFile]) -> None:
    """Create what is new or changed, in its file or in the database, and drop what no file creates any more.

    Raises Refused: database-changed, if something not of this program depends on it.
    """
    known = {row.name: row for row in connection.execute(sql_file.select())}
    found = read_definitions(connection)
    unchanged = {
        name
        for name, row in known.items()
        if name in files
        and row.checksum == files[name].checksum
        and row.definition == _digest(found.get(name, ""))
    }
    ours = files.keys() | known.keys()
    dropped = _drop(connection, ours - unchanged, ours)
    created = [files[name] for name in sorted(files.keys() & dropped)]
    if not created:
        return
    _create(connection, created)
    found = read_definitions(connection)
    for file in created:
        row = {"name": file.name, "checksum": file.checksum, "definition": _digest(found[file.name])}
        connection.execute(sql_file.insert().values(row))


def drop_all_created(connection: Connection) -> None:
    """Drop everything created by files, so that tables can be changed. Raises Refused: database-changed."""
    known = read_checksums(connection).keys()
    _drop(connection, known, known)


def _drop(connection: Connection, names: Set[str], ours: Set[str]) -> Set[str]:
    """Drop these and our functions and views that depend on them; returns the names of both."""
    rows = connection.execute(text(_DEPENDENTS), {"names": list(names)}).all()
    for row in rows:
        if row.name not in ours:
            raise Refused(
                ErrorCode.DATABASE_CHANGED,
                f"数据库里有别人建的东西（{row.description}）用到本程序的函数或视图，请先删去它，"
                "再运行 jimei migrate。",
            )
    for row in rows:
        # It may have been dropped by an earlier cascade.
        connection.exec_driver_sql(f"drop {row.kind} if exists {row.identity} cascade")
    dropped = names | {row.name for row in rows}
    connection.execute(sql_file.delete().where(sql_file.c.name.in_(dropped)))
    return dropped


def _create(connection: Connection, files: list[SqlFile]) -> None:
    """In whatever order works: a file that needs another one first is tried again later."""
    while files:
        later = []
        for file in files:
            try:
                with connection.begin_nested():
                    run_script(connection, file.script)
            except _MISSING as error:
                later.append(file)
                if len(later) == len(files):
                    error.add_note(f"in the file of {file.name}")
                    raise
        files = later


def read_definitions(connection: Connection) -> dict[str, str]:
    """The definition of each function and view in the database: text, owner, rights."""
    return {row.name: row.definition for row in connection.execute(text(_DEFINITIONS))}


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


# Without what belongs to extensions. Overloaded functions count as one, since there is one file per name.
_DEFINITIONS = """
    select n.nspname || '.' || o.name as name, string_agg(o.definition, E'\n' order by o.definition) as definition
      from (select 'pg_proc'::regclass as class, p.oid, p.pronamespace as schema, p.proname as name,
                   concat_ws(E'\n', pg_get_functiondef(p.oid), p.proowner::regrole,
                             array(select a::text from unnest(coalesce(p.proacl, acldefault('f', p.proowner))) a
                                    order by 1),
                             (select string_agg(concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled), E'\n'
                                                order by pg_get_triggerdef(t.oid))
                                from pg_trigger t where t.tgfoid = p.oid)) as definition
              from pg_proc p where p.prokind in ('f', 'p', 'w')
            union all
            select 'pg_class', c.oid, c.relnamespace, c.relname,
                   concat_ws(E'\n', pg_get_viewdef(c.oid), c.reloptions, c.relowner::regrole,
                             array(select a::text from unnest(coalesce(c.relacl, acldefault('r', c.relowner))) a
                                    order by 1),
                             array(select t.attname || t.attacl::text from pg_attribute t
                                    where t.attrelid = c.oid and t.attacl is not null order by 1))
              from pg_class c where c.relkind in ('v', 'm')) o
      join pg_namespace n on n.oid = o.schema
     where n.nspname in ('ledger', 'public')
       and not exists (select from pg_depend d
                        where (d.classid, d.objid) = (o.class, o.oid) and d.deptype = 'e')
     group by 1
"""

# The functions and views with these names and everything that depends on them, directly or not. `name` is null for
# other kinds of objects. A view's rewrite rule counts as the view; its row type is dropped with it. A trigger that
# is called after its function is of the function's file.
_DEPENDENTS = """
    with recursive named as (
        select 'pg_proc'::regclass::oid as classid, p.oid as objid, n.nspname || '.' || p.proname as name,
               'routine' as kind, p.oid::regprocedure::text as identity
          from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        union all
        select 'pg_class'::regclass::oid, c.oid, n.nspname || '.' || c.relname,
               case c.relkind when 'v' then 'view' else 'materialized view' end, c.oid::regclass::text
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('v', 'm')
        union all
        select 'pg_trigger'::regclass::oid, t.oid, n.nspname || '.' || p.proname, 'trigger',
               quote_ident(t.tgname) || ' on ' || t.tgrelid::regclass
          from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
         where starts_with(t.tgname, p.proname)),
    dependent as (
        select o.classid, o.objid from named o where o.name = any (:names)
        union
        select case when r.oid is null then d.classid else 'pg_class'::regclass::oid end,
               coalesce(r.ev_class, d.objid)
          from dependent o
          join pg_depend d on (d.refclassid, d.refobjid) = (o.classid, o.objid)
          left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid)
    select n.name, n.kind, n.identity, pg_describe_object(o.classid, o.objid, 0) as description
      from dependent o left join named n on (n.classid, n.objid) = (o.classid, o.objid)
     where o.classid <> 'pg_type'::regclass
     order by n.kind desc, n.name
"""
