"""A village's overlay: proposed and confirmed by two people like any book, in force in its village alone and only
on the version it was written for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from api.awards.rulebooks.use_cases import book_in_force, books_in_force
from tests.api.asking import problem, sign_in
from tests.api.awards.claims.conftest import approve, claim, declare, hire, review
from tests.api.awards.rulebooks.conftest import adopt, ask, confirm, propose, text
from tests.api.desk.households.conftest import change
from tests.conftest import LiveTown

OVERLAY = """
[overlay]
base = "2026.2"
village = "河畔村"
title = "河畔村补充办法"
version = "河畔 1"
effective_from = 2026-08-01
adopted_by = { body = "河畔村村民代表会议", meeting = "第 3 次", date = 2026-06-10 }

[[retire]]
id = "A03"
why = "本村不搞"

[[change]]
id = "A01"
points = 2

[[rule]]
id = "V1"
title = "参加村史整理"
category = "village"
points = 2
evidence = ["名单"]
reviewers = ["committee"]
"""
HILLS = """
[overlay]
base = "2026.2"
village = "石岭村"
title = "石岭村补充办法"
version = "石岭 1"
effective_from = 2026-09-01
adopted_by = { body = "石岭村村民代表会议", meeting = "第 1 次", date = 2026-08-10 }

[[rule]]
id = "V1"
title = "参加修路"
category = "village"
points = 1
evidence = ["名单"]
reviewers = ["committee"]
"""
AUGUST = datetime(2026, 8, 20, 2, 0, tzinfo=UTC)


def base() -> str:
    book = text("2026.2").replace('id = "A01"\n', 'id = "A01"\nvillage_points = [1, 2]\n', 1)
    terms = "village = { add = 5, points = 2, deductions = 5, deduct = 2 }\n"
    remaining = "\n".join(line for line in book.splitlines() if not line.startswith("village = {"))
    return remaining.replace("[book]\n", f"[book]\n{terms}", 1)


@pytest.fixture
async def overlaid(town: LiveTown) -> LiveTown:
    """The base from July on, the overlay of 河畔村 from August on; another village has none. It is August."""
    async with town.staff("office") as http:
        (
            await http.post("/v1/villages", json=[{"code": "sl", "name": "石岭村", "notice_days": 0}])
        ).raise_for_status()
        (await http.post("/v1/grids", json=[{"code": "sl-1", "village": "sl", "name": "一格"}])).raise_for_status()
        household = {"code": "sl-1", "village": "sl", "grid": "sl-1", "head": "周平", "people": 3}
        (await http.post("/v1/households", json=[household])).raise_for_status()
    await adopt(town, base())
    await adopt(town, OVERLAY, "2026-08-01")
    town.clock.travel(AUGUST)
    await sign_in(town, *town.tokens)
    await hire(town, "all", "grid-member")
    return town


async def points(town: LiveTown, rule: str, household: str, day: str) -> tuple[int, str]:
    [outcome] = await declare(town, claim(rule, household, day), by="all")
    return outcome["points"], outcome["reason"]


async def test_the_book_depends_on_day_and_village(overlaid: LiveTown) -> None:
    assert await points(overlaid, "A01", "hp-1", "2026-07-31") == (1, "")
    assert await points(overlaid, "A01", "hp-1", "2026-08-01") == (2, "")
    assert await points(overlaid, "A01", "sl-1", "2026-08-01") == (1, "")
    assert await points(overlaid, "V1", "hp-1", "2026-08-01") == (2, "")
    assert "没有「V1」这一项" in (await points(overlaid, "V1", "sl-1", "2026-08-01"))[1]
    assert "没有「A03」这一项" in (await points(overlaid, "A03", "hp-1", "2026-08-02"))[1]


async def test_a_deed_counts_by_the_book_of_the_village_where_its_household_was_then(overlaid: LiveTown) -> None:
    """Declared after it had moved from 河畔村 to 石岭村 on the 10th, and back on the 15th: each has an overlay."""
    await adopt(overlaid, HILLS, "2026-09-01")
    overlaid.clock.travel(datetime(2026, 9, 20, 2, 0, tzinfo=UTC))
    await sign_in(overlaid, *overlaid.tokens)
    before, there, back = "2026-09-09", "2026-09-10", "2026-09-15"
    (await change(overlaid, "hp-1", village="sl", grid="sl-1", effective_on=there)).raise_for_status()
    assert await points(overlaid, "V1", "hp-1", before) == (2, "")
    assert await points(overlaid, "V1", "hp-1", there) == (1, "")
    assert await points(overlaid, "A01", "hp-1", there) == (1, "")
    assert "没有「A03」这一项" in (await points(overlaid, "A03", "hp-1", before))[1]
    (await change(overlaid, "hp-1", village="hp", grid="hp-1", effective_on=back)).raise_for_status()
    # All days in one batch; whoever stayed is weighed by their own village's as ever.
    deeds = [("hp-1", "2026-09-08"), ("hp-1", "2026-09-11"), ("hp-1", back), ("hp-2", there), ("sl-1", there)]
    outcomes = await declare(overlaid, *(claim("V1", *deed) for deed in deeds), by="all")
    assert [outcome["points"] for outcome in outcomes] == [2, 1, 2, 2, 1]
    # It is put right that it was back on the 12th already.
    for village, day in (("sl", back), ("hp", "2026-09-12")):
        (await change(overlaid, "hp-1", village=village, grid=f"{village}-1", effective_on=day)).raise_for_status()
    assert await points(overlaid, "V1", "hp-1", "2026-09-13") == (2, "")
    assert await points(overlaid, "V1", "hp-1", "2026-09-11") == (1, "")


async def test_books_in_force_agrees_with_book_in_force(overlaid: LiveTown) -> None:
    days = [date(2024, 12, 28) + timedelta(days=n) for n in range(0, 620, 3)]
    days += [date(2025, 1, 1), date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 31), date(2026, 8, 1)]
    async with overlaid.town.unit_of_work() as uow:
        for village, books in (("hp", 4), ("sl", 3), ("", 3)):
            books_by_day = await books_in_force(uow, days, village)
            assert books_by_day == {day: await book_in_force(uow, day, village) for day in days}
            assert len({book.version if book else "" for book in books_by_day.values()}) == books


async def test_a_claim_keeps_its_overlay(overlaid: LiveTown) -> None:
    new_claim = claim("V1", "hp-1", "2026-08-02")
    await declare(overlaid, new_claim)
    await adopt(overlaid, base().replace('"2026.2"', '"2026.3"'), "2026-09-01")
    overlaid.clock.travel(datetime(2026, 9, 2, 2, 0, tzinfo=UTC))
    await sign_in(overlaid, *overlaid.tokens)
    await review(overlaid, new_claim["id"])
    assert (await approve(overlaid, new_claim["id"]))[0] == {
        "id": new_claim["id"],
        "status": "approved",
        "points": 2,
        "reason": "",
        "trace": {},
        "same_deed": [],
    }
    # The new version has no overlay, so the base applies.
    assert await points(overlaid, "A01", "hp-2", "2026-09-01") == (1, "")
    assert await points(overlaid, "A01", "hp-2", "2026-08-31") == (2, "")


async def test_an_overlay_without_its_base_in_force_is_refused(town: LiveTown) -> None:
    await adopt(town, base())
    early = await propose(town, OVERLAY.replace("2026-08-01", "2026-07-01"), "2026-06-30")
    problem(early, 400, "date-wrong")
    missing = await propose(town, OVERLAY.replace('base = "2026.2"', 'base = "2020.1"'), "2026-08-01")
    problem(missing, 400, "rulebook-wrong")
    assert "没有找到" in missing.json()["detail"]


async def test_an_overlay_is_never_retroactive(town: LiveTown) -> None:
    await adopt(town, base())
    town.clock.travel(AUGUST)
    await sign_in(town, *town.tokens)
    problem(await propose(town, OVERLAY, "2026-08-19"), 400, "retroactive")


async def test_another_villages_party_branch_may_not_propose(overlaid: LiveTown) -> None:
    await hire(overlaid, "shi", "party-branch", village="sl")
    changed = OVERLAY.replace("河畔 1", "河畔 2")
    problem(await propose(overlaid, changed, "2026-09-01", by="shi"), 403, "not-allowed")
    id = (await propose(overlaid, changed, "2026-09-01")).raise_for_status().json()["id"]
    problem(await confirm(overlaid, id, by="shi"), 403, "not-allowed")
    assert (await confirm(overlaid, id)).status_code < 300


async def test_the_check_reports_changes_that_the_village_may_not_make(town: LiveTown) -> None:
    await adopt(town, base())
    wrong = OVERLAY.replace("points = 2\n\n[[rule]]", "points = 3\n\n[[rule]]").replace(
        '河畔村"\ntitle', '河湾村"\ntitle'
    )
    found = (await ask(town, "office", "POST", "/check", {"text": wrong})).raise_for_status().json()["problems"]
    messages = [(wrong.splitlines()[p["line"] - 1].split(" ")[0], p["message"]) for p in found]
    assert ("village", "没有叫「河湾村」的村，请写村名，例如“河畔村”。") in messages
    assert any(key == "points" and "村里只能定 1 到 2 分" in message for key, message in messages)
