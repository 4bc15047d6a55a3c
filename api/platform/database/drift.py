"""Whether the program's files make the tables of its code, and whether a database still is as they made it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import URL, Connection, text

from api.platform.database.migrations import differences, drop_database, exists, migrate, require_current, run_on
from api.platform.database.sql_files import definitions
from api.platform.errors import ErrorCode, Refused


async def check(owner: URL) -> bool:
    """Build a new database on the same server and compare it with the code's tables; then the database named with
    it, if there is one, and say whether there is. Nothing in that one changes.

    Raises Refused: database-version, database-changed.
    """
    there = await exists(owner)
    if there:
        await require_current(owner)
    # On the same server, for another version of PostgreSQL would tell the same view in other words.
    fresh = owner.set(database=f"{owner.database}_check")
    await drop_database(fresh)
    try:
        await migrate(fresh)
        found = await differences(fresh)
        if found is not None:
            raise Refused(ErrorCode.DATABASE_VERSION, f"迁移与代码里的表不一致：{found}")
        if there:
            await require_same(owner, fresh)
    finally:
        await drop_database(fresh)
    return there


async def require_same(owner: URL, fresh: URL) -> None:
    """Raises Refused: database-changed."""
    made, found = await run_on(fresh, definitions), await run_on(owner, definitions)
    changed = _changed(made, found)
    strange = sorted(found.keys() - made.keys())
    tables = _changed(await run_on(fresh, _read_tables), await run_on(owner, _read_tables))
    told = (
        (changed, "函数或视图 {} 被人改过，请运行 jimei migrate 重建"),
        (strange, "函数或视图 {} 不是本程序建的，请查明后删去"),
        (tables, "表 {} 的结构或权限被人改过，请查明后改回"),
    )
    if parts := [sentence.format("、".join(names)) for names, sentence in told if names]:
        raise Refused(ErrorCode.DATABASE_CHANGED, f"数据库与本程序不一致：{'；'.join(parts)}。")


def _changed(made: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    return sorted(name for name in made if found.get(name) != made[name])


def _read_tables(connection: Connection) -> dict[str, str]:
    """What the database says of each table: its columns, what must hold, its indexes, who may use it."""
    return {row.name: row.definition for row in connection.execute(text(_TABLES))}


_TABLES = """
    select c.oid::regclass::text as name,
           concat_ws(E'\n', c.reloptions, c.relowner::regrole,
               array(select a::text from unnest(coalesce(c.relacl, acldefault('r', c.relowner))) a order by 1),
               array(select concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                                      pg_get_expr(d.adbin, d.adrelid),
                                      array(select x::text from unnest(a.attacl) x order by 1))
                       from pg_attribute a
                       left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
                      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attname),
               array(select concat_ws(' ', k.conname, pg_get_constraintdef(k.oid), k.convalidated)
                       from pg_constraint k where k.conrelid = c.oid order by 1),
               array(select concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid)
                       from pg_index i where i.indrelid = c.oid order by 1),
               array(select pg_get_triggerdef(g.oid) from pg_trigger g
                      where g.tgrelid = c.oid and not g.tgisinternal order by 1),
               array(select pg_get_ruledef(r.oid) from pg_rewrite r where r.ev_class = c.oid order by 1),
               -- Foreign keys are kept by triggers, which can be switched off.
               (select count(*) from pg_trigger g where g.tgrelid = c.oid and g.tgenabled <> 'O')) as definition
      from pg_class c
     where c.relkind in ('r', 'p') and c.relnamespace in ('ledger'::regnamespace, 'public'::regnamespace)
"""
