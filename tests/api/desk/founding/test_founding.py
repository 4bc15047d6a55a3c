"""A township is founded with all that it begins with, or not at all."""

from __future__ import annotations

import asyncio
import tomllib
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import rules
from api import wire
from api.awards.rulebooks import adoption_views, adoptions
from api.awards.rulebooks.gallery import list_gallery
from api.awards.rulebooks.use_cases import book_in_force
from api.bookkeeping.expiry.policies import read_policies
from api.desk.founding import questions
from api.desk.founding.use_cases import found
from api.platform.clock import TravelClock
from api.platform.errors import Refused
from api.platform.services import Services
from api.registry.founding.defaults import read_defaults, show_defaults
from api.registry.people.clients import TERMINAL
from api.registry.people.invitations import join
from api.registry.people.queries import find_staff_by_login
from api.registry.people.use_cases import authenticate
from api.registry.proposals.bounds import show_policy
from ledger.expiry import Policy, PolicyKind
from ledger.verify import verify
from tests.api.desk.founding.conftest import FIRST, SECOND, founding, with_password
from tests.conftest import opened, run_jobs
from tests.databases import Clone, owner_engine
from tests.profile import many

WRITTEN = """
    township person sign_in_token township_defaults approval_policy rulebook rulebook_adoption invitation
    ledger.account ledger.expiry_policy
"""


@pytest.fixture
async def fresh(clone: Clone, clock: TravelClock) -> Any:
    async with opened(clone, clock) as services:
        yield services


async def count_written(clone: Clone) -> int:
    counts = " + ".join(f"(select count(*) from {table})" for table in WRITTEN.split())
    async with owner_engine(clone).connect() as connection:
        return int((await connection.execute(text(f"select {counts}"))).scalar_one())


async def test_all_that_was_asked_for_is_there(fresh: Services) -> None:
    founded = await found(fresh, founding())
    assert founded.rulebook == "乡镇文明积分办法"
    assert founded.invitation is not None
    assert (await authenticate(fresh, "wangfang", FIRST, TERMINAL)).serves_township
    with pytest.raises(Refused, match="用户名或密码不对"):
        await authenticate(fresh, "liming", "", TERMINAL)
    async with fresh.unit_of_work() as uow:
        assert await read_defaults(uow) == wire.TownshipDefaults(
            notice_days=5, pin_above=40, lease_most=150, lease_days=4
        )
        [policy] = await read_policies(uow)
    # Told thirty days before, like any other.
    assert policy == Policy(date(2026, 7, 15), PolicyKind.ROLLING, 18)
    defaults, bounds = await show_defaults(fresh), await show_policy(fresh)
    assert (defaults.proposed_by, defaults.confirmed_by, defaults.since) == ("王芳", "", fresh.clock.now())
    assert (bounds.stocktake_points, bounds.first_cards, bounds.since) == (100, 9, fresh.clock.now())


async def test_the_second_person_joins_and_puts_the_rulebook_in_force(fresh: Services) -> None:
    founded = await found(fresh, founding())
    assert founded.invitation is not None
    code = founded.invitation.code
    await join(fresh, wire.NewPassword(code=code, password=SECOND), TERMINAL)
    async with fresh.unit_of_work() as uow:
        first = await find_staff_by_login(uow, "wangfang")
        second = await find_staff_by_login(uow, "liming")
    assert first is not None
    assert second is not None
    [adoption] = await adoption_views.list_adoptions(fresh)
    detail = await adoption_views.get_adoption(fresh, second, adoption.id)
    ticks = {each.rule: list(detail.subjects) for each in detail.delicate}
    with pytest.raises(Refused, match="由另一位支委确认"):
        await adoptions.confirm(fresh, first, adoption.id, ticks)
    await adoptions.confirm(fresh, second, adoption.id, ticks)
    async with fresh.unit_of_work() as uow:
        assert await book_in_force(uow, date(2026, 5, 31), "") is None
        book = await book_in_force(uow, date(2026, 6, 1), "")
    assert book is not None
    assert (book.township, book.adopted_by.meeting) == ("青山乡", "2026 年第 1 次会议")
    await run_jobs(fresh)
    async with fresh.snapshot() as uow:
        connection = await uow.session.connection()
        assert [each async for each in verify(connection, uow.township)] == []


async def test_without_a_rulebook_and_with_both_passwords(fresh: Services) -> None:
    founded = await found(fresh, founding(SECOND, rulebook=questions.LATER, expiry="year-end"))
    assert (founded.rulebook, founded.invitation) == ("", None)
    assert (await authenticate(fresh, "liming", SECOND, TERMINAL)).name == "李明"
    async with fresh.unit_of_work() as uow:
        [policy] = await read_policies(uow)
    assert policy == Policy(date(2027, 1, 1), PolicyKind.YEAR_END)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (founding(second_login="wangfang"), "用户名不能一样"),
        (with_password(founding(), "wangfang1"), "太常见"),
        (founding("12345678"), "李明的密码太常见"),
        (founding(rulebook="village-own"), "软件里没有这份积分办法"),
        (founding(decided_on="2026-06-16"), "决定的日期不能晚于今天"),
    ],
)
async def test_what_is_refused_writes_nothing(
    fresh: Services, clone: Clone, wanted: wire.Founding, told: str
) -> None:
    with pytest.raises(Refused, match=told):
        await found(fresh, wanted)
    assert await count_written(clone) == 0


async def test_of_two_at_once_one_wins_and_the_other_is_told(fresh: Services, clone: Clone) -> None:
    both = [founding(), founding(township="绿水乡", first_login="zhao", first_name="赵刚")]
    results = await asyncio.gather(*(found(fresh, each) for each in both), return_exceptions=True)
    [lost] = [each for each in results if isinstance(each, Refused)]
    assert lost.code == "already-there"
    async with owner_engine(clone).connect() as connection:
        names = await connection.execute(text("select name, (select count(*) from person) from township"))
        [(name, people)] = names.all()
    assert people == 2
    assert name == both[1 if results[0] is lost else 0].township


async def test_cut_off_in_the_midst_nothing_is_left(fresh: Services, clone: Clone) -> None:
    waiting = """select pid from pg_stat_activity
                  where wait_event_type = 'Lock' and datname = current_database()"""
    engine = owner_engine(clone)
    async with engine.connect() as holding, engine.connect() as plain:
        looking = await plain.execution_options(isolation_level="AUTOCOMMIT")
        await holding.execute(text("lock table invitation"))
        writing = asyncio.create_task(found(fresh, founding()))
        async with asyncio.timeout(30):
            while (pid := await looking.scalar(text(waiting))) is None:
                await asyncio.sleep(0.02)
        await looking.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(DBAPIError):
            await writing
    assert await count_written(clone) == 0
    await found(fresh, founding())


NAMES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=30)


@settings(max_examples=many(25, 400), deadline=None)
@given(st.sampled_from([book.name for book in list_gallery()]), NAMES, NAMES, st.dates(date(2026, 1, 1)))
def test_a_book_of_the_gallery_gets_a_head_of_its_own(name: str, township: str, body: str, day: date) -> None:
    decision = rules.Decision(body, f"{body}会议", day)
    before = rules.load_builtin(name)
    adapted = rules.adapt_builtin(name, township, decision, day)
    header = tomllib.loads(adapted)["book"]
    assert (header["township"], header["effective_from"]) == (township, day)
    assert header["adopted_by"] == {"body": body, "meeting": f"{body}会议", "date": day}
    assert header["title"] == before.title
    assert len(tomllib.loads(adapted)["rule"]) == len(before.rules) + len(before.offered_deductions)


@pytest.mark.parametrize("name", [book.name for book in list_gallery()])
def test_every_book_of_the_gallery_is_right_as_it_is_adopted(name: str) -> None:
    decision = rules.Decision("青山乡党委", "2026 年第 1 次会议", date(2026, 6, 1))
    adapted = rules.adapt_builtin(name, "青山乡", decision, date(2026, 6, 1))
    book, problems = rules.check(adapted)
    assert book is not None
    assert [problem for problem in problems if problem.kind == "error"] == []


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        *(("township", answer) for answer in ("", "\u202e", "王" * 81)),
        *(("first_login", answer) for answer in ("", "Wang", "王芳", "x" * 41)),
        *(("notice_days", answer) for answer in ("", "三", "-1", "31", "1.5", "9" * 500)),
        *(("months", answer) for answer in ("", "0", "121")),
        *(("expiry", answer) for answer in ("", "never")),
        *(("decided_on", answer) for answer in ("", "2026-02-30", "昨天")),
    ],
)
def test_an_answer_that_is_none_is_told_in_chinese(name: str, answer: str) -> None:
    with pytest.raises(Refused, match=r"[\u4e00-\u9fff].*。$"):
        founding(**{name: answer})


def test_an_answer_is_taken_as_it_is_typed() -> None:
    assert (
        founding(notice_days="５", first_login="ｗａｎｇ", decided_on="２０２６-06-01").defaults.notice_days == 5
    )
