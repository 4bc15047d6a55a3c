"""A year in which a township changes: households, people, cards, tills. After each month the books hold, the
report says what they have, every household's page opens, and nobody has two living cards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from api.bookkeeping.reports.liability import read_position
from api.bookkeeping.reports.year import POINTS, read_year
from api.bookkeeping.verification import verify_books
from api.registry.people.use_cases import find_by_login
from tests.api.asking import a_redemption, confirmed, order, problem, rows, sign_in
from tests.api.bookkeeping.general_ledger.conftest import hold, neighbours, reserve
from tests.api.desk.households.conftest import balance, done, show
from tests.api.web.browser import browsing
from tests.conftest import LiveTown, run_jobs

pytestmark = pytest.mark.slow


class Year:
    """A township and the month that it has come to. `cards`: of each household that has one; `who`: who signs in
    each month."""

    def __init__(self, town: LiveTown) -> None:
        self.town = town
        self.cards = {"hp-1": town.card, "hp-2": town.poor_card}
        self.who = ["office", "wang", "fu", "tan", "qian", "li", "zhao", "sun"]

    @property
    def today(self) -> str:
        return self.town.clock.now().date().isoformat()

    async def next_month(self) -> None:
        self.town.clock.travel(self.town.clock.now() + timedelta(days=31))
        await sign_in(self.town, *self.who)
        await run_jobs(self.town.town)

    async def change(self, household: str, act: str, **values: Any) -> None:
        (await done(self.town, household, act, effective_on=self.today, **values)).raise_for_status()

    async def patch(self, household: str, **values: Any) -> None:
        async with self.town.staff("office") as http:
            body = {"effective_on": self.today, "reason": "村里核实过", **values}
            (await http.patch(f"/v1/households/{household}", json=body)).raise_for_status()

    async def add(self, code: str, head: str) -> None:
        async with self.town.staff("office") as http:
            new = {"code": code, "village": "hp", "grid": "hp-1", "head": head, "people": 2}
            (await http.post("/v1/households", json=[new])).raise_for_status()

    async def issue(self, household: str) -> None:
        async with self.town.staff("office") as http:
            answer = await http.post("/v1/cards", json={"households": [household]})
            answer = answer if answer.status_code == 201 else await confirmed(self.town, answer)
            [card] = answer.raise_for_status().json()
        self.cards[household] = card["token"]

    async def redeem(self, household: str, *lines: tuple[str, int, int]) -> None:
        async with self.town.device(await self.town.shift()) as till:
            body = order(self.cards[household], *lines)
            (await till.put(a_redemption(), json=body)).raise_for_status()


async def _check(year: Year) -> None:
    town = year.town
    assert (await verify_books(town.town, lambda *_: None, beside_tills=False)).discrepancies == []
    async with town.town.unit_of_work() as uow:
        position = await read_position(uow)
    for each in {2026, town.clock.now().year}:
        report = await read_year(town.town, await find_by_login(town.town, "office"), each)
        held = report.opening
        for month in report.months:
            held += sum(column.adds * month.points[column.key] for column in POINTS)
            assert month.held == held
    assert held == position.points
    doubled = await rows(
        town, "select household from card where revoked_at is null group by 1 having count(*) > 1"
    )
    assert doubled == []
    async with browsing(town) as phone, browsing(town, "office") as desk:
        for household, card in year.cards.items():
            await phone.open(f"/c/{card}")
            assert phone.page.status_code in (200, 410), household
            await desk.open(f"/desk/households/{household}")
            assert desk.page.status_code == 200, household
        for path in ("/desk", "/desk/report"):
            await desk.open(path)
            assert desk.page.status_code == 200, path


async def _somebody_earns_and_spends(year: Year) -> None:
    await year.town.award("hp-1", 40)
    await year.redeem("hp-1", ("soap", 2, 5))


async def _a_head_dies_and_another_moves(year: Year) -> None:
    async with year.town.staff("office") as http:
        grid = [{"code": "hp-2", "village": "hp", "name": "第二网格"}]
        (await http.post("/v1/grids", json=grid)).raise_for_status()
    await year.patch("hp-1", head="王小红", people=3)
    await year.patch("hp-2", grid="hp-2")
    assert (await show(year.town, "hp-1"))["head"] == "王小红"


async def _a_household_is_split(year: Year) -> None:
    await year.change("hp-1", "split", code="hp-9", head="王小军", grid="hp-1", people=1, points=30, agreed=True)
    await year.issue("hp-9")
    await year.redeem("hp-9", ("soap", 1, 5))
    assert await balance(year.town, "hp-9") == 25


async def _one_is_found_twice(year: Year) -> None:
    """With entries on both sides, points held, and a claim that isn't posted yet."""
    town = year.town
    await year.add("hp-10", "王小军")
    await year.issue("hp-10")
    await town.award("hp-10", 12)
    held = hold(4, household="hp-10", expires_at=(town.clock.now() + timedelta(days=5)).isoformat())
    await reserve(town, held)
    claim = {
        "id": str(uuid7()),
        "household": "hp-10",
        "rule": "T1",
        "deed_on": year.today,
        "inputs": {"points": 7},
    }
    async with town.staff("sun") as http:
        [declared] = (await http.post("/v1/claims", json=[claim])).raise_for_status().json()
        assert declared["status"] == "declared", declared
    await year.change("hp-10", "merge", into="hp-9")
    async with town.staff("zhao") as http:
        (await http.post("/v1/claims/review", json={"claims": [claim["id"]]})).raise_for_status()
    async with town.staff("li") as http:
        (await http.post("/v1/claims/approve", json={"claims": [claim["id"]]})).raise_for_status()
    await year.next_month()
    assert (await balance(town, "hp-10"), await balance(town, "hp-9")) == (0, 25 + 12 + 7)


async def _people_come_and_go(year: Year) -> None:
    """A new member of the committee, by two people; a grid member leaves with a claim under way."""
    town = year.town
    new = {
        "login": "zhou",
        "name": "周村委",
        "roles": ["committee"],
        "village": "hp",
        "password": "hexin-panlan-88",
    }
    claim = {"id": str(uuid7()), "household": "hp-2", "rule": "T1", "deed_on": year.today, "inputs": {"points": 5}}
    async with town.staff("office") as http:
        (await confirmed(town, await http.post("/v1/people", json=[new]))).raise_for_status()
    async with town.staff("sun") as sun, town.staff("office") as office:
        (await sun.post("/v1/claims", json=[claim])).raise_for_status()
        (await office.post("/v1/people/sun/end", json={"on": year.today, "reason": "调走了"})).raise_for_status()
        problem(await sun.get("/v1/report?verified=false"), 401, "not-signed-in")
    year.who.remove("sun")
    async with town.staff("zhao") as http:
        (await http.post("/v1/claims/review", json={"claims": [claim["id"]]})).raise_for_status()
    async with town.staff("li") as http:
        (await http.post("/v1/claims/approve", json={"claims": [claim["id"]]})).raise_for_status()
    await run_jobs(town.town)
    assert await balance(town, "hp-2") == 8


async def _a_card_is_lost_and_replaced(year: Year) -> None:
    town, lost = year.town, year.cards["hp-1"]
    why = {"reason": "户主来说的"}
    async with town.staff("li") as http:
        (await http.post("/v1/households/hp-1/card/freeze", json=why)).raise_for_status()
    async with town.device(await town.shift()) as till:
        problem(await till.put(a_redemption(), json=order(lost, ("soap", 1, 5))), 423, "card-frozen")
    async with town.staff("office") as http:
        (await http.post("/v1/households/hp-1/card/unfreeze", json=why)).raise_for_status()
    await year.redeem("hp-1", ("soap", 1, 5))
    await year.issue("hp-1")
    async with town.device(await town.shift()) as till:
        problem(await till.put(a_redemption(), json=order(lost, ("soap", 1, 5))), 410, "card-revoked")
    await year.redeem("hp-1", ("soap", 1, 5))


async def _a_month_is_closed_and_one_moves_to_another_village(year: Year) -> None:
    town = year.town
    closing = {"month": "2026-06", "reason": "月结"}
    async with town.staff("office") as http:
        (await confirmed(town, await http.post("/v1/periods", json=closing))).raise_for_status()
    await neighbours(town)
    before = await balance(town, "hp-2")
    await year.patch("hp-2", village="ss", grid="ss-1")
    assert await balance(town, "hp-2") == before
    async with town.device(await town.shift()) as till:
        # Its card and points go along: this is not its supermarket's village any more, but points are points.
        assert (await till.get(f"/v1/cards/{year.cards['hp-2']}")).status_code == 200


async def _an_attendant_leaves(year: Year) -> None:
    town = year.town
    async with town.staff("office") as http:
        [attendant] = (await http.get("/v1/supermarkets/hp/attendants")).raise_for_status().json()
        ended = {"reason": "不干了"}
        (await http.post(f"/v1/attendants/{attendant['id']}/end", json=ended)).raise_for_status()
        new = {"supermarket": "hp", "name": "周小梅", "pin": "8642"}
        (await http.post("/v1/attendants", json=new)).raise_for_status()
    async with town.device() as till:
        problem(await till.post("/v1/till/shifts", json={"pin": town.pin}), 401, "wrong-pin")
    town.pin = "8642"
    await year.redeem("hp-1", ("soap", 1, 5))


async def _one_ends_and_its_points_go_to_the_township(year: Year) -> None:
    await year.change("hp-9", "end")
    assert await balance(year.town, "hp-9") == 0
    async with year.town.device(await year.town.shift()) as till:
        body = order(year.cards["hp-9"], ("soap", 1, 5))
        problem(await till.put(a_redemption(), json=body), 410, "household-ended")


MONTHS: tuple[Callable[[Year], Awaitable[None]], ...] = (
    _somebody_earns_and_spends,
    _a_head_dies_and_another_moves,
    _a_household_is_split,
    _one_is_found_twice,
    _people_come_and_go,
    _a_card_is_lost_and_replaced,
    _a_month_is_closed_and_one_moves_to_another_village,
    _an_attendant_leaves,
    _one_ends_and_its_points_go_to_the_township,
)


async def test_a_year_of_changes(town: LiveTown) -> None:
    year = Year(town)
    for lives in MONTHS:
        await lives(year)
        await _check(year)
        await year.next_month()
    report = await read_year(town.town, await find_by_login(town.town, "office"), 2026)
    assert report.months[0].month == date(2026, 1, 1)
    # What the one that ended had left, and nothing else, is told as expired.
    later = await read_year(town.town, await find_by_login(town.town, "office"))
    assert report.total("expired") + (later.total("expired") if later.year != 2026 else 0) == 44
