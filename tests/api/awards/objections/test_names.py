"""Who objected is told to the supervisors alone: by no route, page, file or log to anybody else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from api.bookkeeping.exports.use_cases import FORMATS, export_books
from api.platform.access import Role
from tests.api.asking import rows, sign_in
from tests.api.awards.claims.conftest import approve, claim, declare, hire, on_notice, review
from tests.api.awards.claims.test_disclosure import Secret, addresses, signed_in, walk
from tests.api.awards.objections.conftest import at_desk, end, object_by_card, take_down
from tests.api.bookkeeping.exports.test_tables import xlsx_sheets
from tests.api.bookkeeping.general_ledger.conftest import neighbours as other_village
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

NAME, TOLD, WRITTEN = "路过的暗记八二四", "当面说的八二四", "卡上写的八二四"
ABOUT = ("/v1/objections", "/desk/objections", "/notices/hp/objections")


@pytest.fixture
async def objected(town: LiveTown) -> tuple[list[str], list[str]]:
    """Claims of hp-3, and objections to them by a card, at the desk, upheld, dismissed, open."""
    claims = [await on_notice(town) for _ in range(3)]
    objections = []
    for entry in claims:
        body = at_desk(entry, objector=NAME, text=TOLD)
        (await take_down(town, "li", body)).raise_for_status()
        objections += [str(body["id"]), await object_by_card(town, town.poor_card, entry, WRITTEN)]
    (await end(town, "tan", objections[0], "uphold")).raise_for_status()
    for id in objections[2:4]:
        (await end(town, "tan", id, "dismiss")).raise_for_status()
    town.clock.travel(town.clock.now() + timedelta(days=9))
    await sign_in(town, *town.tokens)
    return claims, objections


async def test_whoever_objected_is_named_to_nobody_else(
    town: LiveTown, objected: tuple[list[str], list[str]], tmp_path: Path
) -> None:
    claims, objections = objected
    await other_village(town)
    await hire(town, "elsewhere", *Role, village="ss")
    await hire(town, "rest", *(role for role in Role if role != Role.SUPERVISOR), village="hp")
    secret = Secret([claims[2], objections[4]], {})
    paths = sorted(
        {
            *addresses(town, secret),
            *(f"/desk/objections/new?claim={entry}" for entry in claims),
            *(f"/desk/objections/{id}{page}" for id in objections for page in ("", "/slip")),
            f"/objections/new?claim={claims[2]}",
            f"/c/{town.empty_card}",
            "/v1/objections?ended=true",
        }
    )
    viewers = {login: signed_in(town, login) for login in ("li", "rest", "elsewhere", "office")}
    viewers |= {"nobody": {}, "till": {"Authorization": f"Bearer {town.device_token}"}}
    leaks = []
    with capture_logs() as logged:
        for viewer, headers in viewers.items():
            for path, told in (await walk(town, paths, headers)).items():
                # Who took it down may read what they wrote, and the card's page what was sent by it.
                marks = [NAME, *([] if viewer == "li" else [TOLD])]
                leaks += [(viewer, path, mark) for mark in marks if mark in told]
                if path.startswith(ABOUT):
                    leaks += [(viewer, path, mark) for mark in (WRITTEN, "李秀英", "李**", "hp-2") if mark in told]
                elif not path.startswith(f"/c/{town.poor_card}"):
                    leaks += [(viewer, path, WRITTEN)] if WRITTEN in told else []
    assert leaks == []
    assert not any(mark in str(logged) for mark in (NAME, TOLD, WRITTEN))
    for format in FORMATS:
        file = tmp_path / f"books.{format}"
        await export_books(town.town, format, None, None, file)
        told = str(xlsx_sheets(file)) if format == "xlsx" else file.read_text(encoding="utf-8")
        assert not any(mark in told for mark in (NAME, TOLD, WRITTEN))


async def test_supervisors_see_who_and_what(town: LiveTown, objected: tuple[list[str], list[str]]) -> None:
    _, objections = objected
    for login in ("qian", "tan"):
        told = await walk(town, [f"/desk/objections/{id}" for id in objections], signed_in(town, login))
        for id, page in zip(objections, told.values(), strict=True):
            assert id in page
            assert (NAME in page and TOLD in page) or ("李秀英" in page and WRITTEN in page)
        slips = await walk(town, [f"/desk/objections/{id}/slip" for id in objections[:1]], signed_in(town, login))
        assert all(NAME in page for page in slips.values())


async def test_a_supervisor_whom_the_entry_concerns_isnt_told_who_objected(town: LiveTown) -> None:
    """Neither who signed it nor whose household or relatives' it is, before and after it was decided."""
    await hire(town, "signer", "supervisor", "committee", village="hp")
    await hire(town, "kin", "supervisor", village="hp", household="hp-3")
    new_claim = claim()
    await declare(town, new_claim)
    await review(town, new_claim["id"])
    await approve(town, new_claim["id"], by="signer")
    id = await object_by_card(town, town.card, str(new_claim["id"]), WRITTEN)
    for ended in (False, True):
        if ended:
            (await end(town, "qian", id, "dismiss")).raise_for_status()
        for login in ("signer", "kin"):
            told = await walk(
                town, [f"/desk/objections/{id}", f"/desk/objections/{id}/slip"], signed_in(town, login)
            )
            assert not any(mark in page for page in told.values() for mark in ("王建国", "hp-1", WRITTEN)), login


async def test_everybody_sees_that_and_how_it_ended_and_what_is_late(
    town: LiveTown, objected: tuple[list[str], list[str]]
) -> None:
    """Both households, and whoever passes by; late shows by itself."""
    async with browsing(town) as anybody:
        told = await anybody.open("/notices/hp")
        assert told.count("异议成立，不予入账。到场核实过") == 2
        assert told.count("异议不成立。到场核实过") == 2
        # Nine days on it is the 24th; the 23rd was the last day to answer.
        assert told.count("已超过 1 个工作日未答复") == 2
        own = await anybody.open(f"/c/{town.empty_card}")
        assert own.count("已超过 1 个工作日未答复") == 2
        assert "有人提异议，停止计时" in own
        raised = await anybody.open(f"/c/{town.poor_card}")
        assert raised.count(WRITTEN) == 3
        assert "异议成立。到场核实过" in raised
        figures = await anybody.open("/notices/hp/objections")
        assert "提出 6 成立 2 不成立 2 撤回 0 未答复 2 逾期 2 一般几个工作日 0 最长 0" in figures
    async with browsing(town, "qian") as qian:
        assert "等答复的异议 2 件，2 件逾期" in qian.text
    async with browsing(town, "fu") as office:
        assert "河畔村监委：异议等答复（2 件逾期）" in await office.open("/desk")
        told = await office.open("/desk/objections")
        assert "提出 6" in told
        # Two wait, which the office neither wrote down nor reads.
        assert "我记下的，等答复的 0 件 没有。全村的数在下面" in told
        assert (await office.open("/desk/objections?year=2025")).count("提出 0") == 1


async def test_a_late_answer_stays_late_for_everybody(
    town: LiveTown, objected: tuple[list[str], list[str]]
) -> None:
    [(id,)] = await rows(town, "select id from objection where outcome is null and way = 'card'")
    (await end(town, "tan", str(id), "dismiss")).raise_for_status()
    late = "（迟了 1 个工作日）"
    async with browsing(town, "tan") as tan:
        for page in ("/notices/hp", f"/c/{town.poor_card}", f"/c/{town.empty_card}", "/desk/objections"):
            assert (await tan.open(page)).count(late) == 1, page
        assert "，迟了 1 个工作日" in await tan.open(f"/desk/objections/{id}")
