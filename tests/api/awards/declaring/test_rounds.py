"""The same deed for one household after another, and what a person declared before."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.api.asking import rows
from tests.api.awards.claims.conftest import approve, claim, declare, hire, review
from tests.api.awards.declaring.test_card_photo import photograph
from tests.api.web.browser import Browser, browsing
from tests.conftest import LiveTown

MOST_TAPS = 25


@pytest.fixture
async def lane(town: LiveTown) -> list[str]:
    """Twenty households of a grid of their own."""
    codes = [f"hp-{number}" for number in range(21, 41)]
    async with town.staff("office") as office:
        (
            await office.post("/v1/grids", json=[{"code": "hp-2", "village": "hp", "name": "第二网格"}])
        ).raise_for_status()
        people = [
            {
                "code": code,
                "village": "hp",
                "grid": "hp-2",
                "head": f"赵{'甲乙丙丁戊己庚辛壬癸'[n % 10]}",
                "people": 3,
            }
            for n, code in enumerate(codes)
        ]
        (await office.post("/v1/households", json=people)).raise_for_status()
    return codes


def offered(browser: Browser) -> list[str]:
    """The households that can be declared for by one tap."""
    return re.findall(r'name="picked" value="([^"]+)"', browser.page.text)


async def tap(browser: Browser, household: str) -> str:
    return await browser.send("/desk/declare", picked=household)


async def test_a_clean_up_of_twenty_households_takes_at_most_25_taps(town: LiveTown, lane: list[str]) -> None:
    await declare(town, claim("A09", household="hp-1"))
    async with browsing(town, "wang") as wang:
        taps = 0
        await wang.open("/desk")
        assert 'href="/desk/declare"' in wang.page.text
        await wang.open("/desk/declare")
        taps += 1
        # What was declared lately stands first, unfolded.
        recent = wang.page.text.partition("<details")[0]
        assert 'href="/desk/declare?rule=A09"' in recent
        await wang.open("/desk/declare?rule=A09")
        taps += 1
        # Into the field, and send.
        await wang.send("/desk/declare", household=lane[0], deed_on="2026-06-14")
        taps += 2
        while offered(wang):
            said = await tap(wang, offered(wang)[0])
            assert "已申报" in said
            taps += 1
        assert f"这一项刚报的 {len(lane)} 户" in wang.text
    assert taps <= MOST_TAPS
    declared = await rows(town, "select distinct household from claim where deed_on = '2026-06-14'")
    assert len(declared) == len(lane)


async def test_the_next_households_are_those_of_the_lane_that_have_not_got_it(
    town: LiveTown, lane: list[str]
) -> None:
    await hire(town, "second", "grid-member", village="hp")
    await declare(town, claim("A09", household=lane[3], day="2026-06-14"), by="second")
    await declare(town, claim("A09", household=lane[4], day="2026-06-11"), by="second")
    async with browsing(town, "wang") as wang:
        await wang.open("/desk/declare?rule=A09")
        await wang.send("/desk/declare", household=lane[2], deed_on="2026-06-14", note="扫巷子")
        # On from the last one, and round again.
        assert offered(wang) == [*lane[4:], *lane[:2]]
        assert "6月11日报过" in wang.text
        assert 'name="note" value="扫巷子"' in wang.page.text
        page = wang.page
        await tap(wang, lane[4])
        # Pressed twice, on the page as it was: declared once.
        wang.page = page
        await tap(wang, lane[4])
        assert "这一项刚报的 2 户" in wang.text
        # By name, in the same card.
        page = wang.page
        assert "已申报" in await wang.send("/desk/declare", household=lane[7])
        wang.page = page
        assert "已申报" in await wang.send("/desk/declare", household=lane[7])
        assert "这一项刚报的 3 户" in wang.text


async def test_ones_own_and_relatives_households_are_not_offered(town: LiveTown, lane: list[str]) -> None:
    await hire(town, "neighbour", "grid-member", village="hp", household=lane[5])
    async with town.staff("office") as office:
        path = f"/v1/people/neighbour/relatives/{lane[6]}"
        (await office.put(path, json={"relation": "弟弟"})).raise_for_status()
    async with browsing(town, "neighbour") as neighbour:
        await neighbour.open("/desk/declare?rule=A09")
        await neighbour.send("/desk/declare", household=lane[4], deed_on="2026-06-14")
        assert offered(neighbour) == [*lane[7:], *lane[:4]]


async def test_a_deed_of_the_days_before_is_shown_before_another_is_declared(town: LiveTown) -> None:
    await declare(town, claim("A09", household="hp-1", day="2026-06-11"))
    fields = {"household": "王建国", "deed_on": "2026-06-14"}
    async with browsing(town, "sun") as sun:
        await sun.open("/desk/declare?rule=A09")
        said = await sun.send("/desk/declare", **fields)
        assert "这户前后几天已报过这一项：6月11日（王网格申报）" in said
        assert "已申报" in await sun.send("/desk/declare", household="hp-1", deed_on="2026-06-14")
        # Another household has to be shown its own.
        await declare(town, claim("A09", household="hp-2", day="2026-06-12"))
        await sun.open("/desk/declare?rule=A09")
        await sun.send("/desk/declare", household="hp-1", deed_on="2026-06-13")
        assert "6月12日" in await sun.send("/desk/declare", household="hp-2", deed_on="2026-06-13")


async def test_mine_are_found_and_older_ones_turned_to(town: LiveTown) -> None:
    many = [
        claim("T1", household=f"hp-{1 + n % 2}", day=f"2026-05-{1 + n // 2:02}", inputs={"points": 1})
        for n in range(35)
    ]
    assert {outcome["status"] for outcome in await declare(town, *many)} == {"declared"}
    [(number,)] = await rows(
        town, "select count(*) from claim join person on person.id = declared_by where login = 'wang'"
    )
    async with browsing(town, "wang") as wang:
        seen = []
        await wang.open("/desk/declare/mine")
        while True:
            seen += re.findall(r'<a href="/desk/claims/([^"]+)">', wang.page.text)
            older = re.search(r"/desk/declare/mine\?after=[0-9a-f-]+", wang.page.text)
            if older is None:
                break
            await wang.open(older[0])
        assert len(seen) == len(set(seen)) == number > 30
        assert "李秀英" not in await wang.open("/desk/declare/mine?q=wangjianguo")
        assert "王建国" in wang.text
        assert "没有找到" in await wang.open("/desk/declare/mine?q=没有这样的事")
    async with browsing(town, "sun") as sun:
        assert "还没有申报过" in await sun.open("/desk/declare/mine")


async def test_a_mistake_is_taken_back_by_one_tap(town: LiveTown, lane: list[str]) -> None:
    async with browsing(town, "wang") as wang:
        await wang.open("/desk/declare?rule=A09")
        await wang.send("/desk/declare", household=lane[0], deed_on="2026-06-14")
        # Of two at one moment neither would be the last.
        town.clock.travel(town.clock.now() + timedelta(seconds=1))
        await tap(wang, lane[1])
        assert lane[1] not in offered(wang)
        page = wang.page
        assert "已撤回，这一户可以重新报" in await wang.send("/desk/declare/withdraw")
        assert "这一项刚报的 1 户" in wang.text
        assert offered(wang)[-1] == lane[1] or lane[1] in offered(wang)
        assert "已申报" in await tap(wang, lane[1])
        assert "这一项刚报的 2 户" in wang.text
        # What somebody has signed last meanwhile stays.
        newest = "select id from claim where status = 'declared' order by declared_at desc, id desc limit 1"
        [(last,)] = await rows(town, newest)
        await review(town, str(last))
        await approve(town, str(last))
        wang.page = page
        hidden = {"claim": str(last), "after": str(last)}
        assert "不能再撤回" in await wang.send("/desk/declare/withdraw", None, **hidden)


async def test_what_was_sent_back_stands_first_and_is_corrected(town: LiveTown) -> None:
    new = claim("A09", household="hp-1", day="2026-06-14", note="扫了", again="")
    await declare(town, new)
    async with town.staff("zhao") as http:
        sent_back = await http.post(f"/v1/claims/{new['id']}/return", json={"reason": "请写清在哪里扫的"})
        sent_back.raise_for_status()
    async with browsing(town, "wang") as wang, browsing(town, "sun") as sun:
        page = await wang.open("/desk/declare/mine")
        assert "退回来要更正的 1 件" in page
        assert "请写清在哪里扫的" in page
        assert "退回来要更正的" not in await sun.open("/desk/declare/mine")
        assert "请写清" not in await sun.open(f"/desk/declare?replaces={new['id']}")
        await wang.open(f"/desk/declare?replaces={new['id']}")
        assert "退回更正：请写清在哪里扫的" in wang.text
        assert 'value="扫了"' in wang.page.text
        stale = wang.page
        fields = {"household": "hp-1", "deed_on": "2026-06-14", "note": "扫了村口到小学"}
        assert "已申报" in await wang.send("/desk/declare", None, **fields)
        assert "退回来要更正的" not in await wang.open("/desk/declare/mine")
        wang.page = stale
        assert "已申报" in await wang.send("/desk/declare", None, **fields), "sent twice"
    replaced = await rows(town, "select note from claim where replaces is not null")
    assert replaced == [("扫了村口到小学",)]


async def test_one_photo_of_the_clean_up_goes_with_each_households_claim(town: LiveTown, lane: list[str]) -> None:
    async with browsing(town, "wang") as wang:
        await wang.open("/desk/declare?rule=A09")
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', wang.page.text))
        wang.page = await wang.http.post(
            "/desk/declare",
            data={**hidden, "household": lane[0], "deed_on": "2026-06-14"},
            files={"photo.photo": ("a.jpg", photograph("扫街"))},
        )
        assert "已申报" in wang.text
        assert "已申报" in await tap(wang, lane[1])
    [first, second] = await rows(town, "select inputs->>'photo' from claim where deed_on = '2026-06-14'")
    assert first == second
    assert first[0]
