"""Expiry over HTTP and at the command line: adopted with notice, looked at, then taken by a person."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import click
import httpx
import pytest

from api.cli import expiry as terminal
from api.platform.errors import Refused
from tests.api.asking import a_redemption, confirmed, order, problem, rows, sign_in, standing
from tests.api.awards.claims.conftest import hire
from tests.api.bookkeeping.general_ledger.conftest import correct, correction, redeem
from tests.api.web.browser import browsing
from tests.conftest import NOW, LiveTown

TODAY = date(2026, 6, 15)
# Midnight of 1 August in the township.
AUGUST = datetime(2026, 7, 31, 16, tzinfo=UTC)
BOUNDARY = "2026-08-01"


def policy(
    effective_on: str = BOUNDARY, kind: str = "rolling", months: int | None = 1, reason: str = "支委会决定"
) -> dict[str, Any]:
    return {"effective_on": effective_on, "kind": kind, "months": months, "reason": reason}


async def put(town: LiveTown, wanted: dict[str, Any], by: str = "office") -> httpx.Response:
    async with town.staff(by) as http:
        return await confirmed(town, await http.put("/v1/expiry-policies", json=wanted), "ma")


async def expire(town: LiveTown, by: str = "office", **wanted: Any) -> httpx.Response:
    async with town.staff(by) as http:
        return await http.post("/v1/expiries", json={"boundary": BOUNDARY, **wanted})


async def preview(town: LiveTown, by: str = "office", **asked: Any) -> httpx.Response:
    async with town.staff(by) as http:
        return await http.get("/v1/expiries/preview", params={"boundary": BOUNDARY, **asked})


async def until_august(town: LiveTown) -> None:
    town.clock.travel(AUGUST)
    await sign_in(town, "office")


@pytest.fixture
async def adopted(town: LiveTown) -> LiveTown:
    """What is earned in a month lasts until the end of the next one, from August on."""
    (await put(town, policy())).raise_for_status()
    return town


async def test_a_policy_is_adopted_with_notice_by_the_party_branch(town: LiveTown) -> None:
    await put_refused(town, policy(), 403, "not-allowed", by="li")
    early = TODAY + timedelta(days=29)
    extra = await put_refused(town, policy(early.isoformat()), 400, "too-soon")
    assert extra == {"earliest": "2026-07-15"}
    assert (await put(town, policy("2026-07-15"))).status_code == 200
    await put_refused(town, policy(TODAY.isoformat(), "year-end", None), 400, "too-soon")
    await put_refused(town, policy("2026-06-14", "none", None), 400, "too-soon")
    assert (await put(town, policy(TODAY.isoformat(), "none", None))).status_code == 200
    async with town.staff("wang") as http:
        listed = (await http.get("/v1/expiry-policies")).json()
    assert [(p["effective_on"], p["kind"], p["months"]) for p in listed] == [
        ("2026-06-15", "none", None),
        ("2026-07-15", "rolling", 1),
    ]


async def test_a_policy_sent_again_is_the_same_and_another_for_that_day_is_refused(adopted: LiveTown) -> None:
    first = (await put(adopted, policy())).json()
    adopted.clock.travel(NOW + timedelta(days=20))
    await sign_in(adopted, "office")
    assert (await put(adopted, policy())).json() == first
    await put_refused(adopted, policy(kind="none", months=None), 409, "already-there")


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        (policy(months=None), "malformed"),
        (policy(months=0), "malformed"),
        (policy(months=121), "malformed"),
        (policy(kind="year-end"), "malformed"),
        (policy(kind="weekly"), "malformed"),
        (policy(reason=""), "malformed"),
        (policy("9999-12-01"), "too-far"),
    ],
)
async def test_a_policy_that_is_none(town: LiveTown, wanted: dict[str, Any], word: str) -> None:
    await put_refused(town, wanted, 400, word)
    assert await rows(town, "select 1 from ledger.expiry_policy") == []


@pytest.mark.parametrize(
    ("on", "first"),
    [("2026-09-01", "2027-01-01"), ("2026-12-31", "2027-01-01"), ("2027-01-02", "2028-01-01")],
)
async def test_a_yearly_clearing_on_another_day_is_refused_with_the_first_it_would_mean(
    town: LiveTown, on: str, first: str
) -> None:
    extra = await put_refused(town, policy(on, "year-end", None), 400, "malformed")
    assert extra == {"first": first}
    assert await rows(town, "select 1 from ledger.expiry_policy") == []
    assert (await put(town, policy(first, "year-end", None))).status_code == 200


async def test_who_confirms_a_policy_reads_when_it_first_takes_points(town: LiveTown) -> None:
    async with town.staff("office") as http:
        asked = (await http.put("/v1/expiry-policies", json=policy("2026-08-15", months=12))).json()
        none = (await http.put("/v1/expiry-policies", json=policy("2026-08-16", "none", None))).json()
    assert "第一次到期是2026年9月1日" in asked["what"]
    assert "第一次到期" not in none["what"]


async def put_refused(
    town: LiveTown, wanted: dict[str, Any], status: int, word: str, by: str = "office"
) -> dict[str, Any]:
    return problem(await put(town, wanted, by), status, word)


async def test_the_preview_tells_who_would_lose_what_and_changes_nothing(adopted: LiveTown) -> None:
    before = await standing(adopted)
    told = (await preview(adopted)).json()
    assert (told["boundary"], told["earned_before"]) == (BOUNDARY, "2026-07-01")
    lines = {line["household"]: (line["head"], line["village"], line["points"]) for line in told["lines"]}
    assert lines == {"hp-1": ("王建国", "hp", 100), "hp-2": ("李秀英", "hp", 3)}
    assert (told["done"], told["points"], told["next"]) == (4, 103, None)
    assert await standing(adopted) == before


async def test_the_preview_goes_on_where_it_ended(adopted: LiveTown) -> None:
    found, after, looks = [], None, 0
    while True:
        told = (await preview(adopted, limit=1, **({"after": after} if after else {}))).json()
        found += [line["household"] for line in told["lines"]]
        looks += 1
        after = told["next"]
        if after is None:
            break
    assert sorted(found) == ["hp-1", "hp-2"]
    assert looks == 5
    for limit in (0, 1001):
        problem(await preview(adopted, limit=limit), 400, "malformed")


async def test_a_village_sees_its_own_households_and_figures_are_not_for_all(adopted: LiveTown) -> None:
    async with adopted.staff("office") as http:
        (await http.post("/v1/villages", json=[{"code": "sj", "name": "山脚村"}])).raise_for_status()
    await hire(adopted, "zhou", "committee", village="sj")
    other = (await preview(adopted, by="zhou")).json()
    assert (other["lines"], other["points"], other["done"]) == ([], 0, 4)
    assert {line["head"] for line in (await preview(adopted, by="li")).json()["lines"]} == {"王建国", "李秀英"}
    problem(await preview(adopted, by="wang"), 403, "not-allowed")


@pytest.mark.parametrize("day", ["2026-08-02", "2026-07-01", "0001-01-01", "9999-12-31"])
async def test_a_day_on_which_nothing_expires(adopted: LiveTown, day: str) -> None:
    problem(await preview(adopted, boundary=day), 400, "no-boundary")


async def test_nobody_takes_anything_before_its_day(adopted: LiveTown) -> None:
    problem(await expire(adopted), 409, "not-due")
    adopted.clock.travel(AUGUST - timedelta(microseconds=1))
    await sign_in(adopted, "office")
    problem(await expire(adopted), 409, "not-due")
    adopted.clock.travel(AUGUST)
    assert (await expire(adopted)).status_code == 200


async def test_what_is_up_is_taken_once_and_what_was_redeemed_is_not(adopted: LiveTown) -> None:
    await until_august(adopted)
    async with adopted.device(await adopted.shift()) as http:
        (await http.put(a_redemption(), json=order(adopted.card, ("soap", 2, 5)))).raise_for_status()
    problem(await expire(adopted, boundary="2026-07-02"), 400, "no-boundary")
    await sign_in(adopted, "li")
    problem(await expire(adopted, by="li"), 403, "not-allowed")
    done = (await expire(adopted)).json()
    assert done == {"boundary": BOUNDARY, "done": 4, "households": 2, "expired": 93, "next": None}
    assert (await expire(adopted)).json()["expired"] == 0
    report, _, card, poor = await standing(adopted)
    assert (card["balance"], poor["balance"], report["points_outstanding"]) == (0, 0, 0)
    assert report["in_balance"]


async def test_a_run_in_slices_takes_what_one_run_would(adopted: LiveTown) -> None:
    await until_august(adopted)
    taken, after = [], None
    while True:
        done = (await expire(adopted, after=after, limit=1)).json()
        assert done["done"] <= 1
        taken.append(done["expired"])
        after = done["next"]
        if after is None:
            break
    assert sorted(taken) == [0, 0, 0, 3, 100]


async def test_the_household_sees_it_coming_and_afterwards_why(adopted: LiveTown) -> None:
    async with adopted.device() as http:
        card = (await http.get(f"/v1/cards/{adopted.card}")).json()
        assert card["expiring"] == [{"points": 100, "on": BOUNDARY}]
        assert (await http.get(f"/v1/cards/{adopted.empty_card}")).json()["expiring"] == []
    async with browsing(adopted) as browser:
        assert "其中 100 分到 8月1日 过期" in await browser.open(f"/c/{adopted.card}")
        assert "过期" not in await browser.open(f"/c/{adopted.empty_card}")
        await until_august(adopted)
        assert "其中 100 分已于 8月1日 到期，请尽快用" in await browser.open(f"/c/{adopted.card}")
        (await expire(adopted)).raise_for_status()
        mine = await browser.open(f"/c/{adopted.card}")
        assert "到期未用，已过期：2026年6月及以前得到、到期未用的积分 8月1日 −100" in mine
        assert "其中" not in mine
        assert "荣誉分 历年共得 100 分" in mine


async def test_what_comes_back_after_its_day_waits_for_the_next_one(adopted: LiveTown) -> None:
    await until_august(adopted)
    redeemed = await redeem(adopted, ("soap", 2, 5))
    (await expire(adopted)).raise_for_status()
    await sign_in(adopted, "qian")
    [corrected] = await correct(adopted, correction(redeemed))
    assert corrected["status"] == "ok"
    async with adopted.device() as http:
        card = (await http.get(f"/v1/cards/{adopted.card}")).json()
    assert card["expiring"] == [{"points": 10, "on": "2026-09-01"}]
    async with browsing(adopted) as browser:
        assert "其中 10 分到 9月1日 过期" in await browser.open(f"/c/{adopted.card}")


async def test_without_a_policy_nothing_is_said(town: LiveTown) -> None:
    async with town.device() as http:
        assert (await http.get(f"/v1/cards/{town.card}")).json()["expiring"] == []
    async with browsing(town) as browser:
        assert "过期" not in await browser.open(f"/c/{town.card}")


async def test_at_the_command_line_one_looks_then_takes(
    adopted: LiveTown, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match="还没有积分到期的日子"):
        await terminal.run(adopted.town, None, None, ask=True)
    await terminal.run(adopted.town, date(2026, 8, 1), None, ask=True)
    assert capsys.readouterr().out == "2026年8月1日到期：2 户，共 103 分。\n"
    with pytest.raises(Refused, match="还没到2026年8月1日"):
        await terminal.run(adopted.town, date(2026, 8, 1), "office", ask=False)
    await until_august(adopted)
    for login, word in (("nobody", "unknown"), ("li", "not-allowed")):
        with pytest.raises(Refused) as refused:
            await terminal.run(adopted.town, None, login, ask=False)
        assert refused.value.code == word
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: ASYNC230, SIM115
    with pytest.raises(click.Abort):
        await terminal.run(adopted.town, None, "office", ask=True)
    assert (await preview(adopted)).json()["points"] == 103
    capsys.readouterr()
    await terminal.run(adopted.town, None, "office", ask=False)
    assert "已扣 2 户，共 103 分，经办人 乡镇办公室。" in capsys.readouterr().out
    await terminal.run(adopted.town, None, "office", ask=False)
    assert capsys.readouterr().out == "2026年8月1日到期：0 户，共 0 分。\n"
