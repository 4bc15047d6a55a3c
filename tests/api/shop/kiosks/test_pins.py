"""PINs: one attendant each, a lockout after five wrong ones within an hour, one open shift at a kiosk."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

from tests.api.asking import problem, rows
from tests.conftest import LiveTown

WRONG = {"pin": "1111"}


async def test_two_attendants_of_one_supermarket_never_share_a_pin(town: LiveTown) -> None:
    async with town.staff("office") as http:
        same = {"supermarket": "hp", "name": "周管理员", "pin": town.pin}
        problem(await http.post("/v1/attendants", json=same), 400, "pin-taken")
        assert (await http.post("/v1/attendants", json=same | {"pin": "2469"})).status_code == 204
        problem(await http.post("/v1/attendants", json=same | {"pin": "3303"}), 409, "already-there")
        # At another supermarket the same PIN is somebody else's.
        (await http.post("/v1/villages", json=[{"code": "ss", "name": "山上村"}])).raise_for_status()
        other = {"code": "ss", "village": "ss", "name": "山上村积美超市"}
        (await http.post("/v1/supermarkets", json=[other])).raise_for_status()
        assert (await http.post("/v1/attendants", json=same | {"supermarket": "ss"})).status_code == 204
        nowhere = same | {"supermarket": "nowhere"}
        problem(await http.post("/v1/attendants", json=nowhere), 404, "unknown")


async def test_of_attendants_added_at_once_with_one_pin_one_gets_it(town: LiveTown) -> None:
    async with town.staff("office") as http:
        attendants = [{"supermarket": "hp", "name": name, "pin": "7707"} for name in ("甲", "乙", "丙")]
        answers = await asyncio.gather(*(http.post("/v1/attendants", json=each) for each in attendants))
    assert sorted(a.status_code for a in answers) == [204, 400, 400]


async def test_five_wrong_pins_lock_the_kiosk_for_five_minutes(town: LiveTown) -> None:
    async with town.device() as http:
        for _ in range(5):
            problem(await http.post("/v1/till/shifts", json=WRONG), 401, "wrong-pin")
        right = {"pin": town.pin}
        for pin in (WRONG, right):
            problem(await http.post("/v1/till/shifts", json=pin), 423, "pin-locked")
        town.clock.travel(town.clock.now() + timedelta(minutes=4, seconds=59))
        problem(await http.post("/v1/till/shifts", json=right), 423, "pin-locked")
        town.clock.travel(town.clock.now() + timedelta(seconds=1))
        assert (await http.post("/v1/till/shifts", json=right)).status_code == 201


async def test_a_right_pin_between_wrong_ones_gives_no_more_guesses(town: LiveTown) -> None:
    async with town.device() as http:
        for _ in range(4):
            problem(await http.post("/v1/till/shifts", json=WRONG), 401, "wrong-pin")
        assert (await http.post("/v1/till/shifts", json={"pin": town.pin})).status_code == 201
        town.clock.travel(town.clock.now() + timedelta(minutes=50))
        problem(await http.post("/v1/till/shifts", json=WRONG), 401, "wrong-pin")
        problem(await http.post("/v1/till/shifts", json=WRONG), 423, "pin-locked")


async def test_wrong_pins_count_for_the_attendant_named_and_nobody_else(town: LiveTown) -> None:
    async with town.staff("office") as http:
        other = {"supermarket": "hp", "name": "周管理员", "pin": "2469"}
        (await http.post("/v1/attendants", json=other)).raise_for_status()
    async with town.device() as http:
        attendants = {each["name"]: each["id"] for each in (await http.get("/v1/till")).json()["attendants"]}
        guessed, guesser = attendants["陈管理员"], attendants["周管理员"]
        own = {"pin": "2469", "attendant": guesser}
        for _ in range(5):
            problem(await http.post("/v1/till/shifts", json=WRONG | {"attendant": guessed}), 401, "wrong-pin")
            assert (await http.post("/v1/till/shifts", json=own)).status_code == 201
        right = {"pin": town.pin, "attendant": guessed}
        problem(await http.post("/v1/till/shifts", json=right), 423, "pin-locked")
        town.clock.travel(town.clock.now() + timedelta(minutes=5))
        assert (await http.post("/v1/till/shifts", json=right)).json()["attendant"] == "陈管理员"


async def test_the_pin_of_another_attendant_is_a_wrong_one(town: LiveTown) -> None:
    async with town.staff("office") as http:
        other = {"supermarket": "hp", "name": "周管理员", "pin": "2469"}
        (await http.post("/v1/attendants", json=other)).raise_for_status()
    async with town.device() as http:
        zhou, chen = (await http.get("/v1/till")).json()["attendants"]
        assert (zhou["name"], chen["name"]) == ("周管理员", "陈管理员")
        theirs = {"pin": "2469", "attendant": chen["id"]}
        problem(await http.post("/v1/till/shifts", json=theirs), 401, "wrong-pin")
        nobody = {"pin": "2469", "attendant": str(UUID(int=1))}
        problem(await http.post("/v1/till/shifts", json=nobody), 404, "unknown")


async def test_the_office_sets_when_a_till_locks(town: LiveTown) -> None:
    async with town.device() as http:
        assert (await http.get("/v1/till")).json()["lock_minutes"] == 10
    path = f"/v1/kiosks/{town.kiosk.id}/lock-policy"
    async with town.staff("office") as http:
        problem(await http.put(path, json={"minutes": 0}), 400, "malformed")
        assert (await http.put(path, json={"minutes": 3})).status_code == 204
    async with town.device() as http:
        assert (await http.get("/v1/till")).json()["lock_minutes"] == 3


async def test_attempts_at_once_do_not_get_around_the_lockout(town: LiveTown) -> None:
    async with town.device() as http:
        answers = await asyncio.gather(*(http.post("/v1/till/shifts", json=WRONG) for _ in range(9)))
    assert Counter(a.json()["type"] for a in answers) == {"wrong-pin": 5, "pin-locked": 4}


async def test_a_kiosk_has_one_open_shift(town: LiveTown) -> None:
    async with town.device() as http:
        await asyncio.gather(*(http.post("/v1/till/shifts", json={"pin": town.pin}) for _ in range(4)))
    assert await rows(town, "select count(*) from shift where closed_at is null") == [(1,)]


async def test_a_malformed_pin(town: LiveTown) -> None:
    async with town.device() as http:
        for pin in ("", "123", "123456789", "12a4", "１２３４", 1234, None, "1234\n"):
            problem(await http.post("/v1/till/shifts", json={"pin": pin}), 400, "malformed")
    async with town.staff("office") as http:
        body = {"supermarket": "hp", "name": "周管理员", "pin": "12"}
        problem(await http.post("/v1/attendants", json=body), 400, "malformed")


async def test_a_kiosk_whose_enrolment_ended_serves_nobody(town: LiveTown) -> None:
    async with town.staff("office") as http:
        ended = await http.post(f"/v1/kiosks/{town.kiosk.id}/end", json={"reason": "机器坏了"})
        assert ended.status_code == 204, ended.text
    async with town.device() as http:
        problem(await http.get("/v1/till"), 401, "device-unknown")
        problem(await http.post("/v1/till/shifts", json={"pin": town.pin}), 401, "device-unknown")
