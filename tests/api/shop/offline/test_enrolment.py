"""A machine is enrolled as a kiosk by a one-time code, and is one until a person ends its enrolment."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from tests.api.asking import problem, rows, sign_in
from tests.api.shop.offline.till import Till, add_till, end_enrolment
from tests.conftest import LiveTown, Machine, enrol_with
from tests.databases import owner_engine


async def new_kiosk(town: LiveTown, by: str = "office") -> httpx.Response:
    async with town.staff(by) as http:
        return await http.post("/v1/kiosks", json={"supermarket": "hp", "name": "后台"})


async def send_enrolment(town: LiveTown, code: str, key: Ed25519PrivateKey) -> httpx.Response:
    body = {"code": code, "public_key": key.public_key().public_bytes_raw().hex()}
    async with httpx.AsyncClient(base_url=town.url) as http:
        return await http.post("/v1/enrolments", json=body)


async def works(town: LiveTown, token: str) -> bool:
    async with httpx.AsyncClient(base_url=town.url, headers={"Authorization": f"Bearer {token}"}) as http:
        return (await http.get("/v1/till")).status_code == 200


async def test_a_code_enrols_one_machine(till: Till) -> None:
    town, key = till.town, Ed25519PrivateKey.generate()
    code = (await new_kiosk(town)).json()["code"]
    first = (await send_enrolment(town, code, key)).raise_for_status().json()
    assert (first["supermarket"], first["name"], first["epoch"]) == ("hp", "后台", 1)
    assert await works(town, first["token"])
    problem(await send_enrolment(town, code, Ed25519PrivateKey.generate()), 404, "code-wrong")
    assert await works(town, first["token"])


async def test_a_retry_gets_a_new_token_and_the_old_one_expires(till: Till) -> None:
    town, key = till.town, Ed25519PrivateKey.generate()
    code = (await new_kiosk(town)).json()["code"]
    first = (await send_enrolment(town, code, key)).json()
    # Typed by hand: small letters, in groups.
    again = (await send_enrolment(town, "-".join((code[:4], code[4:8], code[8:])).lower(), key)).json()
    assert (again["kiosk"], again["epoch"]) == (first["kiosk"], 1)
    assert await works(town, again["token"])
    assert not await works(town, first["token"])


async def test_of_several_machines_with_one_code_one_is_enrolled(till: Till) -> None:
    town = till.town
    code = (await new_kiosk(town)).json()["code"]
    answers = await asyncio.gather(*(send_enrolment(town, code, Ed25519PrivateKey.generate()) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 404, 404, 404]


async def test_a_code_lasts_a_day_and_a_new_one_replaces_it(till: Till) -> None:
    town = till.town
    added = (await new_kiosk(town)).json()
    town.clock.travel(town.clock.now() + timedelta(hours=24))
    await sign_in(town, "office")
    problem(await send_enrolment(town, added["code"], Ed25519PrivateKey.generate()), 404, "code-wrong")
    async with town.staff("office") as http:
        codes = [(await http.post(f"/v1/kiosks/{added['kiosk']}/code")).json()["code"] for _ in range(2)]
    problem(await send_enrolment(town, codes[0], Ed25519PrivateKey.generate()), 404, "code-wrong")
    assert (await send_enrolment(town, codes[1], Ed25519PrivateKey.generate())).status_code == 201


async def test_a_used_code_belongs_to_its_first_key_for_good(till: Till) -> None:
    town, key = till.town, Ed25519PrivateKey.generate()
    added = (await new_kiosk(town)).json()
    code = added["code"]
    first = (await send_enrolment(town, code, key)).raise_for_status().json()
    # The row that a database of an earlier version still has when its machine was ended.
    [(digest, until)] = await rows(town, "select code, code_until from kiosk where id = :id", id=added["kiosk"])
    async with town.staff("office") as http:
        (await http.post(f"/v1/kiosks/{added['kiosk']}/end", json={"reason": "机器丢了"})).raise_for_status()
    for again in (key, Ed25519PrivateKey.generate()):
        problem(await send_enrolment(town, code, again), 404, "code-wrong")
    assert not await works(town, first["token"])
    async with owner_engine(town.clone).begin() as connection:
        restored = text("update kiosk set code = :code, code_until = :until where id = :id")
        await connection.execute(restored, {"code": digest, "until": until, "id": added["kiosk"]})
    for again in (key, Ed25519PrivateKey.generate()):
        problem(await send_enrolment(town, code, again), 404, "code-wrong")
    async with town.staff("office") as http:
        renewed = (await http.post(f"/v1/kiosks/{added['kiosk']}/code")).raise_for_status().json()["code"]
    assert (await send_enrolment(town, renewed, key)).json()["epoch"] == 2


async def test_two_machines_race_for_a_code_and_one_retries(till: Till) -> None:
    town, ours, theirs = till.town, Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    code = (await new_kiosk(town)).json()["code"]
    answers = await asyncio.gather(*(send_enrolment(town, code, key) for key in (ours, theirs) * 3))
    statuses = [answer.status_code for answer in answers]
    assert sorted((set(statuses[::2]), set(statuses[1::2])), key=min) == [{201}, {404}]
    assert {answer.json()["epoch"] for answer in answers if answer.status_code == 201} == {1}


async def test_wrong_codes_and_people_who_may_not_issue_one(till: Till) -> None:
    town = till.town
    problem(await new_kiosk(town, by="li"), 403, "not-allowed")
    problem(await send_enrolment(town, "0" * 12, Ed25519PrivateKey.generate()), 404, "code-wrong")
    async with town.staff("office") as http:
        problem(await http.post(f"/v1/kiosks/{UUID(int=7)}/code"), 404, "unknown")
        problem(await http.post(f"/v1/kiosks/{till.id}/code"), 409, "still-enrolled")
    async with town.staff("li") as http:
        problem(await http.post(f"/v1/kiosks/{till.id}/end", json={"reason": "丢了"}), 403, "not-allowed")
    key: dict[str, Any] = {"code": "0" * 12, "public_key": "0" * 63}
    async with httpx.AsyncClient(base_url=town.url) as http:
        problem(await http.post("/v1/enrolments", json=key), 400, "malformed")


async def test_after_an_enrolment_has_ended_the_next_one_has_a_new_epoch(till: Till) -> None:
    town = till.town
    await end_enrolment(town, till, by="qian")
    assert not await works(town, till.machine.token)
    problem(await till.redeem(UUID(int=1), town.card, ("soap", 1)), 401, "device-unknown")
    async with town.staff("office") as http:
        problem(await http.post(f"/v1/kiosks/{till.id}/end", json={"reason": "丢了"}), 409, "not-enrolled")
        code = (await http.post(f"/v1/kiosks/{till.id}/code")).json()["code"]
        machine = await enrol_with(http, code)
    assert (machine.id, machine.epoch) == (till.id, 2)
    successor = Till(town, machine)
    await successor.sign_in()
    assert await successor.settle_statuses() == ["known"]
    # What the old machine signs is not accepted into the new one's journal.
    strangers = Till(town, Machine(till.machine.key, till.id, 2, machine.token))
    strangers.write_opening()
    problem(await strangers.upload(), 400, "signature-wrong")


async def test_ending_an_enrolment_twice_at_once(till: Till) -> None:
    town = till.town
    other = await add_till(town, "后台")
    async with town.staff("office") as office, town.staff("qian") as qian:
        answers = await asyncio.gather(
            *(
                http.post(f"/v1/kiosks/{other.id}/end", json={"reason": "丢了"})
                for http in (office, qian, office, qian)
            )
        )
    assert sorted(answer.status_code for answer in answers) == [204, 409, 409, 409]
