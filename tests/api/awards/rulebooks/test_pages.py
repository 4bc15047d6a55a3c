"""The rulebook's pages without scripts: a draft is a form, and every refusal is shown with the form's content."""

from __future__ import annotations

import re
from html import unescape

from tests.api.awards.rulebooks.conftest import adopt, states, text
from tests.api.web.browser import Browser, browsing
from tests.conftest import LiveTown

BOOKS = "/desk/rulebooks"
DECISION = {
    "body": "村党支部委员会",
    "meeting": "第 6 次支委会",
    "decided_on": "2026-06-10",
    "present": "王、李",
    "effective_from": "2026-07-01",
}


def path(browser: Browser) -> str:
    return browser.page.url.path


def typed(browser: Browser) -> str:
    [found] = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", browser.page.text, re.DOTALL)
    return unescape(found)


async def begin(browser: Browser, content: str) -> str:
    """Create a draft from a file with Windows line ends; returns its path."""
    await browser.open(BOOKS)
    [token] = set(re.findall(r'name="_csrf_token" value="([^"]+)"', browser.page.text))
    file = ("新办法.toml", content.replace("\n", "\r\n").encode("utf-8-sig"))
    browser.page = await browser.http.post(f"{BOOKS}/drafts", data={"_csrf_token": token}, files={"file": file})
    return path(browser)


async def test_from_a_file_to_a_book_in_force_by_two_people(town: LiveTown) -> None:
    async with browsing(town, "ma") as ma, browsing(town, "office") as office:
        address = await begin(ma, text("2026.2"))
        assert typed(ma) == text("2026.2")
        assert "没有问题，可以提议" in ma.text
        assert "来自 文件 新办法.toml" in ma.text
        await ma.send(address, text=text("2026.2", points=2).replace("\n", "\r\n"), then="propose")
        assert path(ma) == f"{address}/propose"
        assert 'value="2026-06-16"' in ma.page.text, "the head's day is over: tomorrow"
        page = await ma.send(f"{address}/propose", **DECISION)
        assert "已提议，等另一位支委确认" in page
        assert "您提议的，请由另一位支委确认" in page
        proposal = path(ma)
        assert f"{proposal}/confirm" not in ma.page.text
        assert "1 份提议等您确认" in await office.open("/desk")
        assert "等人确认 乡镇文明积分办法" in await office.open(BOOKS)
        page = await office.open(proposal)
        assert "村党支部委员会，第 6 次支委会，2026年6月10日" in page
        assert "参加 王、李" in page
        assert "会有什么变化 和 2025.1 版相比： 参加普法、理论、科技、健康培训 由 1 分改为 2 分。" in page
        assert '"/desk/rulebooks/simulation?draft=2026.2"' in office.page.text
        ticks = re.findall(r'name="ticks" value="([^"]+)"', office.page.text)
        page = await office.send(f"{proposal}/confirm", ticks=ticks[1:])
        assert "还没有勾全的有 1 项：「长期帮助无亲缘的困难群众」" in page
        assert office.page.text.count(" checked") == len(ticks) - 1, "what was ticked stays ticked"
        page = await office.send(f"{proposal}/confirm", ticks=ticks)
        assert "已确认：从2026年7月1日起按 2026.2 版执行" in page
        assert "「拒收或退还高价彩礼」" in page
        assert "不涉及信访、投诉、举报；说话、发表意见；信仰" in page
        assert "将要生效" in await office.open(BOOKS)
        assert "等您确认" not in await office.open("/desk")


async def test_two_people_edit_one_draft_and_nothing_is_lost(town: LiveTown) -> None:
    async with browsing(town, "ma") as ma, browsing(town, "office") as office:
        address = await begin(ma, text("2026.2"))
        await office.open(address)
        assert "已保存" in await ma.send(address, text=text("2026.3"))
        page = await office.send(address, text=text("2026.4"))
        assert office.page.status_code == 409
        assert "马支委刚才保存过这份草稿，您的没有保存，也没有丢" in page
        assert typed(office) == text("2026.4")
        assert 'version = "2026.3"' in page, "to compare with"
        assert "已保存" in await office.send(address, text=typed(office))
        assert "（第 3 稿）" in office.text
        assert typed(office) == text("2026.4")


async def test_problems_are_listed_and_prevent_proposing(town: LiveTown) -> None:
    async with browsing(town, "ma") as ma:
        wrong = text("2026.2").replace('category = "law"', 'category = "lwa"', 1)
        line = wrong.splitlines().index('category = "lwa"') + 1
        address = await begin(ma, wrong)
        assert "有 1 处问题，改好才能提议" in ma.text
        assert f"第 {line} 行 规则「A01」" in ma.text
        page = await ma.send(address, text=wrong, then="propose")
        assert path(ma) == address
        assert f"先改好再提议。第 {line} 行" in page


async def test_a_refused_form_keeps_its_content(town: LiveTown) -> None:
    async with browsing(town, "ma") as ma:
        address = await begin(ma, text("2026.2"))
        await ma.send(address, text=text("2026.2"), then="propose")
        page = await ma.send(f"{address}/propose", **{**DECISION, "effective_from": "2026-06-15"})
        assert "新办法不能管以前的事：生效日期最早填明天（2026年6月16日）" in page
        assert (ma.page.status_code, 'value="第 6 次支委会"' in ma.page.text) == (422, True)
        page = await ma.send(f"{address}/propose", **{**DECISION, "meeting": ""})
        assert "请填全决定机构、会议" in page


async def test_refusing_withdrawing_and_adopting_again(town: LiveTown) -> None:
    id = await adopt(town, text("2026.2"), "2026-07-01")
    async with browsing(town, "ma") as ma, browsing(town, "office") as office:
        assert f"{BOOKS}/adoptions/{id}/withdraw" not in (await ma.http.get(f"{BOOKS}/adoptions/{id}")).text
        await office.open(f"{BOOKS}/adoptions/{id}")
        withdraw = f"{BOOKS}/adoptions/{id}/withdraw"
        assert "请写明理由" in await office.send(withdraw, reason=" ")
        assert "理由 村民有意见" in await office.send(withdraw, reason="村民有意见")
        await office.open(f"{BOOKS}/books?version=2026.2")
        assert "已提议" in await office.send(f"{BOOKS}/again", **{**DECISION, "effective_from": "2026-07-02"})
        proposal = path(office)
        await ma.open(proposal)
        assert "理由 再议" in await ma.send(f"{proposal}/refuse", reason="再议")
        assert set((await states(town)).values()) == {"in-force", "withdrawn", "refused"}
        await ma.open(proposal)
        await ma.send(f"{BOOKS}/drafts")
        assert typed(ma) == text("2026.2"), "a draft from what was refused"
        assert "已收起" in await ma.send(f"{path(ma)}/close")


async def test_other_roles_read_books_but_no_drafts(town: LiveTown) -> None:
    async with browsing(town, "ma") as ma, browsing(town, "qian") as qian:
        address = await begin(ma, "秘密")
        page = await qian.open(BOOKS)
        assert "现行 乡镇文明积分办法" in page
        assert "草稿" not in page.replace("起草", "")
        assert "遵纪守法" in await qian.open(f"{BOOKS}/books?version=2025.1")
        assert "重新启用" not in qian.text
        await qian.open(address)
        assert qian.page.status_code == 403


async def test_a_binary_file_is_refused_and_hostile_text_is_escaped(town: LiveTown) -> None:
    async with browsing(town, "ma") as ma:
        await begin(ma, "</textarea><script>alert(1)</script>")
        assert "<script>alert" not in ma.page.text
        await ma.open(BOOKS)
        [token] = set(re.findall(r'name="_csrf_token" value="([^"]+)"', ma.page.text))
        for content, status, sentence in ((b"\x89PNG\xff\xfe", 400, "不是文本"), (b"#" * 200_001, 413, "太大")):
            answer = await ma.http.post(
                f"{BOOKS}/drafts", data={"_csrf_token": token}, files={"file": ("a", content)}
            )
            assert (answer.status_code, sentence in answer.text) == (status, True)


async def test_only_the_needed_files_of_the_editor_are_served(town: LiveTown) -> None:
    async with browsing(town) as anybody:
        for name in ("ace.js", "mode-toml.js", "theme-dawn.js", "ext-searchbox.js"):
            answer = await anybody.http.get(f"/assets/ace/{name}")
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
        for name in ("mode-python.js", "snippets/toml.js", "../../__init__.py", "%2e%2e/%2e%2e/apps.py", ""):
            assert (await anybody.http.get(f"/assets/ace/{name}")).status_code == 404, name
        assert (await anybody.http.get("/static/nothing.js")).status_code == 404


async def test_a_draft_shows_what_it_would_change_and_can_be_simulated(town: LiveTown) -> None:
    async with browsing(town, "ma") as ma:
        address = await begin(ma, text("2026.2", points=3))
        assert "和 2025.1 版相比： 参加普法、理论、科技、健康培训 由 1 分改为 3 分。" in ma.text
        id = address.rpartition("/")[2]
        assert "草稿《乡镇文明积分办法》2026.2" in await ma.open(f"/desk/rulebooks/simulation?draft={id}")


async def test_advice_is_shown_and_does_not_prevent_proposing(town: LiveTown) -> None:
    idle = (
        text("2026.2")
        + """
[[rule]]
id = "IDLE"
title = "多余的上限"
category = "village"
points = 1
limits = [{ period = "month", times = 1 }, { period = "year", times = 12 }]
evidence = ["名单"]
reviewers = ["council"]
"""
    )
    async with browsing(town, "ma") as ma:
        address = await begin(ma, idle)
        assert "可以提议，有 1 处提示请先看看。" in ma.text
        assert "提示：" in ma.text
        await ma.send(address, text=idle, then="propose")
        assert path(ma) == f"{address}/propose"
