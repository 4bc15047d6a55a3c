"""People's service: duties that decide are given by two, taken and ended by one; somebody is always left."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from api.platform.access import Role
from tests.api.asking import confirmed, problem, rows, sign_in
from tests.api.awards.claims.conftest import approve, claim, declare, hire, review
from tests.conftest import PASSWORD, LiveTown
from tests.profile import many

END = {"on": "2026-06-15", "reason": "调走了"}


def duties(name: str, *roles: str, **more: Any) -> dict[str, Any]:
    scope = {} if "village" in more else {"township": True}
    return {"name": name, "roles": list(roles), "reason": "换届", **scope, **more}


async def send(town: LiveTown, by: str, path: str, body: Any, method: str = "POST") -> httpx.Response:
    async with town.staff(by) as http:
        return await http.request(method, f"/v1/people{path}", json=body)


async def change(town: LiveTown, by: str, login: str, wanted: dict[str, Any]) -> httpx.Response:
    return await send(town, by, f"/{login}", wanted, "PUT")


async def roles_of(town: LiveTown, login: str) -> set[str]:
    [(found,)] = await rows(town, "select roles from person where login = :login", login=login)
    return set(found)


async def active_office(town: LiveTown) -> set[str]:
    found = await rows(
        town, "select login from person where 'office' = any(roles) and village is null and ended_at is null"
    )
    return {login for (login,) in found}


async def test_a_duty_that_decides_waits_for_a_second_person(town: LiveTown) -> None:
    answer = await change(town, "office", "wang", duties("王网格", "grid-member", "committee", village="hp"))
    assert (answer.status_code, await roles_of(town, "wang")) == (202, {"grid-member"})
    [waiting] = await send_waiting(town, "fu")
    assert waiting["what"].startswith("王网格，从“王网格；网格员；河畔村”改为“王网格；网格员、村委会；河畔村”")
    (await confirmed(town, answer)).raise_for_status()
    assert await roles_of(town, "wang") == {"grid-member", "committee"}
    [row] = await rows(town, "select kind, before, after, reason, changed_by <> confirmed_by from person_change"
                       " where confirmed_by is not null")  # fmt: skip
    assert tuple(row) == ("changed", "王网格；网格员；河畔村", "王网格；网格员、村委会；河畔村", "换届", True)


@pytest.mark.parametrize(
    ("login", "wanted", "status"),
    [
        ("wang", duties("王网格", "grid-leader", village="hp"), 204),
        ("qian", duties("钱监委", "grid-member", village="hp"), 204),
        # Deciding for the whole township instead of a village, or for another one, is more.
        ("qian", duties("钱监委", "supervisor"), 202),
        ("tan", duties("谭监委", "supervisor", village="hp"), 204),
        ("tan", duties("谭监委", "supervisor", "office"), 202),
    ],
)
async def test_only_coming_to_decide_takes_two(
    town: LiveTown, login: str, wanted: dict[str, Any], status: int
) -> None:
    assert (await change(town, "office", login, wanted)).status_code == status


async def test_nobody_changes_or_confirms_their_own(town: LiveTown) -> None:
    problem(await change(town, "office", "office", duties("乡镇办公室", *Role)), 403, "same-person")
    problem(await send(town, "office", "/office/end", END), 403, "same-person")
    proposal = (await change(town, "office", "tan", duties("谭监委", "supervisor", "office"))).json()
    async with town.staff("tan") as http:
        problem(await http.post(f"/v1/proposals/{proposal['id']}/confirm"), 403, "same-person")
    assert await roles_of(town, "tan") == {"supervisor"}


async def test_a_change_that_was_overtaken_is_proposed_again(town: LiveTown) -> None:
    answer = await change(town, "office", "wang", duties("王网格", "committee", village="hp"))
    assert (await change(town, "office", "wang", duties("王网格", "grid-guide", village="hp"))).status_code == 204
    problem(await confirmed(town, answer), 409, "wrong-state")


async def test_whoever_ends_is_out_at_once_and_what_they_did_stays(town: LiveTown) -> None:
    declared, waiting = claim(), claim()
    await declare(town, declared)
    await declare(town, waiting)
    await review(town, declared["id"])
    async with town.staff("li") as http:
        restock = {"supermarket": "hp", "lines": [{"product": "rice", "quantity": 1, "cost": 9}]}
        proposed = await http.put(f"/v1/restocks/{uuid7()}", json=restock)
    for login in ("wang", "zhao", "li"):
        assert (await send(town, "office", f"/{login}/end", END)).status_code == 204
        async with town.staff(login) as http:
            problem(await http.get("/v1/rulebooks/adoptions"), 401, "not-signed-in")
            again = await http.post("/v1/sign-in", json={"login": login, "password": PASSWORD})
            problem(again, 401, "wrong-password")
        problem(await send(town, "office", f"/{login}/invitation", None), 409, "wrong-state")
    await hire(town, "new", "grid-leader", village="hp")
    assert (await review(town, waiting["id"], by="new"))[0]["status"] == "reviewed"
    await hire(town, "newer", "committee", village="hp")
    assert (await approve(town, declared["id"], by="newer"))[0]["status"] == "approved"
    (await confirmed(town, proposed, "qian")).raise_for_status()
    async with town.staff("office") as http:
        ended = (await http.get("/v1/people?ended=true")).json()
    assert {person["login"] for person in ended} == {"li", "wang", "zhao"}


async def test_service_begins_again_by_two_where_it_decides(town: LiveTown) -> None:
    await send(town, "office", "/li/end", END)
    answer = await change(town, "office", "li", duties("李村委", "committee", village="hp"))
    assert answer.status_code == 202
    (await confirmed(town, answer)).raise_for_status()
    await sign_in(town, "li")
    kinds = await rows(town, "select kind from person_change where reason <> '' order by changed_at, kind")
    assert [kind for (kind,) in kinds] == ["ended", "resumed"]


async def test_two_of_the_office_who_end_each_other_leave_one(town: LiveTown) -> None:
    answers = await asyncio.gather(send(town, "office", "/fu/end", END), send(town, "fu", "/office/end", END))
    assert sorted(answer.status_code for answer in answers) == [204, 401], [each.text for each in answers]
    assert len(await active_office(town)) == 1


async def test_what_was_proposed_earlier_does_not_empty_the_office(town: LiveTown) -> None:
    moved = await change(town, "office", "fu", duties("傅会计", "supervisor"))
    assert (await send(town, "fu", "/office/end", END)).status_code == 204
    problem(await confirmed(town, moved), 409, "wrong-state")
    assert await active_office(town) == {"fu"}


async def test_the_end_has_come_and_is_said_once(town: LiveTown) -> None:
    problem(await send(town, "office", "/li/end", END | {"on": "2026-06-16"}), 400, "date-wrong")
    assert (await send(town, "office", "/li/end", END)).status_code == 204
    problem(await send(town, "office", "/li/end", END), 409, "wrong-state")


async def test_a_new_password_by_somebody_makes_no_second_person_for_a_week(town: LiveTown) -> None:
    async with town.staff("office") as http:
        code = (await http.post("/v1/people/tan/invitation")).json()["code"]
        joined = await http.post("/v1/join", json={"code": code, "password": "shuixiang lanhua"})
        imported = {
            "source": "x",
            "rows": [{"household": "hp-1", "on": "2026-01-01", "points": 7, "what": "旧账"}],
        }
        proposal = (await http.post("/v1/imports", json=imported)).json()
    town.tokens = town.tokens | {"tan": joined.json()["token"]}
    path = f"/v1/proposals/{proposal['id']}/confirm"
    async with town.staff("tan") as tan:
        refused = await tan.post(path)
        problem(refused, 403, "same-person")
        assert "七天" in refused.json()["detail"]
    async with town.staff("fu") as fu:
        assert (await fu.post(path)).status_code == 200


@settings(max_examples=many(4), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["office", "fu", "tan", "ma"]),
            st.sampled_from(["end", "change", "confirm"]),
            st.sampled_from(["office", "fu", "tan", "ma"]),
            st.sets(st.sampled_from([Role.OFFICE, Role.SUPERVISOR, Role.PARTY_BRANCH]), min_size=1),
        ),
        max_size=8,
    )
)
async def test_whatever_happens_somebody_is_left_and_two_are_two(town: LiveTown, steps: list[Any]) -> None:
    """Whoever is of the office ends and changes whom they like, whoever may confirms."""
    for by, step, login, roles in steps:
        if step == "end":
            await send(town, by, f"/{login}/end", END)
        elif step == "change":
            await change(town, by, login, duties(login, *roles))
        else:
            for proposal in await send_waiting(town, by):
                async with town.staff(by) as http:
                    await http.post(f"/v1/proposals/{proposal['id']}/confirm")
        assert await active_office(town)
    assert not await rows(
        town, "select id from person_change where changed_by = confirmed_by or person = confirmed_by"
    )
    assert not await rows(town, "select id from person_change where changed_by = person")


async def send_waiting(town: LiveTown, by: str) -> list[dict[str, Any]]:
    async with town.staff(by) as http:
        answer = await http.get("/v1/proposals")
        return list(answer.json()) if answer.status_code == 200 else []
