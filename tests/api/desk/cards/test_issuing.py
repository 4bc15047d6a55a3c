"""Cards issued at the desk: chosen, looked at, issued by one or by two, printed, printed again within the hour."""

from __future__ import annotations

import asyncio
import io
import re
from datetime import timedelta
from html import unescape

import pytest
import xlsxwriter

from tests.api.asking import lift_bounds, rows, set_bounds
from tests.api.bookkeeping.general_ledger.conftest import neighbours
from tests.api.web.browser import Browser, browsing
from tests.conftest import LiveTown

CARDS, PREVIEW, ISSUES = "/desk/cards", "/desk/card-issues/preview", "/desk/card-issues"
_TOKEN = re.compile(r"[0-9A-HJKMNP-TV-Z]{5}(?:-[0-9A-HJKMNP-TV-Z]{5}){3}")


def tokens(browser: Browser) -> list[str]:
    return [token.replace("-", "") for token in _TOKEN.findall(browser.page.text)]


async def choose(browser: Browser, *codes: str) -> str:
    """The preview of a pasted list."""
    await browser.open(CARDS)
    forms = re.findall(r"<form.*?</form>", browser.page.text, re.DOTALL)
    form = next(form for form in forms if 'name="codes"' in form)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    browser.page = await browser.http.post(PREVIEW, data=hidden | {"codes": "\n".join(codes)})
    return browser.text


async def issue(browser: Browser, *codes: str) -> str:
    await choose(browser, *codes)
    return await browser.send(ISSUES)


async def add_household(town: LiveTown, code: str, head: str = "赵大山") -> None:
    async with town.staff("office") as http:
        body = [{"code": code, "village": "hp", "grid": "hp-1", "head": head}]
        (await http.post("/v1/households", json=body)).raise_for_status()


async def test_whom_is_seen_before_anything_is_done(town: LiveTown) -> None:
    await neighbours(town)
    await add_household(town, "hp-5")
    before = await rows(town, "select count(*) from card")
    async with browsing(town, "li") as li:
        text = await choose(li, "hp-5", "ＨＰ－1", "hp-1", "hp-05", "ss-1")
        assert "要发 2 张新卡，其中 1 户现在的卡立即作废" in text
        assert "写了两次 1 户" in text
        assert "hp-05 是不是 hp-5 ？" in text
        assert "没有的户 2 户，不发" in text
        assert "这一批在限度以内，您可以单独发。" in text
    assert await rows(town, "select count(*) from card") == before


async def test_a_card_is_issued_printed_and_works(town: LiveTown) -> None:
    await add_household(town, "hp-5")
    async with browsing(town, "li") as li:
        await li.open(CARDS)
        li.page = await li.http.post(PREVIEW, data=_first_form(li) | {"where": "grid:hp-1", "without": "yes"})
        assert "要发 1 张新卡。" in li.text
        assert "已发 1 张新卡，旧卡已作废。请现在打印。" in await li.send(ISSUES)
        sheet = li.page.url.path
        for layout in ("a4", "cards"):
            text = await li.open(f"{sheet}/{layout}")
            [token] = tokens(li)
            assert "赵**" in text
        assert "赵大山" not in text
        assert "赵大山" in await li.open(f"{sheet}/lists")
        assert tokens(li) == []
        # No script and no style but the sheet's own.
        assert re.search(r"style-src 'sha256-[^']+'(;|$)", li.page.headers["content-security-policy"])
    async with town.device() as till:
        assert (await till.get(f"/v1/cards/{token}")).json()["name"] == "赵**"


def _first_form(browser: Browser) -> dict[str, str]:
    form = next(f for f in re.findall(r"<form.*?</form>", browser.page.text, re.DOTALL) if 'name="where"' in f)
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))


async def test_a_jammed_printer_and_a_closed_browser_cost_no_card(town: LiveTown) -> None:
    """The same sheet again, for an hour, in the same sign-in; never for anybody else, nor from the database."""
    async with browsing(town, "li") as li, browsing(town, "office") as office, browsing(town, "li") as again:
        await issue(li, "hp-3")
        sheet = li.page.url.path
        await li.open(f"{sheet}/a4")
        printed = tokens(li)
        assert "您刚发的，可以打印" in await li.open(CARDS)
        await li.open(f"{sheet}/a4")
        assert tokens(li) == printed
        assert "不是您发的" in await office.open(f"{sheet}/a4")
        assert "要在发卡的那个浏览器里" in await again.open(f"{sheet}/a4")
        [(sealed,)] = await rows(town, "select sealed from card_sheet")
        assert printed[0].encode() not in sealed
        town.clock.travel(town.clock.now() + timedelta(hours=1))
        assert "发卡一小时以后不能再打印" in await li.open(f"{sheet}/a4")
        await issue(li, "hp-2")
        assert await rows(town, "select count(*) from card_sheet where sealed is not null") == [(1,)]


async def test_who_confirms_prints(town: LiveTown) -> None:
    await set_bounds(town, cards=0, first_cards=0)
    async with browsing(town, "li") as li, browsing(town, "tan") as tan:
        assert "这一批超过了，要另一个人确认，由确认的人打印。" in await choose(li, "hp-1", "hp-2")
        assert "已提议给 2 户发卡" in await li.send(ISSUES)
        assert "您刚发的" not in await li.open(CARDS)
        await tan.open("/desk/proposals")
        action = re.search(r'action="(/desk/proposals/[^"]+/confirm)"', tan.page.text)
        assert action
        assert "已发 2 张新卡，旧卡已作废。请现在打印。" in await tan.send(action[1])
        await tan.open(f"{tan.page.url.path}/a4")
        assert len(tokens(tan)) == 2


async def test_a_list_comes_as_a_sheet_too(town: LiveTown) -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["补卡名单"])
        sheet.write_row(1, 0, ["序号", "户号", "户主"])
        sheet.write_row(2, 0, [1, "HP－3", "张伟"])
    async with browsing(town, "li") as li:
        await li.open(CARDS)
        forms = re.findall(r"<form.*?</form>", li.page.text, re.DOTALL)
        hidden = dict(
            re.findall(
                r'<input type="hidden" name="([^"]+)" value="([^"]*)"',
                next(f for f in forms if 'name="file"' in f),
            )
        )
        li.page = await li.http.post(PREVIEW, data=hidden, files={"file": ("名单.xlsx", content.getvalue())})
        assert "要发 1 张新卡，其中 1 户现在的卡立即作废" in li.text
        li.page = await li.http.post(PREVIEW, data=hidden, files={"file": ("名单.xlsx", b"PK\x03\x04")})
        assert li.page.url.path == CARDS
        assert 'class="flash refused"' in li.page.text


async def test_two_people_issue_to_the_same_village_at_once(town: LiveTown) -> None:
    """One of them does; the other is told, and the cards that were just printed go on living."""
    await lift_bounds(town)
    async with browsing(town, "li") as li, browsing(town, "office") as office:
        for browser in (li, office):
            await choose(browser, "hp-1", "hp-2", "hp-3")
        texts = await asyncio.gather(li.send(ISSUES), office.send(ISSUES))
        done = [("已发 3 张新卡" in text, "这些户里有的卡刚刚变了" in text) for text in texts]
        assert sorted(done) == [(False, True), (True, False)]
        winner = li if done[0][0] else office
        await winner.open(f"{winner.page.url.path}/a4")
        async with town.device() as till:
            for token in tokens(winner):
                assert (await till.get(f"/v1/cards/{token}")).status_code == 200


async def test_a_proposal_never_kills_a_card_that_came_after_it(town: LiveTown) -> None:
    await set_bounds(town, cards=3, first_cards=0)
    async with town.staff("li") as li, town.staff("tan") as tan:
        proposal = (await li.post("/v1/cards", json={"households": ["hp-1", "hp-2", "hp-3", "hp-4"]})).json()
        [card] = (await li.post("/v1/cards", json={"households": ["hp-1"]})).json()
        answer = await tan.post(f"/v1/proposals/{proposal['id']}/confirm")
        assert (answer.status_code, answer.json()["type"]) == (409, "conflict")
    async with town.device() as till:
        assert (await till.get(f"/v1/cards/{card['token']}")).status_code == 200


@pytest.mark.parametrize("what", ["", "hp-1 " * 6000, "积分", "hp_1"])
async def test_nonsense_is_told_in_a_sentence(town: LiveTown, what: str) -> None:
    async with browsing(town, "li") as li:
        await choose(li, what)
        assert re.search(r"请写户编号|不是户编号|这一项最多", unescape(li.text)), li.text


async def test_the_whole_township_is_for_those_who_serve_it(town: LiveTown) -> None:
    async with town.staff("li") as li, town.staff("office") as office:
        everybody = {"village": None, "without": False}
        assert (await li.post("/v1/cards/preview", json=everybody)).status_code == 403
        assert (await li.post("/v1/cards/preview", json={"village": "hp", "grid": "ss-9"})).status_code == 404
        found = (await office.post("/v1/cards/preview", json=everybody)).json()
    assert found["households"] == ["hp-1", "hp-2", "hp-3", "hp-4"]
    assert found["replaced"] == found["households"]
