"""Nothing typed is lost: what isn't taken is a draft, whatever has changed meanwhile."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

from tests.api.asking import confirmed, rows
from tests.api.awards.rulebooks.conftest import adopt, text
from tests.api.web.browser import Browser, browsing
from tests.conftest import TEST_RULE, LiveTown

# In the township.
EVENING = datetime(2026, 6, 15, 15, 0, tzinfo=UTC)
AFTER_MIDNIGHT = datetime(2026, 6, 15, 16, 30, tzinfo=UTC)
FIELDS = {"deed_on": "2026-06-14", "note": "三个人扫了半天"}


async def drafts(town: LiveTown) -> list[str]:
    return [title for (title,) in await rows(town, "select title from claim_draft")]


async def open_draft(browser: Browser) -> str:
    await browser.open("/desk/declare/mine")
    [draft] = re.findall(r'"(/desk/declare\?draft=[^"]+)"', browser.page.text)
    return await browser.open(draft)


async def test_what_is_not_taken_is_kept_for_its_person_alone(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang, browsing(town, "sun") as sun:
        await wang.open("/desk/declare?rule=A09")
        assert "没有找到" in await wang.send("/desk/declare", household="赵钱孙", **FIELDS)
        assert "没有找到“赵钱孙”" in await open_draft(wang)
        assert 'value="三个人扫了半天"' in wang.page.text
        [draft] = re.findall(r'name="id" value="([^"]+)"', wang.page.text)
        assert "草稿" not in await sun.open("/desk/declare/mine")
        assert "三个人" not in await sun.open(f"/desk/declare?draft={draft}")
        assert "已申报" in await wang.send("/desk/declare", household="hp-1", **FIELDS)
    assert await drafts(town) == []


async def test_a_draft_is_thrown_away(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        await wang.open("/desk/declare?rule=A09")
        await wang.send("/desk/declare", household="赵钱孙", **FIELDS)
        await wang.open("/desk/declare/mine")
        [discard] = re.findall(r'action="(/desk/declare/drafts/[^"]+)"', wang.page.text)
        assert "草稿已删掉" in await wang.send(discard)
    assert await drafts(town) == []


async def test_the_newest_thirty_are_kept(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        for number in range(33):
            await wang.open("/desk/declare?rule=A09")
            await wang.send("/desk/declare", household=f"没有的户{number}", **FIELDS)
            town.clock.travel(town.clock.now() + timedelta(minutes=1))
        page = await wang.open("/desk/declare/mine")
    assert len(await drafts(town)) == 30
    assert "没有的户32" in page
    assert "没有的户2 " not in page


async def test_a_household_that_ended_or_moved_meanwhile(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        await wang.open("/desk/declare?rule=A09")
        blank = wang.page
        async with town.staff("office") as office:
            (await office.post("/v1/villages", json=[{"code": "sq", "name": "山前村"}])).raise_for_status()
            grid = [{"code": "sq-1", "village": "sq", "name": "第一网格"}]
            (await office.post("/v1/grids", json=grid)).raise_for_status()
            changed = {"effective_on": "2026-06-15", "reason": "搬走了"}
            moved = {**changed, "village": "sq", "grid": "sq-1"}
            (await office.patch("/v1/households/hp-3", json=moved)).raise_for_status()
        said = await wang.send("/desk/declare", household="hp-3", **FIELDS)
        assert (wang.page.status_code, "hp-3 户已经迁到别的村，请由那个村申报" in said) == (422, True)
        async with town.staff("office") as office:
            merged = await office.post("/v1/households/hp-2/merge", json={**changed, "into": "hp-1"})
            (await confirmed(town, merged)).raise_for_status()
        wang.page = blank
        said = await wang.send("/desk/declare", household="hp-2", **FIELDS)
        assert "hp-2 户已经并入别的户" in said
        assert 'value="三个人扫了半天"' in wang.page.text
    assert len(await drafts(town)) == 1, "the same form"


async def test_a_rule_that_changed_meanwhile_is_told_before_it_counts(town: LiveTown) -> None:
    await adopt(town, text("2026.2", points=3), day="2026-06-16")
    town.clock.travel(EVENING)
    async with browsing(town, "wang") as wang:
        await wang.open("/desk/declare?rule=A01")
        blank = wang.page
        await wang.open("/desk/declare?rule=A01")
        town.clock.travel(AFTER_MIDNIGHT)
        fields = {"household": "hp-1", "deed_on": "2026-06-16"}
        said = await wang.send("/desk/declare", **fields)
        assert (wang.page.status_code, "6月16日的积分办法是 2026.2 版，这一项是 3 分" in said) == (422, True)
        assert "已申报：王**家「" in await wang.send("/desk/declare", **fields)
        assert "3 分" in wang.text
        # A deed from before counts by what the page showed then.
        wang.page = blank
        assert "1 分，等待评议" in await wang.send("/desk/declare", household="hp-2", deed_on="2026-06-14")
        # And one whose page shows today's rule is told that day's.
        await wang.open("/desk/declare?rule=A01")
        said = await wang.send("/desk/declare", household="hp-3", deed_on="2026-06-14")
        assert "6月14日的积分办法是 2025.1 版，这一项是 1 分" in said


async def test_a_rule_that_ended_meanwhile_is_exchanged_for_another(town: LiveTown) -> None:
    await adopt(town, text("2026.2").replace(TEST_RULE, ""), day="2026-06-16")
    town.clock.travel(EVENING)
    async with browsing(town, "wang") as wang:
        await wang.open("/desk/declare?rule=T1")
        town.clock.travel(AFTER_MIDNIGHT)
        said = await wang.send("/desk/declare", household="hp-1", **FIELDS, **{"input.points": "7"})
        assert "「测试积分」这一项现在没有了，请换一项" in said
        [other] = re.findall(r'"(/desk/declare\?rule=A09&amp;draft=[^"]+)"', wang.page.text)
        await wang.open(unescape(other))
        assert 'value="三个人扫了半天"' in wang.page.text
        assert "已申报" in await wang.send("/desk/declare", household="hp-1", **FIELDS)
    assert await drafts(town) == []
