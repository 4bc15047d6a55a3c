"""Compare the migrations with the code's tables, and a database with the migrations."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import URL, Connection, text

from api.platform.database.migrations import differences, drop_database, exists, migrate, require_current, run_on
from api.platform.database.sql_files import read_definitions
from api.platform.errors import ErrorCode, Refused


async def check_database(owner: URL) -> bool:
    """Migrate a new database on the same server and compare it with the code's tables, then with the given
    database, if that exists, without changing anything there. Returns whether it exists.

    Raises Refused: database-version, database-changed.
    """
    existing = await exists(owner)
    if existing:
        await require_current(owner)
    # On the same server, because other versions of PostgreSQL print view definitions differently.
    fresh = owner.set(database=f"{owner.database}_check")
    await drop_database(fresh)
    try:
        await migrate(fresh)
        found = await differences(fresh)
        if found is not None:
            raise Refused(ErrorCode.DATABASE_VERSION, f"迁移与代码里的表不一致：{found}")
        if existing:
            await require_identical(owner, fresh)
    finally:
        await drop_database(fresh)
    return existing


async def require_identical(owner: URL, fresh: URL) -> None:
    """Raises Refused: database-changed."""
    expected, actual = await run_on(fresh, read_definitions), await run_on(owner, read_definitions)
    changed = _find_changed(expected, actual)
    foreign = sorted(actual.keys() - expected.keys())
    tables = _find_changed(await run_on(fresh, _read_tables), await run_on(owner, _read_tables))
    findings = (
        (changed, "函数或视图 {} 被人改过，请运行 jimei migrate 重建"),
        (foreign, "函数或视图 {} 不是本程序建的，请查明后删去"),
        (tables, "表 {} 的结构或权限被人改过，请查明后改回"),
    )
    if parts := [sentence.format("、".join(names)) for names, sentence in findings if names]:
        raise Refused(ErrorCode.DATABASE_CHANGED, f"数据库与本程序不一致：{'；'.join(parts)}。")


def _find_changed(expected: Mapping[str, str], actual: Mapping[str, str]) -> list[str]:
    return sorted(name for name in expected if actual.get(name) != expected[name])


def _read_tables(connection: Connection) -> dict[str, str]:
    """The definition of each table: columns, constraints, indexes, triggers, rights."""
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
               -- Foreign keys are enforced by triggers, which can be disabled.
               (select count(*) from pg_trigger g where g.tgrelid = c.oid and g.tgenabled <> 'O')) as definition
      from pg_class c
     where c.relkind in ('r', 'p') and c.relnamespace in ('ledger'::regnamespace, 'public'::regnamespace)
"""
