"""Supervisors find what was planted, none of its innocent relatives, and behind each row the claims it counts."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from uuid import UUID

import httpx

from api.awards.patterns.awards import Scope, read_sums
from api.awards.patterns.periods import read_period
from api.awards.review.held import UNDO_FOR, DeskAct, decide
from tests.api.asking import problem, rows, sign_in
from tests.api.awards.claims.conftest import approve, claim, declare, review
from tests.api.awards.patterns.conftest import DAY, award_many, declare_many, passes, patterns, sign
from tests.api.awards.review.conftest import act, hire_all, hire_council, staff_of
from tests.api.bookkeeping.general_ledger.conftest import correct, correction, neighbours
from tests.api.web.browser import Browser, browsing
from tests.conftest import LiveTown, run_jobs


def pairs(found: dict[str, Any]) -> dict[tuple[str, str], list[str]]:
    return {(pair["household"], pair["name"]): pair["signs"] for pair in found["pairs"]}


async def test_one_declarer_for_one_household(july: LiveTown) -> None:
    """sun declares for hp-3 alone, six times. wang declares for two others as much, and for hp-4 four times."""
    await award_many(july, "hp-3", 6, by="sun")
    for household in ("hp-1", "hp-2"):
        await award_many(july, household, 6)
    await award_many(july, "hp-4", 4)
    found = await patterns(july)
    assert pairs(found) == {("hp-3", "孙网格"): ["household", "declarer"]}
    [pair] = found["pairs"]
    assert (pair["claims"], pair["points"], pair["of_household"], pair["of_declarer"]) == (6, 24, 100, 100)
    assert [each for each in found["pairs_by_share"] if each["number"]] == [
        {"label": "90–100%", "number": 3, "listed": 1}
    ]
    async with browsing(july, "qian") as qian:
        told = await qian.open("/desk/patterns?period=2026-07")
    assert "不寻常不等于有错" in told
    assert "张伟，孙网格申报" in told
    assert "王建国，王网格申报" not in told


async def test_two_households_whose_people_declare_for_each_other(july: LiveTown) -> None:
    await hire_all(
        july,
        {"login": "an", "roles": ["grid-member"], "household": "hp-1"},
        {"login": "bo", "roles": ["grid-member"], "household": "hp-2"},
    )
    await sign_in(july, "an", "bo")
    # Each of them for all others, too, so that nothing but both ways is unusual.
    for by, other in (("an", "hp-2"), ("bo", "hp-1")):
        for household in (other, "hp-3", "hp-4"):
            await award_many(july, household, 5, by=by)
    for household in ("hp-1", "hp-2", "hp-3", "hp-4"):
        await award_many(july, household, 6)
    found = await patterns(july)
    assert pairs(found) == {("hp-1", "bo"): ["both-ways"], ("hp-2", "an"): ["both-ways"]}
    assert [(pair["back"], pair["relative"]) for pair in found["pairs"]] == [(5, False), (5, False)]
    async with july.staff("office") as http:
        (await http.put("/v1/people/an/relatives/hp-2")).raise_for_status()
    assert [pair["relative"] for pair in (await patterns(july))["pairs"]] == [False, True]


async def test_approvals_within_seconds_of_what_could_be_seen(july: LiveTown) -> None:
    """From the declaration, or from the signature of the body before: not from anything else."""
    slow, quick, held = await declare_many(july, "hp-3", 3)
    passes(july, seconds=9)
    await review(july, quick)
    passes(july, seconds=10)
    await approve(july, quick)
    passes(july, hours=2)
    await sign(july, slow)
    # At the desk it counts when the button is pressed, though it is carried out a minute later.
    [late] = await declare_many(july, "hp-4", 1)
    passes(july, seconds=4)
    zhao = await staff_of(july, "zhao")
    for id in (late, held):
        await decide(july.town, zhao, DeskAct.REVIEW, [UUID(id)], "", UNDO_FOR)
    passes(july, minutes=2)
    await run_jobs(july.town)
    found = await patterns(july)
    assert [(each["name"], each["quick"], each["claims"], each["seconds"]) for each in found["quick"]] == [
        ("赵评议", 1, 1, 9.0),
        ("赵评议", 1, 2, 4.0),
    ]
    numbers = {each["label"]: (each["number"], each["listed"]) for each in found["approvals_by_time"]}
    assert {label: each for label, each in numbers.items() if each[0]} == {
        "10秒内": (2, 2),
        "1分钟内": (1, 0),
        "1小时内": (1, 0),
        "1天内": (2, 0),
    }
    assert found["runs"] == []


async def test_one_after_another_is_a_run_and_one_bulk_batch_is_none(july: LiveTown) -> None:
    ids = await declare_many(july, "hp-3", 14)
    passes(july, hours=1)
    await review(july, *ids)
    passes(july, hours=1)
    for id in ids[:5]:
        passes(july, seconds=3)
        await approve(july, id)
    for id in ids[5:9]:
        passes(july, seconds=5)
        await approve(july, id)
    passes(july, seconds=30)
    await approve(july, *ids[9:])
    [run] = (await patterns(july))["runs"]
    assert (run["name"], run["batches"], run["claims"]) == ("李村委", 5, 5)
    async with browsing(july, "qian") as qian:
        assert set(await find_claims(qian, run["claims_at"])) == set(ids[:5])


async def test_a_grid_far_from_the_others(july: LiveTown) -> None:
    async with july.staff("office") as http:
        grids = [{"code": f"hp-{n}", "village": "hp", "name": f"第{n}网格"} for n in range(2, 8)]
        homes = [
            {"code": f"hp-{10 * n + m}", "village": "hp", "grid": f"hp-{n}", "head": "某某"}
            for n in range(2, 8)
            for m in range(2)
        ]
        (await http.post("/v1/grids", json=grids)).raise_for_status()
        (await http.post("/v1/households", json=homes)).raise_for_status()
    # Each of the grids has between four and eight points a household; the sixth has many.
    for n, number in ((2, 2), (3, 3), (4, 4), (5, 3), (6, 30)):
        await award_many(july, f"hp-{10 * n}", number)
    found = await patterns(july)
    assert [(grid["grid"], grid["households"], grid["points"]) for grid in found["grids"]] == [("hp-6", 2, 120)]
    [spread] = found["spreads"]
    assert spread["per_household"] == [0, 0, 4, 6, 6, 8, 60]
    assert spread["median"] == found["grids"][0]["median"] == 6


async def test_a_member_who_approves_nearly_all(july: LiveTown) -> None:
    await hire_council(july)
    await hire_all(july, {"login": "mei", "roles": ["committee"]})
    await sign_in(july, "an", "mei")
    mine, yours = await declare_many(july, "hp-3", 18), await declare_many(july, "hp-4", 6)
    await sign(july, *mine, reviewer="zhao", approver="li")
    await sign(july, *yours, reviewer="an", approver="li")
    found = await patterns(july)
    # Of the council three quarters are below the threshold; of the committee all are by one of two.
    assert [(each["name"], each["approvals"], each["of_body"], each["members"]) for each in found["members"]] == [
        ("李村委", 24, 24, 2)
    ]
    assert {each["label"]: each["listed"] for each in found["bodies_by_share"] if each["number"]} == {
        "70–79%": 0,
        "90–100%": 1,
    }


async def test_a_body_of_one_is_not_looked_at(july: LiveTown) -> None:
    await award_many(july, "hp-3", 25)
    found = await patterns(july)
    assert found["members"] == []
    assert not any(each["number"] for each in found["bodies_by_share"])


async def find_claims(browser: Browser, address: str) -> dict[str, int]:
    """All that a search finds, page by page, with their points."""
    found: dict[str, int] = {}
    while address:
        await browser.open(address)
        assert browser.page.status_code == 200, browser.text
        assert "只列" in browser.page.text
        for id, points in re.findall(
            r'<li><div><a href="/desk/claims/([0-9a-f-]{36}).*?<b>([+−]?\d+)</b>', browser.page.text, re.S
        ):
            assert id not in found
            found[id] = int(points.replace("−", "-"))
        older = re.findall(r'href="([^"]+)">更早的', browser.page.text)
        address = unescape(older[0]) if older else ""
    return found


async def plant(town: LiveTown) -> None:
    """Something for every figure, with what is corrected, refused, withdrawn, kept from publication or not yet
    decided beside it, and another village's."""
    await neighbours(town)
    await hire_all(town, {"login": "mei", "roles": ["committee"]}, {"login": "second", "roles": ["supervisor"]})
    await sign_in(town, "mei", "far", "far-off", "second")
    await award_many(town, "hp-3", 56, by="sun", points=3)
    posted = await award_many(town, "hp-3", 3, by="sun", points=9)
    secret = claim("A02", "hp-3", DAY, inputs={"case_number": "单号七三九一"})
    assert (await declare(town, secret, by="sun"))[0]["status"] == "declared"
    await review(town, secret["id"], by="mei")
    [outcome] = await approve(town, secret["id"], by="second")
    assert outcome["status"] == "approved", outcome
    await run_jobs(town.town)
    for id, lines in ((posted[0], [("household:hp-3", "township:issuing", 4)]), (posted[1], [])):
        [(posting,)] = await rows(town, "select id from ledger.transaction where target = :id", id=id)
        [outcome] = await correct(town, correction(str(posting), *lines), by="qian")
        assert outcome["status"] == "ok", outcome
    refused, withdrawn, _ = await declare_many(town, "hp-3", 3, by="sun")
    (await act(town, "zhao", refused, "refuse", "没看见")).raise_for_status()
    (await act(town, "sun", withdrawn, "withdraw")).raise_for_status()
    for id in await declare_many(town, "hp-2", 6):
        passes(town, seconds=2)
        await review(town, id)
    await declare(town, claim("T1", "ss-1", DAY, inputs={"points": 5}), by="far")


async def test_the_claims_behind_each_row_add_up_to_it(july: LiveTown) -> None:
    await plant(july)
    await sign_in(july, "qian", "tan")
    for login, query in (("qian", {}), ("tan", {}), ("tan", {"village": "hp"})):
        found = await patterns(july, login, **query)
        async with browsing(july, login) as browser:
            for pair in found["pairs"]:
                behind = await find_claims(browser, pair["claims_at"])
                assert (len(behind), sum(behind.values())) == (pair["claims"], pair["points"]) == (60, 192)
            for each in (*found["quick"], *found["runs"]):
                assert len(await find_claims(browser, each["claims_at"])) == each["claims"]
            for member in found["members"]:
                assert len(await find_claims(browser, member["claims_at"])) == member["approvals"]
            [grid] = [each for each in found["spreads"] if each["village"] == "hp"]
            at = f"/desk/claims?village=hp&grid=hp-1&status=awarded&since={found['since']}&until={found['until']}"
            assert grid["per_household"] == [sum((await find_claims(browser, at)).values()) / 4]
        assert [len(found[name]) for name in ("pairs", "runs", "members")] == [1, 1, 1], found
        for bins, rows_of in (("pairs_by_share", "pairs"), ("bodies_by_share", "members")):
            assert sum(each["listed"] for each in found[bins]) == len(found[rows_of])
        quick = found["approvals_by_time"][0]
        assert quick["number"] == quick["listed"] == sum(each["quick"] for each in found["quick"]) > 0


async def test_supervisors_alone_see_patterns(july: LiveTown) -> None:
    """Each of their own village, those of the township of all; so it is for the page, the answer to programs, and
    the searches that a row leads to."""
    await plant(july)
    await sign_in(july, *july.tokens)
    [pair] = (await patterns(july))["pairs"]
    paths = ("/v1/patterns?period=2026-07", "/desk/patterns?period=2026-07", pair["claims_at"])
    for login in ("wang", "sun", "zhao", "li", "mei", "ma", "fu", "office", "far"):
        async with july.staff(login) as http:
            problem(await http.get(paths[0]), 403, "not-allowed")
        if login == "far":
            continue
        async with browsing(july, login) as browser:
            for path in paths[1:]:
                await browser.open(path)
                assert browser.page.status_code == 403, (login, path)
            assert "异常线索" not in await browser.open("/desk")
    async with httpx.AsyncClient(base_url=july.url, verify=False) as nobody:
        problem(await nobody.get(paths[0]), 401, "not-signed-in")
    async with july.staff("far-off") as other, july.staff("tan") as tan:
        problem(await other.get("/v1/patterns?period=2026-07&village=hp"), 403, "not-allowed")
        problem(await tan.get("/v1/patterns?village=nowhere"), 404, "unknown")
        problem(await tan.get("/v1/patterns?period=2026-13"), 400, "malformed")
    own = await patterns(july, "far-off")
    assert own["village"] == "ss"
    assert "hp-" not in str(own)
    assert (await patterns(july, "tan"))["pairs"] == (await patterns(july, "qian"))["pairs"]


async def test_what_is_kept_from_publication_counts_where_it_may_be_seen(july: LiveTown) -> None:
    await plant(july)
    period = read_period("2026-07")
    async with july.town.unit_of_work() as uow:
        seen, published = [
            sum(each.claims for each in await read_sums(uow, Scope(["hp"], concealed, period)))
            for concealed in (["hp"], [])
        ]
    assert seen == published + 1
    async with browsing(july, "qian") as qian:
        await qian.open("/desk/patterns?period=2026-07")
        assert not any(mark in qian.page.text for mark in ("反映违建", "单号七三九一"))


async def test_a_village_without_anything_says_so(july: LiveTown) -> None:
    await neighbours(july)
    found = await patterns(july, "far-off")
    assert [found[name] for name in ("pairs", "quick", "runs", "grids", "members")] == [[]] * 5
    assert found["spreads"] == [{"village": "ss", "per_household": [0.0], "median": 0.0, "deviation": 1.0}]
    async with browsing(july, "far-off") as browser:
        told = await browser.open("/desk/patterns")
        assert told.count("没有越过界限的。") == 3
        assert "山上村，2026年7月" in told
        for period, title in (("2026-06", "2026年6月"), ("2026-q3", "2026年第3季度"), ("2025", "2025年")):
            assert f"山上村，{title}" in await browser.open(f"/desk/patterns?period={period}")


async def test_a_household_that_moved_away_is_left_out(july: LiveTown) -> None:
    await neighbours(july)
    await award_many(july, "hp-3", 6, by="sun")
    assert len((await patterns(july))["pairs"]) == 1
    async with july.staff("office") as http:
        moved = {"effective_on": "2026-07-20", "reason": "迁走", "village": "ss", "grid": "ss-1"}
        (await http.patch("/v1/households/hp-3", json=moved)).raise_for_status()
    for login in ("qian", "far-off"):
        found = await patterns(july, login)
        assert found["pairs"] == []
        assert not any(any(spread["per_household"]) for spread in found["spreads"])


async def test_the_thresholds_stand_on_the_page_with_their_reasons(july: LiveTown) -> None:
    async with browsing(july, "qian") as qian:
        told = await qian.open("/desk/patterns")
    for reason in ("至少 5 件", "占到一半", "10 秒以内", "前后不到 5 秒", "3.5 倍以上", "一个人占到八成"):
        assert reason in told


async def test_a_wrong_link_gets_a_sentence(july: LiveTown) -> None:
    async with browsing(july, "qian") as qian:
        for wrong in ("declared_by=x", "approved_by=x", "decided_since=x", "decided_until=2026-07-01T00:00:00"):
            assert "这个链接不完整" in await qian.open(f"/desk/claims?{wrong}")
