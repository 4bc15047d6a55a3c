"""Every table and function could be spread over servers by township as it is, the way Citus does it: each row and
each key carries its township, and nothing looks across."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from tests.databases import Clone

# The relations of the two schemas but those of the program's version; `key` is the column that names the township:
# its own id in the table of townships.
_RELATION = """
    with relation as (
        select c.oid, c.relkind as kind, c.oid::regclass::text as name, a.attnum as key, a.atttypid as type,
               a.attnotnull as required
          from pg_class c
          left join pg_attribute a
            on a.attrelid = c.oid and not a.attisdropped
           and a.attname = case when c.oid = 'public.township'::regclass then 'id' else 'township' end
         where c.relnamespace in ('ledger'::regnamespace, 'public'::regnamespace)
           and c.oid not in ('public.alembic_version'::regclass, 'public.sql_file'::regclass)
           and c.relkind not in ('i', 'I', 't'))
"""

# Each query returns what breaks one rule.
_RULES = {
    "no township of type integer": """
        select name from relation
         where kind in ('r', 'p') and (key is null or type <> 'integer'::regtype or not required)""",
    "neither table nor view": "select name from relation where kind not in ('r', 'p', 'v')",
    "unique without township": """
        select i.indexrelid::regclass::text from relation t join pg_index i on i.indrelid = t.oid
         where (i.indisunique or i.indisexclusion)
           and coalesce(t.key <> all (i.indkey[0:i.indnkeyatts - 1]), true)""",
    "no primary key": """
        select name from relation t
         where kind in ('r', 'p')
           and not exists (select from pg_index i where i.indrelid = t.oid and i.indisprimary)""",
    # Township with township, in the same place of both lists of columns.
    "foreign key across townships": """
        select c.conname from relation t
          join pg_constraint c on c.conrelid = t.oid and c.contype = 'f'
          left join relation o on o.oid = c.confrelid
         where not exists (select from unnest(c.conkey, c.confkey) as p(here, there)
                            where (p.here, p.there) = (t.key, o.key))""",
    # But those by which acts are written down, where no till and no entry of the books waits for them.
    "trigger": """
        select g.tgname from relation t join pg_trigger g on g.tgrelid = t.oid
         where not g.tgisinternal
           and (g.tgfoid <> 'public.record_acts'::regproc
                or t.name like 'ledger.%' or t.name in ('redemption', 'lease', 'shift', 'sign_in_token'))""",
    "rule": """
        select r.rulename from relation t join pg_rewrite r on r.ev_class = t.oid
         where r.rulename <> '_RETURN'""",
    "number from a sequence": """
        select t.name || '.' || a.attname from relation t
          join pg_attribute a on a.attrelid = t.oid
          left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
         where a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like '%nextval%'""",
    "view without township": "select name from relation where kind = 'v' and key is null",
}
_FUNCTIONS = """
    select p.oid::regproc::text as name, coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as source,
           coalesce((p.proargnames[1], p.proargtypes[0]) = ('p_township', 'integer'::regtype), false)
               as by_township
      from pg_proc p where p.pronamespace = 'ledger'::regnamespace"""

# What is read or written stands behind one of these; what is quoted or commented away doesn't.
_TOUCHED = r"\b(?:from|join|into|update|using|table)\s+(?:only\s+)?(?:ledger\.|public\.)?"
_SILENT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)


class Fault(NamedTuple):
    rule: str
    subject: str


async def faults(connection: AsyncConnection) -> set[Fault]:
    found = set()
    for rule, query in _RULES.items():
        found |= {Fault(rule, name) for name in await connection.scalars(text(_RELATION + query))}
    return found | await function_faults(connection)


async def function_faults(connection: AsyncConnection) -> set[Fault]:
    relations = await connection.scalars(
        text(_RELATION + "select relname from relation join pg_class using (oid)")
    )
    touching = re.compile(rf"{_TOUCHED}(?:{'|'.join(map(re.escape, relations))})\b", re.IGNORECASE)
    functions = (await connection.execute(text(_FUNCTIONS))).all()
    sources = {row.name: _SILENT.sub(" ", row.source) for row in functions}
    touches = {name for name, source in sources.items() if touching.search(source)}
    # And whoever calls one that does.
    while callers := {
        name
        for name, source in sources.items()
        if name not in touches and any(_calls(source, other) for other in touches)
    }:
        touches |= callers
    keyed = {row.name for row in functions if row.by_township}
    dynamic = {name for name, source in sources.items() if re.search(r"\bexecute\b", source, re.IGNORECASE)}
    return {Fault("function not by township", name) for name in touches - keyed} | {
        Fault("dynamic SQL", name) for name in dynamic
    }


def _calls(source: str, function: str) -> bool:
    return re.search(rf"\b{re.escape(function.removeprefix('ledger.'))}\s*\(", source) is not None


@pytest.fixture
async def owner(clone: Clone) -> AsyncIterator[AsyncConnection]:
    """In a database transaction that is never committed."""
    engine = create_async_engine(clone.owner, poolclass=NullPool)
    async with engine.connect() as connection:
        yield connection


async def test_everything_can_be_spread_by_township(owner: AsyncConnection) -> None:
    assert await faults(owner) == set()


BAD = {
    "create table lonely (id integer primary key)": {
        Fault("no township of type integer", "lonely"),
        Fault("unique without township", "lonely_pkey"),
    },
    "create table wide (township bigint not null, id integer, primary key (township, id))": {
        Fault("no township of type integer", "wide")
    },
    "create table heap (township integer not null)": {Fault("no primary key", "heap")},
    "create table ledger.bad (township integer, id integer generated always as identity, "
    "primary key (township, id))": {
        Fault("number from a sequence", "ledger.bad.id"),
        Fault("neither table nor view", "ledger.bad_id_seq"),
    },
    "create materialized view kept as select township from card": {Fault("neither table nor view", "kept")},
    "alter table card add constraint bad_key unique (digest)": {Fault("unique without township", "bad_key")},
    # What an index carries along isn't part of its key.
    "create unique index bad_index on card (digest) include (township)": {
        Fault("unique without township", "bad_index")
    },
    "alter table card add constraint bad_exclusion exclude (digest with =)": {
        Fault("unique without township", "bad_exclusion")
    },
    "alter table card add column village integer, add constraint bad_reference "
    "foreign key (village, household) references household (township, id)": {
        Fault("foreign key across townships", "bad_reference")
    },
    "create trigger bad_trigger before update on card "
    "for each row execute function suppress_redundant_updates_trigger()": {Fault("trigger", "bad_trigger")},
    "create trigger hot_trigger after insert on redemption for each statement execute function record_acts()": {
        Fault("trigger", "hot_trigger")
    },
    "create rule bad_rule as on delete to card do instead nothing": {Fault("rule", "bad_rule")},
    "create view bad_view as select digest from card": {Fault("view without township", "bad_view")},
    "create function ledger.bad_reader(p_id uuid) returns bigint language sql "
    "as 'select count(*) from ledger.account where id = p_id'": {
        Fault("function not by township", "ledger.bad_reader")
    },
    "create function ledger.bad_body() returns bigint language sql begin atomic select count(*) from card; end": {
        Fault("function not by township", "ledger.bad_body")
    },
    "create function ledger.bad_caller(p_id uuid) returns boolean language sql "
    "as 'select ledger.content_matches(1, p_id)'": {Fault("function not by township", "ledger.bad_caller")},
    "create function ledger.bad_guess(p_township integer) returns void language plpgsql "
    "as 'begin execute ''analyze''; end'": {Fault("dynamic SQL", "ledger.bad_guess")},
}


@pytest.mark.parametrize("statement", BAD)
async def test_what_cannot_is_named(owner: AsyncConnection, statement: str) -> None:
    await owner.execute(text(statement))
    assert await faults(owner) == BAD[statement]
