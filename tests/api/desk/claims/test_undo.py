"""What is decided at the desk can be undone for a minute; then it counts, once, whatever happens meanwhile."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from api.awards.review.held import UNDO_FOR, DeskAct, decide, undo
from api.awards.review.tables import HeldDecision
from api.registry.people.queries import find_staff_by_login
from tests.api.asking import rows
from tests.api.web.browser import Browser, browsing, declare
from tests.conftest import LiveTown, run_jobs, serving
from tests.databases import owner_engine


@pytest.fixture
async def held(town: LiveTown) -> AsyncIterator[LiveTown]:
    """A township whose desk holds decisions, with three claims that wait for the council."""
    async with serving(town.town, undo_for=UNDO_FOR) as url:
        held = replace(town, url=url)
        async with browsing(held, "wang") as wang:
            for household in ("hp-1", "hp-2", "hp-3"):
                assert "已申报" in await declare(wang, household)
        yield held


async def statuses(town: LiveTown) -> list[str]:
    query = "select c.status from claim c where c.rule = 'A09' order by c.declared_at, c.id"
    return [status for (status,) in await rows(town, query)]


def past(town: LiveTown) -> None:
    town.clock.travel(town.clock.now() + UNDO_FOR)


async def approve_all(browser: Browser, step: str) -> str:
    await browser.open("/desk")
    claims = browser.claims()
    shown = await browser.send(f"/desk/claims/{step}", claims=claims)
    return await browser.send(f"/desk/claims/{step}", claims=claims) if len(claims) > 1 else shown


async def test_several_are_shown_with_their_sums_then_held_then_count(held: LiveTown) -> None:
    async with browsing(held, "zhao") as zhao, browsing(held, "li") as li:
        await zhao.open("/desk")
        assert "待评议 3 件，+15 分，最早 6月15日" in zhao.text
        claims = zhao.claims()
        preview = await zhao.send("/desk/claims/review", claims=claims)
        assert "一共 3 件， 3 户， +15 分" in preview
        assert await statuses(held) == ["declared"] * 3
        assert "评议通过 3 件。一分钟内可以撤回。" in await zhao.send("/desk/claims/review", claims=claims)
        assert zhao.claims() == []
        await run_jobs(held.town)
        assert await statuses(held) == ["declared"] * 3
        # Nobody else waits for less than before.
        assert "现在没有等您办的" in await li.open("/desk")
        past(held)
        await run_jobs(held.town)
        assert await statuses(held) == ["reviewed"] * 3
        assert "撤回" not in await zhao.open("/desk")
        assert "审定并公示 3 件" in await approve_all(li, "approve")
        past(held)
        await run_jobs(held.town)
        assert await statuses(held) == ["approved"] * 3


async def test_within_the_minute_all_of_it_is_undone(held: LiveTown) -> None:
    async with browsing(held, "zhao") as zhao:
        await approve_all(zhao, "review")
        held.clock.travel(held.clock.now() + UNDO_FOR - timedelta(seconds=1))
        assert "撤回了 3 件" in await zhao.send("/desk/claims/undo", held=undoable(zhao))
        assert len(zhao.claims()) == 3
        past(held)
        await run_jobs(held.town)
        assert await statuses(held) == ["declared"] * 3
        # And may be decided anew.
        await approve_all(zhao, "review")
        past(held)
        await run_jobs(held.town)
        assert await statuses(held) == ["reviewed"] * 3


def undoable(browser: Browser) -> list[str]:
    return re.findall(r'name="held" value="([^"]+)"', browser.page.text)


async def test_afterwards_nothing_is_undone(held: LiveTown) -> None:
    async with browsing(held, "zhao") as zhao:
        await approve_all(zhao, "review")
        past(held)
        assert "已经过了可以撤回的时间" in await zhao.send("/desk/claims/undo", held=undoable(zhao))
    await run_jobs(held.town)
    assert await statuses(held) == ["reviewed"] * 3


async def test_one_tap_decides_the_open_claim_and_opens_the_next(held: LiveTown) -> None:
    async with browsing(held, "zhao") as zhao, browsing(held, "wang") as wang:
        await zhao.open("/desk")
        first, second, third = zhao.claims()
        await zhao.open(f"/desk/claims/{first}?in=review")
        await zhao.send("/desk/claims/review", claims=first)
        assert zhao.page.url.path == f"/desk/claims/{second}"
        await zhao.send(f"/desk/claims/{second}/return", offered="日期不对")
        assert zhao.page.url.path == f"/desk/claims/{third}"
        await zhao.send(f"/desk/claims/{third}/refuse", reason="当天不在村里")
        assert zhao.page.url.path == "/desk"
        past(held)
        await run_jobs(held.town)
        assert await statuses(held) == ["reviewed", "returned", "refused"]
        assert "当天不在村里" in await wang.open("/desk")


async def test_what_stands_in_the_way_is_told_at_once_or_when_it_is_due(held: LiveTown) -> None:
    async with browsing(held, "zhao") as zhao:
        await zhao.open("/desk")
        first = zhao.claims()[0]
        await approve_all(zhao, "review")
        # Meanwhile it is withdrawn by who declared it.
        async with held.staff("wang") as http:
            (await http.post(f"/v1/claims/{first}/withdraw")).raise_for_status()
        past(held)
        await run_jobs(held.town)
        assert await statuses(held) == ["withdrawn", "reviewed", "reviewed"]
        assert "评议通过没有办成：" in await zhao.open("/desk")
        assert f'href="/desk/claims/{first}"' in zhao.page.text


async def test_whoever_serves_no_more_decides_nothing(held: LiveTown) -> None:
    async with browsing(held, "zhao") as zhao:
        await approve_all(zhao, "review")
    async with held.staff("office") as http:
        ended = await http.post("/v1/people/zhao/end", json={"on": "2026-06-15", "reason": "搬走了"})
        assert ended.is_success, ended.text
    past(held)
    await run_jobs(held.town)
    assert await statuses(held) == ["declared"] * 3
    problems = await rows(held, "select distinct problem from held_decision")
    assert problems == [("您的任职已经结束，没有办。",)]


async def test_whoever_has_lost_the_duty_decides_nothing_and_holds_up_nobody(held: LiveTown) -> None:
    async with browsing(held, "zhao") as zhao:
        await approve_all(zhao, "review")
    async with owner_engine(held.clone).begin() as owner:
        await owner.execute(text("update person set roles = '{grid-member}' where login = 'zhao'"))
    past(held)
    await run_jobs(held.town)
    assert await statuses(held) == ["declared"] * 3
    told = "select count(*) from held_decision where carried_out_at is not null and problem <> ''"
    assert await rows(held, told) == [(3,)]


async def test_a_server_that_stops_in_the_middle_carries_out_the_rest_once(held: LiveTown) -> None:
    async with browsing(held, "zhao") as zhao:
        await approve_all(zhao, "review")
    past(held)
    await run_jobs(held.town)
    # Stopped between carrying out and writing that down.
    async with owner_engine(held.clone).begin() as owner:
        await owner.execute(text("update held_decision set carried_out_at = null"))
    await run_jobs(held.town)
    assert await statuses(held) == ["reviewed"] * 3
    votes = "select count(*) from claim_vote v join claim c on c.id = v.claim where c.rule = 'A09'"
    assert await rows(held, votes) == [(3,)]
    assert await rows(
        held, "select count(*) from held_decision where carried_out_at is null or problem <> ''"
    ) == [(0,)]


async def test_nobody_undoes_for_another_and_twice_is_once(held: LiveTown) -> None:
    async with held.town.unit_of_work() as uow:
        zhao, wang = [await find_staff_by_login(uow, login) for login in ("zhao", "wang")]
    assert zhao is not None
    assert wang is not None
    ids = [UUID(str(id)) for (id,) in await rows(held, "select id from claim where rule = 'A09' order by id")]
    for _ in range(2):
        outcomes = await decide(held.town, zhao, DeskAct.REVIEW, ids, "", UNDO_FOR)
        assert {each.status for each in outcomes} == {"held"}
    decisions = [UUID(str(id)) for (id,) in await rows(held, f"select id from {HeldDecision.__tablename__}")]
    assert len(decisions) == 3
    assert await undo(held.town, wang, decisions) == 0
    assert await undo(held.town, zhao, decisions) == 3
    assert await undo(held.town, zhao, decisions) == 0
