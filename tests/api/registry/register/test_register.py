"""The register: what is there already, and what leads nowhere, is refused whole."""

from __future__ import annotations

from typing import Any

from tests.api.asking import problem, standing
from tests.conftest import PASSWORD, LiveTown

PERSON = {"login": "wu", "name": "吴网格", "roles": ["grid-member"], "village": "hp", "password": PASSWORD}
NEW: dict[str, list[dict[str, Any]]] = {
    "/v1/villages": [{"code": "ss", "name": "山上村"}],
    "/v1/grids": [{"code": "hp-2", "village": "hp", "name": "第二网格"}],
    "/v1/households": [{"code": "hp-9", "village": "hp", "grid": "hp-1", "head": "周九"}],
    "/v1/people": [PERSON],
    "/v1/supermarkets": [{"code": "hp-2", "village": "hp", "name": "第二超市"}],
}


async def test_a_second_time_is_already_there_and_takes_its_neighbours_back(town: LiveTown) -> None:
    key = {"/v1/people": "login"}
    async with town.staff("office") as http:
        for path, [record] in NEW.items():
            other = record | {key.get(path, "code"): "other"}
            assert (await http.post(path, json=[record])).status_code == 201
            before = await standing(town)
            problem(await http.post(path, json=[other, record]), 409, "already-there")
            assert await standing(town) == before
            assert (await http.post(path, json=[other])).status_code == 201


async def test_what_leads_nowhere_is_unknown(town: LiveTown) -> None:
    before = await standing(town)
    async with town.staff("office") as http:
        for path, [record] in NEW.items():
            if "village" in record:
                problem(await http.post(path, json=[record | {"village": "nowhere"}]), 404, "unknown")
        for path, field in (("/v1/households", "grid"), ("/v1/people", "grid"), ("/v1/people", "household")):
            problem(await http.post(path, json=[NEW[path][0] | {field: "nowhere"}]), 404, "unknown")
        wrong = PERSON | {"roles": ["grid-member", "emperor"]}
        problem(await http.post("/v1/people", json=[wrong]), 400, "role-unknown")
    assert await standing(town) == before


async def test_what_makes_no_sense_is_malformed(town: LiveTown) -> None:
    async with town.staff("office") as http:
        for path, [record] in NEW.items():
            for body in ([], {}, [record | {"name": "\x00", "head": "\x00"}], [record | {"colour": "red"}], [{}]):
                problem(await http.post(path, json=body), 400, "malformed")
        for code in ("", "HP", "hp 9", "-hp", "村", "hp\n", "a" * 41):
            problem(await http.post("/v1/villages", json=[{"code": code, "name": "村"}]), 400, "malformed")
        problem(await http.post("/v1/people", json=[PERSON | {"password": "short"}]), 400, "malformed")
        nul = NEW["/v1/villages"][0] | {"name": "山\x00村"}
        problem(await http.post("/v1/villages", json=[nul]), 400, "malformed")
