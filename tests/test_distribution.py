"""The schema can be spread over machines by township as it is: nothing in the catalogue stands in the way."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from tests.conftest import Clone

# A town's own table is keyed by the township itself; the last one belongs to the migrations.
APART = "('public.township'::regclass, 'public.alembic_version'::regclass)"
TABLES = f"""
    select c.oid, c.oid::regclass::text as name from pg_class c
     where c.relkind in ('r', 'p') and c.relnamespace in ('ledger'::regnamespace, 'public'::regnamespace)
       and c.oid not in {APART}
"""

# Each gives the names of what a distribution by township would refuse, or would take across machines.
IN_THE_WAY = {
    "a table without township": f"""
        select t.name from ({TABLES}) t
         where not exists (select from pg_attribute a
                            where a.attrelid = t.oid and a.attname = 'township' and a.attnotnull)""",
    "a unique key without township": f"""
        select i.indexrelid::regclass::text from ({TABLES}) t join pg_index i on i.indrelid = t.oid
         where (i.indisunique or i.indisexclusion)
           and not exists (select from pg_attribute a
                            where a.attrelid = t.oid and a.attname = 'township' and a.attnum = any (i.indkey))""",
    "a foreign key from one township to another": f"""
        select c.conname from ({TABLES}) t join pg_constraint c on c.conrelid = t.oid and c.contype = 'f'
         where not exists (
               select from unnest(c.conkey, c.confkey) as k(own, other)
                 join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.own
                 join pg_attribute b on b.attrelid = c.confrelid and b.attnum = k.other
                where a.attname = 'township'
                  and b.attname = case when c.confrelid = 'public.township'::regclass then 'id'
                                       else 'township' end)""",
    "a trigger": f"""
        select g.tgname from ({TABLES}) t join pg_trigger g on g.tgrelid = t.oid where not g.tgisinternal""",
    "a rule": f"""
        select r.rulename from ({TABLES}) t join pg_rewrite r on r.ev_class = t.oid""",
    "a number from a sequence": f"""
        select t.name from ({TABLES}) t
          join pg_attribute a on a.attrelid = t.oid
          left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
         where a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like '%%nextval%%'""",
    "a view that forgets the township": """
        select c.oid::regclass::text from pg_class c
         where c.relkind = 'v' and c.relnamespace in ('ledger'::regnamespace, 'public'::regnamespace)
           and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'township')""",
    # What works on tables is told the township first, so that the call can be sent to its machine.
    "a function that isn't told the township": """
        select p.oid::regprocedure::text from pg_proc p
         where p.pronamespace = 'ledger'::regnamespace and p.prosrc ~* '\\m(from|into|update)\\M\\s+[a-z]'
           and p.prosrc !~* '^\\s*select\\s+(sha256|to_char)\\M'
           and coalesce(p.proargnames[1], '') <> 'p_township'""",
    "a function that makes up its statements": """
        select p.oid::regprocedure::text from pg_proc p
         where p.pronamespace = 'ledger'::regnamespace and p.prosrc ~* '\\mexecute\\M'""",
}


async def in_the_way(connection: AsyncConnection, kind: str) -> list[str]:
    rows = await connection.exec_driver_sql(IN_THE_WAY[kind].replace("%%", "%"))
    return [str(name) for name in rows.scalars()]


@pytest.mark.parametrize("kind", IN_THE_WAY)
async def test_the_schema_can_be_spread_by_township(clone: Clone, kind: str) -> None:
    engine = create_async_engine(clone.owner)
    async with engine.connect() as connection:
        assert await in_the_way(connection, kind) == []
    await engine.dispose()


FAULTS = {
    "a table without township": ["create table ledger.stray (id int primary key)"],
    "a unique key without township": ["create unique index stray on ledger.transfer (transaction, ordinal)"],
    "a foreign key from one township to another": [
        "alter table ledger.unit add constraint one_unit unique (code)",
        "alter table ledger.expiry_policy add constraint stray foreign key (unit) references ledger.unit (code)",
    ],
    "a trigger": [
        "create function public.stray() returns trigger language plpgsql as 'begin return new; end'",
        "create trigger stray before insert on ledger.transfer execute function public.stray()",
    ],
    "a rule": ["create rule stray as on delete to ledger.transfer do instead nothing"],
    "a number from a sequence": ["create table ledger.stray (township int not null, id serial)"],
    "a view that forgets the township": ["create view ledger.stray as select id from ledger.transaction"],
    "a function that isn't told the township": [
        "create function ledger.stray(p_id uuid) returns bigint language sql as"
        " 'select count(*) from ledger.transaction'"
    ],
    "a function that makes up its statements": [
        "create function ledger.stray(p_township int) returns void language plpgsql as"
        " $$ begin execute 'select 1'; end $$"
    ],
}


@pytest.mark.parametrize("kind", IN_THE_WAY)
async def test_what_would_stand_in_the_way_is_named(clone: Clone, kind: str) -> None:
    engine = create_async_engine(clone.owner)
    async with engine.connect() as connection:
        for statement in FAULTS[kind]:
            await connection.execute(text(statement))
        assert any("stray" in name for name in await in_the_way(connection, kind))
        await connection.rollback()
    await engine.dispose()
