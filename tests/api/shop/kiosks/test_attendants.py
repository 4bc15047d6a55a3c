"""Attendants at the desk: added, given another PIN, ended, each with who did it and why."""

from __future__ import annotations

import asyncio

from uuid_utils.compat import uuid7

from tests.api.asking import problem, rows
from tests.api.awards.claims.conftest import hire
from tests.conftest import LiveTown

OTHER_PIN = "8642"


async def find_attendant(town: LiveTown, name: str = "陈管理员") -> str:
    async with town.staff("office") as http:
        listed = (await http.get("/v1/supermarkets/hp/attendants")).raise_for_status().json()
    return next(str(each["id"]) for each in listed if each["name"] == name)


async def end_attendant(town: LiveTown, name: str = "陈管理员", by: str = "office") -> str:
    id = await find_attendant(town, name)
    async with town.staff(by) as http:
        (await http.post(f"/v1/attendants/{id}/end", json={"reason": "不做了"})).raise_for_status()
    return id


async def test_a_committee_manages_the_attendants_of_its_village(town: LiveTown) -> None:
    async with town.staff("li") as li:
        body = {"supermarket": "hp", "name": "周管理员", "pin": OTHER_PIN, "household": "hp-2"}
        (await li.post("/v1/attendants", json=body)).raise_for_status()
        problem(await li.post("/v1/attendants", json=body | {"pin": "7531"}), 409, "already-there")
        problem(await li.post("/v1/attendants", json=body | {"name": "吴", "household": "hp-9"}), 404, "unknown")
        id = await find_attendant(town, "周管理员")
        new_pin = {"pin": "9753", "reason": "忘了"}
        taken = {"pin": town.pin, "reason": "忘了"}
        problem(await li.put(f"/v1/attendants/{id}/pin", json=taken), 400, "pin-taken")
        problem(await li.put(f"/v1/attendants/{id}/pin", json=taken | {"pin": "4444"}), 400, "pin-malformed")
        (await li.put(f"/v1/attendants/{id}/pin", json=new_pin)).raise_for_status()
        # The same one again is nobody else's.
        (await li.put(f"/v1/attendants/{id}/pin", json=new_pin)).raise_for_status()
        await end_attendant(town, "周管理员", by="li")
        problem(await li.put(f"/v1/attendants/{id}/pin", json=new_pin), 409, "wrong-state")
        listed = (await li.get("/v1/supermarkets/hp/attendants")).raise_for_status().json()
        assert [each["name"] for each in listed] == ["陈管理员", "周管理员"]
        changes = [(each["kind"], each["person"], each["reason"]) for each in listed[1]["changes"]]
        assert changes == [
            ("ended", "李村委", "不做了"),
            ("pin", "李村委", "忘了"),
            ("pin", "李村委", "忘了"),
            ("added", "李村委", ""),
        ]
        # A name and a PIN are free again.
        (await li.post("/v1/attendants", json=body | {"pin": "9753"})).raise_for_status()
    async with town.device() as till:
        problem(await till.post("/v1/till/shifts", json={"pin": OTHER_PIN}), 401, "wrong-pin")


async def test_another_village_finds_no_attendant(town: LiveTown) -> None:
    async with town.staff("office") as http:
        (await http.post("/v1/villages", json=[{"code": "ss", "name": "山上村"}])).raise_for_status()
    await hire(town, "zhou", "committee", village="ss")
    id = await find_attendant(town)
    async with town.staff("zhou") as zhou:
        problem(await zhou.get("/v1/supermarkets/hp/attendants"), 404, "unknown")
        problem(await zhou.post(f"/v1/attendants/{id}/end", json={"reason": "x"}), 404, "unknown")
        problem(await zhou.put(f"/v1/attendants/{id}/pin", json={"pin": "9753", "reason": "x"}), 404, "unknown")


async def test_ending_closes_the_shift_at_once_and_nobody_signs_in_any_more(town: LiveTown) -> None:
    shift = await town.shift()
    id = await end_attendant(town)
    async with town.device(shift) as till:
        redemption = {"card": town.card, "lines": [{"product": "soap", "quantity": 1, "price": 5}]}
        problem(await till.put(f"/v1/redemptions/{uuid7()}", json=redemption), 401, "shift-closed")
        problem(await till.post("/v1/till/shifts", json={"pin": town.pin}), 401, "wrong-pin")
        signing_in = {"pin": town.pin, "attendant": id}
        problem(await till.post("/v1/till/shifts", json=signing_in), 404, "unknown")
        assert (await till.get("/v1/till")).json()["attendants"] == []
    # Ended twice is ended once.
    await end_attendant(town)
    [(ended,)] = await rows(town, "select count(*) from attendant_change where kind = 'ended'")
    assert ended == 1


async def test_an_end_during_sign_ins_leaves_no_shift_open(town: LiveTown) -> None:
    async with town.device() as till:
        sign_ins = (till.post("/v1/till/shifts", json={"pin": town.pin}) for _ in range(4))
        await asyncio.gather(*sign_ins, end_attendant(town))
    assert await rows(town, "select id from shift where closed_at is null") == []
