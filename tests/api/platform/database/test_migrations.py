"""The database brought to its files: what changed is created anew and nothing else, all of it or none."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from api.platform.database.drift import check_database, require_identical
from api.platform.database.embedded import OWNER, Embedded
from api.platform.database.migrations import drop_database, exists, migrate, require_current
from api.platform.database.sql_files import REVISIONS
from api.platform.errors import Refused
from tests.databases import EMPTY, Clone, cloned


@pytest.fixture
def revisions(tmp_path: Path) -> Path:
    """A program's own, to be edited."""
    return Path(shutil.copytree(REVISIONS, tmp_path / "alembic", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture
async def clone(server: Embedded) -> AsyncIterator[Clone]:
    """One that nobody else has, before or after."""
    async with cloned(server, EMPTY) as clone:
        yield clone


@pytest.fixture
async def owner(clone: Clone) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(clone.owner, poolclass=NullPool)
    yield engine
    await engine.dispose()


def edit(revisions: Path, name: str, before: str, after: str) -> None:
    file = revisions / "current" / f"{name}.sql"
    script = file.read_text(encoding="utf-8")
    assert before in script
    file.write_text(script.replace(before, after), encoding="utf-8")


async def run(engine: AsyncEngine, *statements: str) -> None:
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def ask(engine: AsyncEngine, question: str) -> object:
    async with engine.connect() as connection:
        return await connection.scalar(text(question))


async def identities(engine: AsyncEngine) -> dict[str, int]:
    """Of every function and view: one created anew has another."""
    question = """
        select proname, oid::bigint from pg_proc
         where pronamespace in ('ledger'::regnamespace, 'public'::regnamespace)
        union all
        select relname, oid from pg_class where relkind = 'v' and relnamespace = 'ledger'::regnamespace
    """
    async with engine.connect() as connection:
        return {name: oid for name, oid in await connection.execute(text(question))}


async def changed(engine: AsyncEngine, clone: Clone, revisions: Path) -> set[str]:
    """Which ones migrating creates, drops or creates anew."""
    before = await identities(engine)
    await migrate(clone.owner, revisions)
    after = await identities(engine)
    return {name for name in before | after if before.get(name) != after.get(name)}


async def test_what_fits_is_left_alone(owner: AsyncEngine, clone: Clone) -> None:
    assert await changed(owner, clone, REVISIONS) == set()


async def test_a_changed_file_is_created_anew_and_only_it(
    owner: AsyncEngine, clone: Clone, revisions: Path
) -> None:
    edit(revisions, "ledger/post", "returns table", "returns /* as ever */ table")
    with pytest.raises(Refused, match="请先运行 jimei migrate"):
        await require_current(clone.app, revisions)
    assert await changed(owner, clone, revisions) == {"post"}
    await require_current(clone.app, revisions)


async def test_whatever_depends_on_it_comes_along(owner: AsyncEngine, clone: Clone, revisions: Path) -> None:
    edit(revisions, "ledger/utc", "stable parallel safe", "immutable parallel safe")
    assert await changed(owner, clone, revisions) == {"utc", "record", "leaf_record"}


async def test_parameters_and_result_may_change(owner: AsyncEngine, clone: Clone, revisions: Path) -> None:
    edit(
        revisions, "ledger/utc", "p_at timestamptz) returns text", "p_at timestamptz, p_n int = 1) returns varchar"
    )
    edit(revisions, "ledger/settlement", "select township, target, id,", "select id, target, township,")
    await migrate(clone.owner, revisions)
    functions = "select string_agg(oid::regprocedure::text, ' ') from pg_proc where proname = 'utc'"
    assert await ask(owner, functions) == "ledger.utc(timestamp with time zone,integer)"
    first = "select attname from pg_attribute where attrelid = 'ledger.settlement'::regclass and attnum = 1"
    assert await ask(owner, first) == "id"


async def test_a_vanished_file_is_dropped(owner: AsyncEngine, clone: Clone, revisions: Path) -> None:
    (revisions / "current" / "ledger" / "expiring.sql").unlink()
    assert await changed(owner, clone, revisions) == {"expiring"}
    await require_current(clone.app, revisions)


async def test_a_new_file_takes_its_place(owner: AsyncEngine, clone: Clone, revisions: Path) -> None:
    await run(owner, "create function ledger.newest(p_township int) returns int language sql as 'select 1'")
    new = "create function ledger.newest(p_township int) returns bigint language sql as 'select 2'"
    (revisions / "current" / "ledger" / "newest.sql").write_text(new)
    assert await changed(owner, clone, revisions) == {"newest"}
    assert await ask(owner, "select ledger.newest(1)") == 2


async def test_rights_are_there_again(clone: Clone, revisions: Path) -> None:
    for file in (revisions / "current").rglob("*.sql"):
        file.write_text(f"{file.read_text(encoding='utf-8')}-- touched\n", encoding="utf-8")
    await migrate(clone.owner, revisions)
    await require_identical(clone.owner, clone.owner.set(database=EMPTY))


async def test_no_function_is_everybodys(owner: AsyncEngine) -> None:
    """As PostgreSQL makes each, where its file doesn't say otherwise."""
    question = """
        select string_agg(p.proname, ' ') from pg_proc p
         cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) right_to
         where p.pronamespace in ('ledger'::regnamespace, 'public'::regnamespace) and right_to.grantee = 0
    """
    assert await ask(owner, question) is None


async def test_what_somebody_changed_by_hand_is_mended(owner: AsyncEngine, clone: Clone) -> None:
    await run(
        owner,
        "alter function ledger.post set work_mem = '1GB'",
        "grant execute on function ledger.post_together to jimei_app",
        "revoke select on ledger.entry from jimei_app",
        "drop view ledger.leaf_record",
        "create function ledger.content(p_id uuid) returns int language sql as 'select 1'",
        "alter table claim_vote disable trigger record_acts_added",
    )
    created = {"post", "post_together", "entry", "leaf_record", "content", "record_acts"}
    assert created <= await changed(owner, clone, REVISIONS)
    await require_identical(clone.owner, clone.owner.set(database=EMPTY))


async def test_nobody_elses_view_is_dropped_on_the_way(owner: AsyncEngine, clone: Clone, revisions: Path) -> None:
    await run(owner, "create schema township", "create view township.mine as select * from ledger.entry")
    edit(revisions, "ledger/entry", "-amount", "0 - amount")
    with pytest.raises(Refused, match=r"view township\.mine"):
        await migrate(clone.owner, revisions)
    assert await ask(owner, "select count(*) from township.mine") == 0


async def test_a_trigger_comes_and_goes_with_its_function_but_nobody_elses(
    owner: AsyncEngine, clone: Clone, revisions: Path
) -> None:
    triggers = "select count(*) from pg_trigger where tgfoid = 'record_acts'::regproc"
    there = await ask(owner, triggers)
    edit(revisions, "desk/record_acts", "returns trigger", "returns /* as ever */ trigger")
    assert await changed(owner, clone, revisions) == {"record_acts"}
    assert await ask(owner, triggers) == there > 0
    await run(
        owner, "create trigger mine after insert on product for each statement execute function record_acts()"
    )
    edit(revisions, "desk/record_acts", "as ever", "once more")
    with pytest.raises(Refused, match="trigger mine on table product"):
        await migrate(clone.owner, revisions)


async def test_a_table_may_change_under_a_view(owner: AsyncEngine, clone: Clone, revisions: Path) -> None:
    newest = await ask(owner, "select version_num from alembic_version")
    revision = (
        "from alembic import op\n"
        f"revision, down_revision, branch_labels, depends_on = 'next', '{newest}', None, None\n"
        "def upgrade() -> None:\n"
        "    op.execute('alter table ledger.transfer alter column ordinal type integer')\n"
    )
    (revisions / "versions" / "next_ordinal.py").write_text(revision)
    await migrate(clone.owner, revisions)
    await require_current(clone.app, revisions)
    read = (
        "select atttypid::regtype::text from pg_attribute where attrelid = 'ledger.entry'::regclass and attnum = 4"
    )
    assert await ask(owner, read) == "integer"
    with pytest.raises(Refused, match="请先升级本程序"):
        await require_current(clone.app)


async def test_a_file_that_fails_leaves_everything_as_it_was(
    owner: AsyncEngine, clone: Clone, revisions: Path
) -> None:
    edit(revisions, "ledger/entry", "-amount", "0 - amount")
    # A function in SQL is read against the tables when it is created.
    edit(revisions, "ledger/add_seal_key", "added_at", "added_on")
    before = await identities(owner)
    with pytest.raises(asyncpg.UndefinedColumnError, match="added_on"):
        await migrate(clone.owner, revisions)
    assert await identities(owner) == before
    await require_current(clone.app)


async def test_a_file_that_needs_what_is_nowhere_is_named(clone: Clone, revisions: Path) -> None:
    edit(revisions, "ledger/record", "ledger.utc(until)", "ledger.utd(until)")
    with pytest.raises(asyncpg.UndefinedFunctionError) as failure:
        await migrate(clone.owner, revisions)
    assert "ledger.record" in failure.value.__notes__[0]


async def test_two_at_once(server: Embedded) -> None:
    owner = server.url(OWNER, "two_at_once")
    try:
        await asyncio.gather(migrate(owner), migrate(owner))
        await require_identical(owner, owner.set(database=EMPTY))
    finally:
        await drop_database(owner)


@pytest.mark.parametrize(("revision", "told"), [("0021", "正式发布前的程序"), ("9999", "请先升级本程序")])
async def test_a_database_of_another_age_is_left_as_it_is(
    owner: AsyncEngine, clone: Clone, revision: str, told: str
) -> None:
    await run(owner, f"update alembic_version set version_num = '{revision}'", "delete from sql_file")
    before = await identities(owner)
    for refused in (migrate(clone.owner), require_current(clone.app), check_database(clone.owner)):
        with pytest.raises(Refused, match=told):
            await refused
    assert await identities(owner) == before
    assert await ask(owner, "select version_num from alembic_version") == revision


DRIFT = {
    "create or replace view ledger.settlement as select township, target, id, phase, effective_at, recorded_at"
    " from ledger.transaction": "函数或视图 ledger.settlement 被人改过",
    "alter function ledger.content_matches security definer": "函数或视图 ledger.content_matches 被人改过",
    "grant execute on function redeem_batch to public": "函数或视图 public.redeem_batch 被人改过",
    "drop function ledger.expiring": "函数或视图 ledger.expiring 被人改过",
    "create view ledger.mine as select 1 as one": "函数或视图 ledger.mine 不是本程序建的",
    "grant delete on ledger.transfer to jimei_app": "表 ledger.transfer 的结构或权限被人改过",
    "grant update (amount) on ledger.transfer to jimei_app": "表 ledger.transfer 的结构或权限被人改过",
    "alter table ledger.balance drop constraint balance_limit": "表 ledger.balance 的结构或权限被人改过",
    "alter table ledger.transfer disable trigger all": "表 ledger.transfer 的结构或权限被人改过",
}


@pytest.mark.parametrize("statement", DRIFT)
async def test_what_was_changed_by_hand_is_named(owner: AsyncEngine, clone: Clone, statement: str) -> None:
    await run(owner, statement)
    with pytest.raises(Refused) as refused:
        await require_identical(clone.owner, clone.owner.set(database=EMPTY))
    assert refused.value.detail.startswith(f"数据库与本程序不一致：{DRIFT[statement]}")


async def test_checking_builds_a_database_beside_it_and_takes_it_away(owner: AsyncEngine, clone: Clone) -> None:
    await run(owner, "drop view ledger.entry")
    with pytest.raises(Refused, match=r"ledger\.entry"):
        await check_database(clone.owner)
    assert not await exists(clone.owner.set(database=f"{clone.owner.database}_check"))
