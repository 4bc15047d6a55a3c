"""A month's draw: opened over what stands, thrown once, visited by others, corrected through the books."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from api import wire
from api.awards.draws.queries import load_draw
from api.awards.draws.visiting import record_visit
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED, Outsider
from api.platform.errors import ErrorCode, Refused
from api.registry.people.queries import find_staff_by_login
from tests.api.asking import confirmed, rows, sign_in, standing
from tests.api.awards.claims.conftest import approve, claim, declare, hire, review
from tests.api.awards.draws.conftest import DICE, JULY, draw_all, open_july, reach_july, run_recipe, throw
from tests.api.web.browser import browsing
from tests.conftest import LiveTown
from tests.databases import owner_engine

SEEN = "到场看过，问过邻居"


async def draw_july(town: LiveTown) -> list[UUID]:
    """The drawn claims."""
    await reach_july(town)
    await open_july(town)
    await throw(town)
    return [drawn for (drawn,) in await rows(town, "select claim from drawn_claim order by claim")]


def visit(outcome: wire.VisitOutcome = "confirmed", day: date = date(2026, 7, 2)) -> wire.NewVisit:
    return wire.NewVisit(id=uuid7(), outcome=outcome, reason=SEEN, visited_on=day)


async def tell(town: LiveTown, drawn: UUID, new: wire.NewVisit, by: str = "qian") -> None:
    async with town.town.unit_of_work() as uow:
        staff = await find_staff_by_login(uow, by)
    assert staff is not None
    await record_visit(town.town, staff, drawn, new)


async def refused(town: LiveTown, drawn: UUID, new: wire.NewVisit, by: str = "qian") -> ErrorCode:
    with pytest.raises(Refused) as refusal:
        await tell(town, drawn, new, by)
    return refusal.value.code


async def test_the_whole_way_from_the_desk_to_the_notice_and_the_books(town: LiveTown) -> None:
    await town.award("hp-3", 30)
    await reach_july(town)
    async with browsing(town, "qian") as qian:
        await qian.open("/desk/draws")
        assert "请在会上掷骰子" in await qian.send("/desk/draws", village="hp")
        path = "/desk/draws/hp/2026-07"
        assert "等掷骰子" in await qian.open("/desk")
        await qian.open(path)
        told = await qian.send(f"{path}/dice", dice="1234567", meeting="七月监委会")
        assert "至少 10 个" in told
        told = await qian.send(
            f"{path}/dice", dice="3 1 6 4 2 5 1 3 4 ６", meeting="七月监委会", witnesses="周大爷"
        )
        assert "已经公布" in told
        assert "等上门核实" in await qian.open("/desk")
    async with browsing(town) as anybody:
        assert "每月抽查" in await anybody.open("/notices/hp")
        assert "22.6%" in await anybody.open("/notices/hp/draws")
        shown = await anybody.open("/notices/hp/draws/2026-07")
        assert "3164251346" in shown
        assert "周大爷" not in shown
        recipe = unescape(re.findall(r"<pre>(import.*?)</pre>", anybody.page.text, re.DOTALL)[0])
        await anybody.open("/notices/hp/draws/2026-07/candidates.txt")
        listed = anybody.page.text
    printed = await asyncio.to_thread(run_recipe, recipe, listed)
    drawn = {str(id) for (id,) in await rows(town, "select claim from drawn_claim")}
    assert drawn
    assert set(printed) == drawn
    [(false,)] = await rows(
        town,
        "select c.id from claim c join household h on h.id = c.household where h.code = 'hp-3'",
    )
    await draw_all(town)
    async with browsing(town, "qian") as qian:
        await qian.open(path)
        visited: dict[str, Any] = {"claim": str(false), "outcome": "not-as-declared", "visited_on": "2026-07-02"}
        assert "请选核实的结果" in await qian.send(f"{path}/visits", **visited, reason=" ")
        assert "已记下：与申报不符" in await qian.send(f"{path}/visits", **visited, reason=SEEN)
    [(correction,)] = await rows(town, "select correction from visit")
    async with browsing(town) as anybody:
        shown = await anybody.open("/notices/hp/draws/2026-07")
        assert f"与申报不符，{SEEN}（已提议更正，等第二个人确认）" in shown
        async with town.staff("fu") as http:
            (await http.post(f"/v1/proposals/{correction}/confirm")).raise_for_status()
        assert f"与申报不符，{SEEN}（已更正）" in await anybody.open("/notices/hp/draws/2026-07")
    async with town.device() as http:
        assert (await http.get(f"/v1/cards/{town.empty_card}")).json()["balance"] == 0
    assert (await standing(town))[0]["in_balance"]


async def test_it_is_opened_once_and_the_dice_are_typed_in_once(town: LiveTown) -> None:
    await town.award("hp-3", 5)
    await reach_july(town)
    with pytest.raises(Refused) as refusal:
        await throw(town)
    assert refusal.value.code == ErrorCode.UNKNOWN
    await asyncio.gather(open_july(town), open_july(town, "tan"), open_july(town))
    assert await rows(town, "select count(*) from draw") == [(1,)]
    for by in ("wang", "li", "office"):
        with pytest.raises(Refused) as refusal:
            await throw(town, by=by)
        assert refusal.value.code == ErrorCode.NOT_ALLOWED
    await throw(town)
    before = await rows(town, "select * from drawn_claim order by claim")
    await throw(town, by="tan")
    with pytest.raises(Refused) as refusal:
        await throw(town, wire.NewDice(dice="1" * 10, meeting=DICE.meeting, witnesses=DICE.witnesses))
    assert refusal.value.code == ErrorCode.CONFLICT
    assert await rows(town, "select * from drawn_claim order by claim") == before


async def test_two_throws_at_once_are_one(town: LiveTown) -> None:
    await town.award("hp-3", 5)
    await reach_july(town)
    await open_july(town)
    others = [wire.NewDice(dice=str(n) * 10, meeting="会") for n in range(1, 5)]
    results = await asyncio.gather(*(throw(town, new) for new in others), return_exceptions=True)
    assert sorted(isinstance(result, Refused) for result in results) == [False, True, True, True]


async def test_without_awards_or_a_head_there_is_nothing_to_draw(town: LiveTown) -> None:
    with pytest.raises(Refused) as refusal:
        await open_july(town)
    assert refusal.value.code == ErrorCode.NOT_SEALED
    await reach_july(town)
    async with owner_engine(town.clone).begin() as owner:
        await owner.exec_driver_sql("update claim set points = -points")
    with pytest.raises(Refused) as refusal:
        await open_july(town)
    assert refusal.value.code == ErrorCode.WRONG_STATE


async def test_the_database_keeps_candidates_and_dice_as_they_were(town: LiveTown) -> None:
    """The program's own role adds no candidate, changes no dice and draws nothing else."""
    await town.award("hp-3", 5)
    await reach_july(town)
    await open_july(town)
    await throw(town)
    await town.award("hp-3", 7)
    [(later,)] = await rows(town, "select id from claim where points = 7")
    add = (
        "insert into draw_candidate (township, village, month, place, candidates, claim) "
        "select township, village, month,"
    )
    for statement, kept_by in (
        (f"{add} candidates + 1, candidates, :later from draw", "draw_candidate_place"),
        (f"{add} candidates + 1, candidates + 1, :later from draw", "fk_draw_candidate"),
        (f"{add} 1, candidates, :later from draw", "pk_draw_candidate"),
        ("update draw_candidate set claim = :later", "permission denied"),
        ("delete from draw_candidate where claim <> :later", "permission denied"),
        ("update draw_dice set dice = '1111111111' where :later <> :later", "permission denied"),
        ("update draw set root = repeat('0', 64) where :later <> :later", "permission denied"),
        (
            "insert into drawn_claim (township, village, month, claim)"
            " select township, village, month, :later from draw",
            "fk_drawn_claim_township_village_month_claim",
        ),
    ):
        with pytest.raises(DBAPIError, match=kept_by):
            async with town.town.unit_of_work() as uow:
                await uow.session.execute(
                    text(statement.replace(":later", "cast(:later as uuid)")), {"later": later}
                )


async def test_who_has_to_do_with_it_doesnt_visit(town: LiveTown) -> None:
    await hire(town, "kin", "supervisor", village="hp")
    await hire(town, "signer", "supervisor", "committee", village="hp")
    signed = claim()
    await declare(town, signed)
    await review(town, signed["id"])
    await approve(town, signed["id"], by="signer")
    await reach_july(town)
    await open_july(town)
    await throw(town)
    await draw_all(town)
    drawn = UUID(signed["id"])
    for by in ("wang", "zhao", "li", "ma", "office", "signer"):
        assert await refused(town, drawn, visit(), by) == ErrorCode.NOT_ALLOWED
    async with town.staff("fu") as http:
        related = await confirmed(town, await http.put("/v1/people/kin/relatives/hp-3"))
        related.raise_for_status()
    assert await refused(town, drawn, visit(), "kin") == ErrorCode.NOT_ALLOWED
    async with browsing(town, "signer") as signer:
        assert "别的监委成员核实" in await signer.open("/desk/draws/hp/2026-07")
    assert await rows(town, "select * from visit") == []
    await tell(town, drawn, visit())


async def test_what_was_found_stands_and_who_met_nobody_comes_again(town: LiveTown) -> None:
    await town.award("hp-3", 5)
    [drawn, *_] = await draw_july(town)
    assert await refused(town, uuid7(), visit()) == ErrorCode.UNKNOWN
    for day in (date(2026, 7, 1), date(2026, 7, 3)):
        assert await refused(town, drawn, visit(day=day)) == ErrorCode.MALFORMED
    nobody, found = visit("nobody-met"), visit()
    for new in (nobody, nobody, found, found):
        await tell(town, drawn, new)
    assert await refused(town, drawn, visit("not-as-declared")) == ErrorCode.WRONG_STATE
    other = wire.NewVisit(id=found.id, outcome="confirmed", reason="别的", visited_on=found.visited_on)
    assert await refused(town, drawn, other) == ErrorCode.CONFLICT
    assert [outcome for (outcome,) in await rows(town, "select outcome from visit order by recorded_at, id")] == [
        "nobody-met",
        "confirmed",
    ]


async def test_an_award_is_a_candidate_once_and_a_declarer_visited_rests(town: LiveTown) -> None:
    await town.award("hp-3", 5)
    july = await draw_july(town)
    assert july
    assert await rows(town, "select count(*) from draw_candidate where turn is not null") > [(0,)]
    for household in ("hp-1", "hp-2", "hp-3"):
        await town.award(household, 5)
    town.clock.travel(datetime(2026, 8, 3, 2, tzinfo=UTC))
    await sign_in(town, "qian")
    async with browsing(town, "qian") as qian:
        await qian.open("/desk/draws")
        await qian.send("/desk/draws", village="hp")
    august = await rows(town, "select turn from draw_candidate where month = '2026-08-01'")
    assert august == [(None,)] * 3, "those of June aren't candidates again, and wang was drawn in July"


async def test_of_what_isnt_published_only_the_id_is_told(town: LiveTown) -> None:
    await town.award("hp-3", 5)
    async with owner_engine(town.clone).begin() as owner:
        await owner.exec_driver_sql("update claim set published = false")
    [drawn, *_] = await draw_july(town)
    await tell(town, drawn, visit())
    async with town.town.unit_of_work() as uow:
        told = await load_draw(uow, Outsider.PUBLIC, "hp", JULY)
    assert {(each.title, each.household, each.head, each.points) for each in told.candidates} == {
        (UNPUBLISHED, "", "某户", None)
    }
    assert {line.reason for each in told.candidates for line in each.visits} == {""}


async def test_a_turn_links_nothing_unpublished_to_what_is_published(town: LiveTown) -> None:
    await town.award("hp-3", 5)
    await town.award("hp-3", 6)
    async with owner_engine(town.clone).begin() as owner:
        await owner.exec_driver_sql(
            "update claim set published = false where points = 6 and household = "
            "(select id from household where code = 'hp-3')"
        )
    await draw_july(town)
    turns = await rows(
        town, "select c.published, d.turn is null from draw_candidate d join claim c on c.id = d.claim"
    )
    assert set(turns) == {(True, False), (False, True)}
