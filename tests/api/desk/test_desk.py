"""The desk's own answers: who may do what, and what a form says when it can't be taken."""

from __future__ import annotations

import re

from api.platform.access import SESSION_COOKIE
from tests.api.asking import confirmed
from tests.api.web.browser import browsing, declare
from tests.conftest import LiveTown


async def test_nobody_approves_what_they_declared(town: LiveTown) -> None:
    async with browsing(town, "li") as li:
        await declare(li, "hp-1")
        [claim] = re.findall(r"/desk/claims/([0-9a-f-]{36})", li.page.text)
        async with browsing(town, "zhao") as zhao:
            await zhao.send("/desk/claims/review", claims=zhao.claims())
        await li.open("/desk")
        assert li.claims() == [], "no box to tick"
        assert "您申报的，请由别人办理" in li.text
        assert "须由三个人分别办理" in await li.send("/desk/claims/approve", claims=[claim])
        assert "待审定 1 件" in li.text


async def test_a_form_without_its_csrf_token_is_refused(town: LiveTown) -> None:
    async with browsing(town, "zhao") as zhao:
        answer = await zhao.http.post("/desk/claims/review", data={"claims": []})
        assert answer.status_code == 403
        assert "这张表已经过期" in answer.text
        assert answer.headers["content-type"].startswith("text/html")
        assert (await zhao.http.post("/desk/sign-out")).status_code == 403
        assert zhao.http.cookies[SESSION_COOKIE]


async def test_sent_twice_counts_once(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        await wang.open("/desk/declare?rule=A09")
        blank = wang.page
        for _ in range(2):
            wang.page = blank
            said = await wang.send("/desk/declare", household="hp-1", deed_on="2026-06-14")
            assert "已申报" in said
        assert said.count("5 分 待评议") == 1
        wang.page = blank
        said = await wang.send("/desk/declare", household="hp-2", deed_on="2026-06-14")
        assert (wang.page.status_code, "刚才已经报过" in said) == (422, True)
        assert "已申报" in await wang.send("/desk/declare", household="hp-2", deed_on="2026-06-14")


async def test_two_households_of_a_name_are_told_apart(town: LiveTown) -> None:
    async with town.staff("office") as office:
        twin = {"code": "hp-9", "village": "hp", "grid": "hp-1", "head": "王建国", "people": 2}
        (await office.post("/v1/households", json=[twin])).raise_for_status()
    async with browsing(town, "wang") as wang:
        said = await declare(wang, "王建国")
        assert "有几户相符" in said
        assert "hp-1" in said
        assert "hp-9" in said
        said = await wang.send("/desk/declare", household="王建国", picked="hp-9", deed_on="2026-06-14")
        assert "已申报" in said
        assert "hp-9" in said


async def test_a_refused_declaration_says_why_and_keeps_what_was_typed(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        assert "没有找到“赵钱孙”" in await declare(wang, "赵钱孙")
        assert wang.page.status_code == 422
        assert 'value="赵钱孙"' in wang.page.text
        await wang.open("/desk/declare?rule=T1")
        answers = {"input.points": "很多"}
        said = await wang.send("/desk/declare", household="hp-1", deed_on="2026-06-14", **answers)
        assert "「分值」要填整数" in said
        answers = {"input.points": "7"}
        said = await wang.send("/desk/declare", household="hp-1", deed_on="2026-06-31", **answers)
        assert "请填做这件事的日期" in said
        said = await wang.send("/desk/declare", household="hp-1", deed_on="2026-06-14", note="长" * 201, **answers)
        assert "请写短一些" in said
        said = await wang.send("/desk/declare", household="hp-1", deed_on="2026-06-14", **answers)
        assert "已申报：王**家「测试积分」7 分" in said


async def test_a_hostile_note_stays_text(town: LiveTown) -> None:
    note = "<script>alert('户')</script>"
    async with browsing(town, "wang") as wang, browsing(town, "zhao") as zhao:
        assert "看不见的字符" in await declare(wang, "hp-1", note=note + "\0")
        await declare(wang, "hp-1", note=note)
        await zhao.open("/desk")
        await zhao.open(f"/desk/claims/{zhao.claims()[0]}")
        assert "<script" not in zhao.page.text
        assert "alert('户')" in zhao.text
        await wang.open("/desk/declare?rule=A09")
        await wang.send("/desk/declare", household='"><img src=x>', deed_on="2026-06-14")
        assert "<img" not in wang.page.text


async def test_a_rule_that_counts_by_person_asks_who(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        await wang.open("/desk/declare?rule=A09")
        assert "家里谁做的" not in wang.text
        await wang.open("/desk/declare?rule=A35")
        assert "家里谁做的" in wang.text


async def test_duties_decide_what_the_desk_shows_and_takes(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        assert "申报一件好事" in wang.text
        assert "待评议 0 件" not in wang.text
        [token] = re.findall(r'name="_csrf_token" value="([^"]+)"', wang.page.text)
        unknown = "01890000-0000-7000-8000-000000000000"
        answer = await wang.http.post("/desk/claims/review", data={"_csrf_token": token, "claims": [unknown]})
        assert (answer.status_code, "您的职责里没有这项操作" in answer.text) == (403, True)
        answer = await wang.http.post("/desk/claims/review", data={"_csrf_token": token, "claims": ["x"]})
        assert answer.status_code == 400
        assert (await wang.http.get(f"/desk/claims/{unknown}")).status_code == 404
        assert (await wang.http.get("/desk/claims/x")).status_code == 404
    async with browsing(town, "qian") as qian:
        assert "申报一件好事" not in qian.text
        assert "公示中 0 件" in qian.text
        assert "您的职责里没有这项操作" in await qian.open("/desk/declare")


async def test_claims_of_another_village_stay_there(town: LiveTown) -> None:
    async with town.staff("office") as office:
        await office.post("/v1/villages", json=[{"code": "sq", "name": "山前村"}])
        zhou = {
            "login": "zhou",
            "name": "周评议",
            "roles": ["council"],
            "village": "sq",
            "password": "correct horse",
        }
        (await confirmed(town, await office.post("/v1/people", json=[zhou]))).raise_for_status()
    async with browsing(town, "wang") as wang, browsing(town, "zhou") as zhou_:
        await declare(wang, "hp-1")
        claim = re.findall(r"/desk/claims/([0-9a-f-]{36})", wang.page.text)[0]
        assert "现在没有等您办的。" in await zhou_.open("/desk")
        await zhou_.open(f"/desk/claims/{claim}")
        assert zhou_.page.status_code == 404
        assert "没有找到“hp-1”" in await declare(zhou_, "hp-1")


async def test_ticking_all_needs_no_script(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang, browsing(town, "zhao") as zhao:
        await declare(wang, "hp-1")
        await declare(wang, "hp-2")
        await zhao.open("/desk?chosen=review")
        assert zhao.page.text.count(" checked") == 2
        assert "请先勾选" in await zhao.send("/desk/claims/review")


async def test_unpublished_awards_are_counted_without_name_or_subject(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang, browsing(town, "li") as li, browsing(town, "qian") as qian:
        await declare(wang, "hp-1", "A02", **{"input.case_number": "2026-17"})
        await li.open("/desk")
        await li.send("/desk/claims/review", claims=li.claims())
        await qian.open("/desk")
        await qian.send("/desk/claims/approve", claims=qian.claims())
    async with browsing(town) as villager:
        board = await villager.open("/notices/hp")
        assert "未公开事项 1 件，共 10 分" in board
        assert "hp-1" not in board.split("近期入账")[0]
        assert "违建" not in board
        mine = await villager.open(f"/c/{town.card}")
        assert "不公示的事项" in mine
        assert "违建" not in mine.split("怎样得分")[0]


async def test_an_empty_queue_says_what_waits_for_others(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        await declare(wang, "hp-1")
    async with browsing(town, "li") as li, browsing(town, "zhao") as zhao:
        assert "现在没有等您办的，另有 1 件在等别人办。" in await li.open("/desk")
        await zhao.send("/desk/claims/review", claims=zhao.claims())
        assert "现在没有等您办的，另有 1 件在等别人办。" in zhao.text
        await li.open("/desk")
        assert "现在没有等您办的。" in await li.send("/desk/claims/approve", claims=li.claims())


async def test_who_may_act_on_nothing_has_no_button(town: LiveTown) -> None:
    async with browsing(town, "li") as li:
        await declare(li, "hp-1")
        async with browsing(town, "zhao") as zhao:
            await zhao.send("/desk/claims/review", claims=zhao.claims())
        await li.open("/desk")
        assert "审定所选并公示" not in li.text


async def test_the_grown_ups_that_are_known_are_offered_where_a_rule_asks_who(town: LiveTown) -> None:
    async with town.staff("office") as office:
        home = {"code": "hp-9", "village": "hp", "grid": "hp-1", "head": "何大", "people": 4, "adults": ["李秀英"]}
        (await office.post("/v1/households", json=[home])).raise_for_status()
    degree = {"input.degree": "bachelor"}
    async with browsing(town, "wang") as wang:
        assert "请填家里谁做的" in await declare(wang, "何大", "A34", **degree)
        offered = re.search(r'<datalist id="grown-ups">(.*?)</datalist>', wang.page.text)
        assert offered is not None
        assert re.findall(r'value="([^"]+)"', offered[1]) == ["何大", "李秀英"]
        fields = {"household": "hp-9", "deed_on": "2026-06-14", **degree}
        assert "已申报" in await wang.send("/desk/declare", person="李秀英", **fields)
        # Of a household that isn't found, nothing is told.
        await declare(wang, "hp-999", "A34", **degree)
        assert "<datalist" not in wang.page.text
