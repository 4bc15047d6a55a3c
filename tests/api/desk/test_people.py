"""The forms of `/desk/people` and `/desk/account`, walked as the office and those whom it registers walk them."""

from __future__ import annotations

import re
from datetime import timedelta

from api.registry.people.second_step import PERIOD
from tests.api.registry.people.conftest import turn_on
from tests.api.web.browser import Browser, browsing
from tests.conftest import PASSWORD, LiveTown

CHOSEN = "shuixiang lanhua"


async def enter(browser: Browser, login: str, password: str) -> str:
    await browser.open("/desk/sign-in")
    return await browser.send("/desk/sign-in", login=login, password=password)


async def confirm(town: LiveTown) -> None:
    """What waits, by the second person."""
    async with browsing(town, "fu") as fu:
        await fu.open("/desk/proposals")
        [path] = re.findall(r'"(/desk/proposals/[0-9a-f-]{36}/confirm)"', fu.page.text)
        assert "周村委" in fu.text
        assert "河畔村" in fu.text
        await fu.send(path)
        assert fu.page.status_code == 200, fu.text


async def test_somebody_comes_takes_on_more_leaves_and_comes_back(town: LiveTown) -> None:
    async with browsing(town, "office") as office, browsing(town) as zhou:
        await office.open("/desk/people/new")
        duties = {"name": "周村委", "village": "hp", "grid": "hp-1", "household": "HP-2"}
        said = await office.send("/desk/people", roles="grid-member", login="zhou", **duties)
        assert "已登记，用户名 zhou" in said
        person = office.page.url.path
        await office.send(f"{person}/invitation")
        code = "".join(re.findall(r"<b>(\w+)</b>", office.page.text))
        await zhou.open(f"/join/{code}")
        assert "密码设好了" in await zhou.send(f"/join/{code}", password=CHOSEN, again=CHOSEN)

        await office.open(person)
        more = {**duties, "household": "hp-2", "reason": "换届"}
        assert "已提议" in await office.send(f"{person}/duties", roles=["grid-member", "committee"], **more)
        await confirm(town)
        assert "改为：周村委；网格员、村委会；河畔村，" in await office.open(person)

        said = await office.send(f"{person}/end", on="2026-06-15", reason="搬走了")
        assert "任职已结束" in said
        assert "请先登录" in await zhou.open("/desk")
        assert "密码不对" in await enter(zhou, "zhou", CHOSEN)
        assert "已提议" in await office.send(
            f"{person}/duties", roles="committee", **(more | {"reason": "回来了"})
        )
        await confirm(town)
        assert "重新任职" in await office.open(person)
        await enter(zhou, "zhou", CHOSEN)
        assert zhou.page.url.path == "/desk"


async def test_the_list_is_narrowed_by_place_and_duty(town: LiveTown) -> None:
    async with town.staff("office") as http:
        of_grid = {"login": "deng", "name": "邓网格", "roles": ["grid-member"], "village": "hp", "grid": "hp-1"}
        (await http.post("/v1/people", json=[of_grid])).raise_for_status()
    async with browsing(town, "office") as office:
        for asked, found in (
            ("grid=hp-1", {"deng"}),
            ("grid=hp-1&role=grid-leader", set()),
            ("village=hp&role=grid-member", {"deng", "wang", "sun"}),
            ("village=-&role=supervisor", {"tan"}),
        ):
            await office.open(f"/desk/people?{asked}")
            assert set(re.findall(r"用户名 ([a-z]+)", office.text)) == found
        await office.open("/desk/people?grid=hp-1")
        assert '<option value="hp-1" selected>' in office.page.text


async def test_an_account_is_looked_after(town: LiveTown) -> None:
    async with browsing(town, "li") as li, browsing(town, "li") as elsewhere:
        await li.open("/desk/account")
        change = {"old": PASSWORD, "new": CHOSEN, "again": CHOSEN}
        assert "密码已改" in await li.send("/desk/account/password", **change)
        assert "请先登录" in await elsewhere.open("/desk")

        await enter(elsewhere, "li", CHOSEN)
        await li.open("/desk/account")
        [other] = re.findall(r'"(/desk/account/sessions/[^"]+/end)"', li.page.text)
        assert "那一处已经退出" in await li.send(other)
        assert "请先登录" in await elsewhere.open("/desk")

        _, (paper, *_) = await turn_on(town, li)
        town.clock.travel(town.clock.now() + timedelta(seconds=PERIOD))
        assert "第二步" in await enter(elsewhere, "li", CHOSEN)
        await li.open("/desk/account")
        assert "两步登录已关" in await li.send("/desk/account/second-step/off", code=paper)
        await enter(elsewhere, "li", CHOSEN)
        assert elsewhere.page.url.path == "/desk"

        await li.open("/desk/account")
        assert "请重新登录" in await li.send("/desk/account/sessions/end")
        assert "请先登录" in await elsewhere.open("/desk")
