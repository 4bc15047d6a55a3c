"""The public rules: current, earlier and upcoming ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.api.asking import problem
from tests.api.awards.rulebooks.books import NEXT, next_book
from tests.api.awards.rulebooks.conftest import adopt
from tests.api.web.browser import browsing
from tests.conftest import NOW, LiveTown


async def test_the_rules_in_force_need_no_sign_in(town: LiveTown) -> None:
    async with browsing(town) as browser:
        text = await browser.open("/rules")
        assert browser.page.status_code == 200
        assert (
            "2025.1 版，2025 年 1 月 1 日起施行。 2024 年 12 月 20 日乡党委 2024 年第 12 次党委会议通过。" in text
        )
        assert "参加村庄清扫 5 分 这一项每户每月最多 2 次。要有参加名单或现场照片。" in text
        assert "看「达到哪一档」：满 10 小时 2 分，满 20 小时 5 分" in text
        assert "要改" not in text
        assert "各版办法" not in text
        assert "<script" not in browser.page.text


async def test_every_public_page_links_to_the_rules(town: LiveTown) -> None:
    async with browsing(town) as browser:
        for path, link in (
            ("/", "/rules"),
            ("/notices/hp", "/rules/hp"),
            (f"/c/{town.card}", "/rules/hp"),
            ("/rules/hp", "/notices/hp"),
            ("/rules/hp", "/rules/hp/poster"),
            ("/rules/hp/poster", "/rules/hp"),
        ):
            await browser.open(path)
            assert f'href="{link}"' in browser.page.text, path
            assert (await browser.http.get(link)).status_code == 200


async def test_an_upcoming_book_is_announced(town: LiveTown) -> None:
    await adopt(town, next_book())
    async with browsing(town) as browser:
        text = await browser.open("/rules/hp")
        assert "2025.1 版" in text
        coming = text[text.index("从 2026 年 7 月 1 日起要改") : text.index("看新办法全文")]
        for sentence in (
            "季度“美丽庭院”示范户 由 15 分改为 18 分。",
            "志愿服务累计时长达标 「满 20 小时」由 5 分改为 6 分。",
            "新增上限：任何一项一次最多 100 分。",
            "新增 乱堆乱放，提醒后不改 扣 5 分。依据村规民约第八条，",
            "不再有 测试积分",
            "新增 夏季清洁行动 2026 年 7 月 1 日到 2026 年 8 月 31 日，按 1.5 倍记",
        ):
            assert sentence in coming
        assert "版本由" not in coming
        text = await browser.open(f"/rules/hp?version={NEXT}")
        assert "这份办法还没有开始施行，从 2026 年 7 月 1 日起算。 看现在的办法" in text
        assert "这一版改了什么 和 2025.1 版相比" in text


async def test_earlier_versions_remain_readable(town: LiveTown) -> None:
    await adopt(town, next_book())
    town.clock.travel(datetime(2026, 6, 30, 15, 59, tzinfo=UTC))
    async with browsing(town) as browser:
        assert "2025.1 版，" in await browser.open("/rules")
        town.clock.travel(datetime(2026, 6, 30, 16, 0, tzinfo=UTC))
        text = await browser.open("/rules")
        assert "2026.2 版，2026 年 7 月 1 日起施行" in text
        assert "要改" not in text
        changed = text[text.index("这一版改了什么") :]
        assert "由 15 分改为 18 分" in changed
        assert '<a href="/rules?version=2025.1">' in browser.page.text
        text = await browser.open("/rules?version=2025.1")
        assert "这份办法现在已经不用了。 看现在的办法" in text
        assert "季度“美丽庭院”示范户 15 分" in text


async def test_an_expired_book_is_marked(town: LiveTown) -> None:
    starts = "effective_from = 2026-07-01"
    await adopt(town, next_book().replace(starts, f"{starts}\neffective_until = 2026-07-31"))
    town.clock.travel(datetime(2026, 8, 1, 1, 0, tzinfo=UTC))
    async with browsing(town) as browser:
        text = await browser.open("/rules")
        assert "到 2026 年 7 月 31 日为止" in text
        assert "这份办法现在已经不用了。" in text
        assert "看现在的办法" not in text
        assert "夏季清洁行动 1.5 倍" in text


async def test_of_two_books_for_one_day_the_last_adopted_is_announced(town: LiveTown) -> None:
    await adopt(town, next_book())
    town.clock.travel(NOW + timedelta(minutes=1))
    await adopt(town, next_book().replace('"2026.2"', '"2026.3"').replace("points = 18", "points = 19"))
    async with browsing(town) as browser:
        text = await browser.open("/rules")
        assert "由 15 分改为 19 分" in text
        assert "version=2026.3" in browser.page.text
        assert "version=2026.2" not in browser.page.text


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/rules/nowhere", "没有这个村。"),
        ("/rules/%00", "没有这个村。"),
        ("/rules/nowhere/poster", "没有这个村。"),
        ("/rules?version=1999", "没有版本为 1999 的积分办法。"),
        ("/rules/poster?version=%3Cscript%3E", "没有版本为 <script> 的积分办法。"),
    ],
)
async def test_unknown_villages_and_versions(town: LiveTown, path: str, sentence: str) -> None:
    async with browsing(town) as browser:
        assert sentence in await browser.open(path)
        assert browser.page.status_code == 404
        assert "<script" not in browser.page.text


async def test_the_villages_minimal_notice_is_shown(town: LiveTown) -> None:
    async with town.staff("office") as http:
        village = {"code": "ls", "name": "岭上村", "notice_days": 7}
        (await http.post("/v1/villages", json=[village])).raise_for_status()
    async with browsing(town) as browser:
        assert "公示 7 天" in await browser.open("/rules/ls")
        assert "公示 3 天" not in browser.text
        assert "公示 3 天" in await browser.open("/rules/hp")


async def test_the_differences_as_json(town: LiveTown) -> None:
    await adopt(town, next_book())
    async with httpx.AsyncClient(base_url=town.url) as http:
        path = "/v1/rulebooks/differences"
        found = (await http.get(path, params={"old": "2025.1", "new": NEXT})).raise_for_status().json()
        assert {
            "kind": "changed",
            "subject": "rule",
            "id": "A11",
            "title": "季度“美丽庭院”示范户",
            "sentences": ["由 15 分改为 18 分"],
            "effect": "better",
        } in found
        effects = {each["id"]: each["effect"] for each in found}
        assert (effects["D1"], effects["T1"], effects["summer"]) == ("worse", "worse", "better")
        assert (await http.get(path, params={"old": NEXT, "new": NEXT})).json() == []
        problem(await http.get(path, params={"old": NEXT, "new": "1999"}), 404, "unknown")


async def test_the_household_page_shows_the_rules(town: LiveTown) -> None:
    async with browsing(town) as browser:
        text = await browser.open(f"/c/{town.card}")
        details = "条件：要连续帮助 6 个月以上。这一项每户每年最多 1 次。要有两位邻居证明。"
        assert f"长期帮助无亲缘的困难群众 5 分 {details}" in text
