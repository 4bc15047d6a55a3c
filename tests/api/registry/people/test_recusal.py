"""Nobody acts on their own household, nor on one that they declared to be a relative's: for each duty, whatever a
stranger with it may do about a household."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from uuid_utils.compat import uuid7

from api.platform.access import OF_RELATIVE, Role
from api.registry.people.queries import find_staff
from api.registry.people.relatives import declare_relative, withdraw_relative
from tests.api.asking import problem, rows, set_bounds
from tests.api.awards.claims.conftest import approve, claim, declare, hire, review
from tests.api.awards.objections.conftest import at_desk, take_down
from tests.api.bookkeeping.general_ledger.conftest import correction, hold, statement
from tests.conftest import LiveTown

HOUSEHOLD = "hp-1"
NO_PIN = "这户的卡没有设密码，不用取消。"
IMPORTED = {"household": HOUSEHOLD, "on": "2026-01-01", "points": 7, "what": "旧账"}


def imported(source: str) -> dict[str, Any]:
    return {"source": source, "rows": [IMPORTED]}


async def bring_claim(town: LiveTown, *steps: Any) -> str:
    new = claim("T1", HOUSEHOLD, inputs={"points": 1})
    await declare(town, new)
    for step in steps:
        assert (await step(town, new["id"]))[0]["reason"] == ""
    return str(new["id"])


async def propose(town: LiveTown, path: str, body: Any, by: str = "office") -> str:
    async with town.staff(by) as http:
        answer = await http.post(path, json=body)
        assert answer.status_code == 202, answer.text
        return f"/v1/proposals/{answer.json()['id']}/confirm"


async def list_actions(town: LiveTown) -> dict[str, tuple[str, Any]]:
    """All that is done about a household, each ready to be done once."""
    await set_bounds(town, cards=0, first_cards=0)
    for _ in range(2):
        await town.award(HOUSEHOLD, 1)
    first, second, _ = [entry["transaction"] for entry in await statement(town) if entry["phase"] == "post"]
    declared, to_refuse, to_return = [await bring_claim(town) for _ in range(3)]
    reviewed, objected = await bring_claim(town, review), await bring_claim(town, review, approve)
    objection = at_desk(objected)
    (await take_down(town, "tan", objection)).raise_for_status()
    held = hold(1)
    async with town.staff("office") as http:
        (await http.post("/v1/holds", json=[held])).raise_for_status()
    settlement = {"id": str(uuid7()), "hold": held["id"], "action": "void"}
    return {
        "declare": ("/v1/claims", [claim("T1", HOUSEHOLD, inputs={"points": 1})]),
        "review": ("/v1/claims/review", {"claims": [declared]}),
        "approve": ("/v1/claims/approve", {"claims": [reviewed]}),
        "return": (f"/v1/claims/{to_return}/return", {"reason": "不实"}),
        "refuse": (f"/v1/claims/{to_refuse}/refuse", {"reason": "不实"}),
        "object": (f"/v1/objections/{objection['id']}/uphold", {"reason": "不实"}),
        "hold": ("/v1/holds", [hold(1)]),
        "settle": ("/v1/holds/settlements", [settlement]),
        "confirm correction": (await propose(town, "/v1/corrections", [correction(first)], "fu"), None),
        "correct": ("/v1/corrections", [correction(second)]),
        "confirm import": (await propose(town, "/v1/imports", imported("先前")), None),
        "import": ("/v1/imports", imported("台账")),
        "confirm cards": (await propose(town, "/v1/cards", {"households": [HOUSEHOLD, "hp-2"]}), None),
        "cards": ("/v1/cards", {"households": [HOUSEHOLD]}),
        "reset": (f"/v1/households/{HOUSEHOLD}/card/pin-reset", {"reason": "忘了"}),
    }


def read_refusal(answer: httpx.Response) -> str:
    """Why nothing was done; empty where it was."""
    told: Any = answer.json() if answer.content else None
    if answer.status_code >= 400:
        return str(told["detail"])
    outcomes = told if isinstance(told, list) else (told or {}).get("preview")
    return str(outcomes[0].get("reason", "")) if isinstance(outcomes, list) and outcomes else ""


async def do_all(town: LiveTown, login: str, actions: Mapping[str, tuple[str, Any]]) -> dict[str, str]:
    async with town.staff(login) as http:
        return {name: read_refusal(await http.post(path, json=body)) for name, (path, body) in actions.items()}


async def relate(town: LiveTown, login: str, household: str = HOUSEHOLD) -> None:
    [(person,)] = await rows(town, "select id from person where login = :login", login=login)
    async with town.town.unit_of_work() as uow:
        assert await declare_relative(uow, await find_staff(uow, person), person, household)
        assert not await declare_relative(uow, await find_staff(uow, person), person, household)


@pytest.mark.parametrize("roles", [*([role] for role in Role), [*Role]], ids=lambda roles: "+".join(roles)[:20])
async def test_whatever_a_duty_allows_is_left_to_others(town: LiveTown, roles: list[Role]) -> None:
    actions = await list_actions(town)
    await hire(town, "own", *roles, household=HOUSEHOLD)
    for login in ("relative", "stranger"):
        await hire(town, login, *roles)
    await relate(town, "relative")
    own, relative, done = [await do_all(town, login, actions) for login in ("own", "relative", "stranger")]
    for action, obstacle in done.items():
        if obstacle in ("", NO_PIN):
            assert ("自己家" in own[action], relative[action]) == (True, OF_RELATIVE), action
        else:
            assert "" not in (own[action], relative[action]), action
    if len(roles) == len(Role):
        assert {action: obstacle for action, obstacle in done.items() if obstacle} == {"reset": NO_PIN}


async def test_a_relative_is_declared_at_once_and_withdrawn_by_somebody_else(town: LiveTown) -> None:
    await relate(town, "wang")
    new = claim("T1", HOUSEHOLD, inputs={"points": 1})
    assert (await declare(town, new))[0]["reason"] == OF_RELATIVE
    [(wang,)] = await rows(town, "select id from person where login = 'wang'")
    [(office,)] = await rows(town, "select id from person where login = 'office'")
    async with town.town.unit_of_work() as uow:
        await withdraw_relative(uow, await find_staff(uow, office), wang, HOUSEHOLD)
    assert (await declare(town, new))[0]["status"] == "declared"
    # It stays on record.
    assert await rows(town, "select person, withdrawn_by from relative") == [(wang, office)]


async def test_relatives_are_declared_and_withdrawn_by_two_programs(town: LiveTown) -> None:
    """Whoever is concerned takes nothing back, and it is withdrawn with a reason, once."""
    path = f"/v1/people/office/relatives/{HOUSEHOLD}"
    async with town.staff("office") as office, town.staff("fu") as fu:
        assert (await office.put(path)).status_code == 204
        problem(await fu.put(path), 409, "wrong-state")
        problem(await fu.put("/v1/people/office/relatives/hp-999"), 404, "unknown")
        refused = (await office.post("/v1/holds", json=[hold(1)])).json()
        assert refused[0]["reason"] == OF_RELATIVE
        problem(await office.delete(path, params={"reason": "写错了"}), 403, "same-person")
        problem(await fu.delete(path), 400, "malformed")
        assert (await fu.delete(path, params={"reason": "写错了"})).status_code == 204
        problem(await fu.delete(path, params={"reason": "再撤一次"}), 404, "unknown")
    found = await rows(town, "select kind, before, after, reason from person_change where kind like 'relative%'"
                       " order by changed_at, kind")  # fmt: skip
    assert [tuple(row) for row in found] == [
        ("relative", "", HOUSEHOLD, ""),
        ("relative-withdrawn", HOUSEHOLD, "", "写错了"),
    ]
