"""A split, a merger, an end or a revival that somebody deletes, changes or slips in beside the books is named."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from api.platform.database.sql_files import REVISIONS
from tests.api.asking import sign_in
from tests.api.bookkeeping.general_ledger.test_documents import told
from tests.api.desk.households.conftest import balance, done
from tests.conftest import LiveTown, run_jobs
from tests.databases import owner_engine

NO_CHANGE = "账上有这一笔，户的变动记录却不见了"
NO_ENTRY = "户的变动带着积分，账上却没有这一笔"
UNLIKE = "户的变动与账上的不符"
ONE_SIDE = "户的变动只在一户记着，另一户的不见了，或写得不同"
CARRIED = "账上转走了并户的积分，却没有这两户并户的记录"
LIFE = "这户在册还是销户，与它的变动记录不符"
MERGED = "这户并入了别的户，它的变动记录里却没有"

CASES = {
    # Those of which the books know nothing are told by the other household, or by the household itself.
    "delete from household_change where kind = 'split' and after ? 'to'": {NO_CHANGE, ONE_SIDE},
    "delete from household_change where kind = 'split' and after ? 'from'": {ONE_SIDE},
    "delete from household_change where kind = 'merge'": {NO_CHANGE, CARRIED, LIFE, MERGED},
    "delete from household_change where kind = 'revive' and after ? 'back_from'": {NO_CHANGE, ONE_SIDE, LIFE},
    "delete from household_change where kind = 'end'": {NO_CHANGE, LIFE},
    "delete from household_change where kind = 'clear'": {NO_CHANGE},
    "delete from ledger.transfer t using ledger.transaction x where x.id = t.transaction and x.kind = 'clear'": {
        NO_ENTRY
    },
    "update ledger.transaction set id = gen_random_uuid() where kind = 'revive'": {NO_ENTRY},
    "update household_change set after = jsonb_set(after, '{points}', '1')"
    " where kind = 'split' and after ? 'to'": {UNLIKE, ONE_SIDE},
    "update household_change set after = jsonb_set(after, '{points}', '1') where kind = 'split'": {UNLIKE},
    "update household_change set after = jsonb_set(after, '{points}', '0') where kind = 'end'": {NO_CHANGE},
    "update household_change set after = jsonb_set(after, '{into}', '\"hp-1\"') where after ->> 'into' = 'hp-4'": {
        UNLIKE, ONE_SIDE, CARRIED, MERGED
    },
    "update household_change set kind = 'head' where kind = 'clear'": {NO_CHANGE},
    "update household_change set person = confirmed_by, confirmed_by = person where kind = 'clear'": {UNLIKE},
    "update household_change set confirmed_by = null where kind = 'end'": {UNLIKE},
    "update household_change set reason = '换个说法' where after ? 'into'": {ONE_SIDE},
    "update household_change set recorded_at = recorded_at - interval '1 day' where kind = 'split'": {UNLIKE},
    "update household set ended_at = null, merged_into = null where code = 'hp-3'": {LIFE},
    "update household set ended_at = now() where code = 'hp-1'": {LIFE},
    # Of which the clock would carry every point to another household.
    "update household set ended_at = now(), merged_into = (select id from household where code = 'hp-4')"
    " where code = 'hp-1'": {LIFE, MERGED},
    "update ledger.transfer t set credit = a.id from ledger.account a, ledger.transaction x"
    " where x.id = t.transaction and x.person = 'clock' and x.kind = 'merge' and a.name = 'household:hp-1'": {
        CARRIED
    },
}  # fmt: skip


@pytest.fixture
async def changed(town: LiveTown) -> LiveTown:
    """Of each change one; hp-3 was merged into hp-4, and what came late to it was carried on."""
    await town.award("hp-3", 5)
    await town.put_on_notice("hp-3", 7)
    split: dict[str, Any] = {"head": "王小军", "grid": "hp-1", "people": 1, "agreed": True}
    for household, act, values in (
        ("hp-3", "merge", {"into": "hp-4"}),
        ("hp-1", "split", {"code": "hp-9", "points": 30, **split}),
        ("hp-9", "merge", {"into": "hp-1"}),
        ("hp-9", "revive", {"points": 12}),
        ("hp-9", "end", {"kept_until": "2026-07-01"}),
        ("hp-2", "end", {}),
    ):
        (await done(town, household, act, **values)).raise_for_status()
    town.clock.travel(datetime(2026, 7, 2, 2, tzinfo=UTC))
    await run_jobs(town.town)
    await sign_in(town, "office", "tan")
    (await done(town, "hp-9", "end")).raise_for_status()
    assert [await balance(town, code) for code in ("hp-1", "hp-4")] == [88, 12]
    return town


async def test_what_is_deleted_changed_or_slipped_in_is_named(changed: LiveTown) -> None:
    async with owner_engine(changed.clone).connect() as connection:
        assert await told(connection) == set()
        for statement, sentences in CASES.items():
            await connection.execute(text("set local session_replication_role = replica"))
            assert (await connection.execute(text(statement))).rowcount > 0, statement
            assert await told(connection) == sentences, statement
            await connection.rollback()


async def test_earlier_changes_are_known_by_their_entries_after_an_upgrade(changed: LiveTown) -> None:
    upgrade = (REVISIONS / "versions/1005_open_desk/household_changes.sql").read_text(encoding="utf-8")
    async with owner_engine(changed.clone).connect() as connection:
        await connection.execute(text("update household_change set id = gen_random_uuid()"))
        assert await told(connection) == {NO_CHANGE, NO_ENTRY}
        await connection.execute(text(upgrade))
        assert await told(connection) == set()
