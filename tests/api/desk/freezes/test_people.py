"""Whoever is frozen reads on and changes nothing, whatever the route; their day ends it, another renews it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler
from uuid_utils.compat import uuid7

from api.app import create_app
from api.awards.review.held import UNDO_FOR
from api.platform.access import device_only, staff_only
from api.platform.errors import Refused
from api.registry.people.use_cases import authenticate_all, find_by_login
from tests.api.asking import confirmed, problem, rows, sign_in
from tests.api.awards.claims.conftest import claim, days_pass, declare, hire, review, status
from tests.api.desk.freezes.conftest import WHY, freeze, holding, in_days, kept, lift, order_of, send
from tests.api.web.browser import browsing
from tests.api.web.test_csrf import token_of
from tests.conftest import PASSWORD, LiveTown, run_jobs, serving

SENTENCE = f"您由村监委从 2026年6月15日起冻结，到 2026年6月25日为止只能看，不能办。原因：{WHY}。"
# What changes something and is nobody's of the staff: signing in and out, households, tills.
OTHERS = {
    "/v1/sign-in",
    "/v1/join",
    "/v1/enrolments",
    "/v1/journals/{kiosk}/{epoch}",
    "/v1/redemptions/{id}",
    "/desk/sign-in",
    "/desk/sign-in/code",
    "/desk/sign-out",
}


async def freeze_person(town: LiveTown, login: str, by: str = "qian", days: int = 10) -> str:
    return await freeze(town, "person", login, by, ends_on=in_days(town, days))


def list_changing() -> list[tuple[str, str, HTTPRouteHandler]]:
    """Every method and path that may change something."""
    app = create_app(None, csrf_secret="of the test")  # type: ignore[arg-type]
    return [
        (method, route.path_format, handler)
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        for method in sorted(handler.http_methods - {"GET", "HEAD", "OPTIONS"})
    ]


async def test_no_route_forgets_it(town: LiveTown) -> None:
    """Walks all there are: each that takes a person's session refuses before it looks at anything else."""
    await freeze_person(town, "zhao")
    unguarded = set()
    async with browsing(town, "zhao") as zhao:
        csrf = token_of(zhao.page)
        for method, path, handler in list_changing():
            guards = {guard for layer in handler.ownership_layers for guard in layer.guards or ()}
            if staff_only not in guards:
                unguarded |= set() if device_only in guards else {path}
                continue
            where = "/".join(fill(part) for part in path.split("/"))
            bearer = {"Authorization": f"Bearer {town.tokens['zhao']}"}
            headers = bearer if path.startswith("/v1/") else {"X-CSRFToken": csrf}
            answer = await zhao.http.request(method, where, headers=headers)
            assert (answer.status_code, SENTENCE in answer.text) == (423, True), (method, path, answer.text)
    assert {path for path in unguarded if not path.startswith(("/c/", "/objections", "/join", "/begin"))} == OTHERS


def fill(part: str) -> str:
    if not part.startswith("{"):
        return part
    return "1" if part in ("{epoch}", "{number}") else str(uuid7())


async def test_everything_can_still_be_read_and_a_banner_tells_why(town: LiveTown) -> None:
    await freeze_person(town, "zhao")
    async with browsing(town, "zhao") as zhao:
        for path in ("/desk", "/desk/claims", "/desk/rulebooks", "/desk/account"):
            assert SENTENCE in await zhao.open(path)
            assert zhao.page.status_code == 200
        assert "已退出" in await zhao.send("/desk/sign-out")
    async with town.staff("zhao") as http:
        assert (await http.get("/v1/township-defaults")).status_code == 200
    [(id,)] = await rows(town, "select id from person where login = 'zhao'")
    async with browsing(town, "tan") as tan:
        assert SENTENCE.replace("您", "赵评议") in await tan.open(f"/desk/people/{id}")
        await tan.open("/desk/freezes/new?kind=person&thing=zhao")
        assert "最多 30 天" in tan.text
        day = in_days(town, 30)
        assert "已冻结" in await tan.send("/desk/freezes", thing="zhao", reason="再查几天", ends_on=day)


async def test_a_decision_that_is_held_becomes_a_told_problem(town: LiveTown) -> None:
    new_claim = claim("A09", "hp-1")
    await declare(town, new_claim)
    async with serving(town.town, undo_for=UNDO_FOR) as url, browsing(replace(town, url=url), "zhao") as zhao:
        await zhao.open("/desk")
        assert "一分钟内可以撤回" in await zhao.send("/desk/claims/review", claims=zhao.claims())
        id = await freeze_person(town, "zhao")
        town.clock.travel(town.clock.now() + UNDO_FOR)
        await run_jobs(town.town)
        # As a banner, as what came of the decision, and beside the claim that waits again.
        assert (await zhao.open("/desk")).count(SENTENCE) == 3
        assert await status(town, new_claim["id"]) == "declared"
        assert (await lift(town, id)).status_code == 204
        assert SENTENCE not in (await zhao.open("/desk/claims"))
    assert [each["status"] for each in await review(town, new_claim["id"])] == ["reviewed"]


async def test_who_is_frozen_doesnt_count_for_a_quorum(town: LiveTown) -> None:
    await hire(town, "second", "council", village="hp")
    await hire(town, "third", "council", village="hp")
    async with town.staff("office") as http:
        wanted = (await http.get("/v1/township-defaults")).json()
        names = ("notice_days", "pin_above", "lease_most", "lease_days")
        body = {name: wanted[name] for name in names} | {"council_quorum": 3}
        (await confirmed(town, await http.put("/v1/township-defaults", json=body), by="ma")).raise_for_status()
    first, second = (claim("T1", household, inputs={"points": 5}) for household in ("hp-1", "hp-2"))
    await declare(town, first, second)
    for by in ("second", "third"):
        await review(town, first["id"], by=by)
    assert await status(town, first["id"]) == "declared"
    await freeze_person(town, "zhao")
    for by in ("second", "third"):
        outcomes = await review(town, second["id"], by=by)
    assert [(each["status"], each["reason"]) for each in outcomes] == [("reviewed", "")]


async def test_at_the_servers_terminal_they_do_nothing_either(town: LiveTown) -> None:
    await freeze_person(town, "zhao")
    for act in (authenticate_all(town.town, [("zhao", PASSWORD)], str), find_by_login(town.town, "zhao")):
        with pytest.raises(Refused, match="只能看，不能办"):
            await act


async def test_it_ends_after_its_day_and_another_supervisor_renews_it(town: LiveTown) -> None:
    body = order_of("person", "zhao")
    for wrong in (body, body | {"ends_on": in_days(town, 31)}):
        problem(await send(town, "qian", wrong), 400, "date-wrong")
    await freeze_person(town, "zhao")
    later = order_of("person", "zhao", ends_on=in_days(town, 20))
    problem(await send(town, "qian", later), 403, "same-person")
    assert (await send(town, "tan", later)).status_code == 204
    [found] = await holding(town)
    assert (found["id"], found["frozen_by"]) == (later["id"], "谭监委")
    assert [each.lifted_at is None for each in await kept(town)] == [False, True]
    await days_pass(town, 20)
    await sign_in(town, "zhao", "tan")
    problem(await try_something(town), 423, "person-suspended")
    await days_pass(town, 1)
    await sign_in(town, "zhao", "tan")
    assert (await try_something(town)).status_code == 200
    # Over, the last one's supervisor still leaves it to another.
    again = order_of("person", "zhao", ends_on=in_days(town, 5))
    problem(await send(town, "tan", again), 403, "same-person")
    assert (await send(town, "qian", again)).status_code == 204


async def try_something(town: LiveTown) -> httpx.Response:
    async with town.staff("zhao") as http:
        return await http.post("/v1/claims/review", json={"claims": [str(uuid7())]})


async def test_nobody_freezes_themselves_their_kin_or_who_serves_elsewhere(town: LiveTown) -> None:
    async with town.staff("office") as http:
        (await http.post("/v1/villages", json=[{"code": "ss", "name": "上沙村"}])).raise_for_status()
        (await http.put("/v1/people/qian/relatives/hp-1")).raise_for_status()
    await hire(town, "elsewhere", "supervisor", village="ss")
    await hire(town, "kin", "grid-member", village="hp", household="hp-1")
    until = {"ends_on": in_days(town, 5)}
    for by, login in (
        *(("qian", "qian"), ("tan", "tan"), ("qian", "kin"), ("elsewhere", "zhao"), ("li", "wang")),
        *(("qian", "tan"), ("qian", "fu"), ("qian", "office")),
    ):
        problem(await send(town, by, order_of("person", login, **until)), 403, "not-allowed")
    problem(await send(town, "qian", order_of("person", "nobody", **until)), 404, "unknown")
    assert await kept(town) == []
    # A supervisor who is frozen lifts nothing, their own least of all.
    id = await freeze_person(town, "qian", by="tan")
    problem(await lift(town, id), 423, "person-suspended")
    await freeze_person(town, "fu", by="tan")


async def test_two_supervisors_at_once_freeze_somebody_once(town: LiveTown) -> None:
    await hire(town, "second", "supervisor", village="hp")
    until = {"ends_on": in_days(town, 5)}
    answers = await asyncio.gather(
        *(send(town, by, order_of("person", "zhao", **until)) for by in ("qian", "second", "tan"))
    )
    # A renewal for no longer is none.
    assert sorted(each.status_code for each in answers).count(204) == 1
    assert {each.status_code for each in answers} <= {204, 403, 409}
    assert len(await kept(town)) == 1
    assert len(await holding(town)) == 1


async def test_a_renewal_shortens_nothing_and_lifts_nothing(town: LiveTown) -> None:
    await hire(town, "second", "supervisor", village="hp")
    await freeze_person(town, "zhao", by="tan", days=20)
    shorter, longer = (order_of("person", "zhao", ends_on=in_days(town, days)) for days in (1, 30))
    for body in (shorter, longer):
        problem(await send(town, "qian", body), 403, "not-allowed")
    await freeze_person(town, "wang", days=20)
    problem(await send(town, "second", shorter | {"thing": "wang"}), 409, "already-there")
    assert (await send(town, "second", longer | {"thing": "wang"})).status_code == 204
