"""A frozen kiosk: nothing is sold or moved at it; what it sold before it heard of that waits for a person."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from api.registry.freezes.queries import was_kiosk_frozen
from api.shop.offline.plausibility import WHILE_FROZEN
from tests.api.asking import a_redemption, order, problem, rows, sign_in
from tests.api.awards.claims.conftest import days_pass, hire
from tests.api.desk.freezes.conftest import WHY, freeze, in_days, lift, order_of, send
from tests.api.shop.offline.till import Till, check_books, read_shelf
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

SENTENCE = f"这台终端由村监委从 2026年6月15日起冻结，解除以前不能兑换、预订、收货。原因：{WHY}。"
LATER = timedelta(minutes=10)


async def freeze_kiosk(town: LiveTown, by: str = "qian", **more: str) -> str:
    return await freeze(town, "kiosk", str(town.kiosk.id), by, **more)


async def test_nothing_is_sold_or_moved_at_it_and_it_gives_back_what_it_holds(town: LiveTown) -> None:
    shift = await town.shift()
    async with town.device(shift) as http:
        sold, body = a_redemption(), order(town.card, ("soap", 1, 5))
        (await http.put(sold, json=body)).raise_for_status()
        leased = (await http.post("/v1/till/leases")).json()["households"]
        assert {each["name"]: each["points"] for each in leased}["王**"] > 0
        id = await freeze_kiosk(town)
        answer = await http.put(a_redemption(), json=body)
        problem(answer, 423, "kiosk-suspended")
        assert answer.json()["detail"] == SENTENCE
        # Sent again, what was sold before is answered as before.
        assert (await http.put(sold, json=body)).status_code == 200
        for method, path, sent in (
            ("POST", "/v1/till/shifts", {"pin": town.pin}),
            (
                "PUT",
                f"/v1/promises/{uuid7()}",
                {"card": town.card, "product": "brush", "quantity": 1, "price": 10},
            ),
            ("PUT", f"/v1/promises/{uuid7()}/collection", {"card": town.card}),
            ("POST", f"/v1/promises/{uuid7()}/cancel", {"card": town.card}),
            ("PUT", f"/v1/till/identifications/{uuid7()}", {"household": str(uuid7()), "card_pin": "2468"}),
            ("PUT", f"/v1/till/stocktakes/{uuid7()}", {}),
            ("PUT", f"/v1/till/receipts/{uuid7()}", {}),
            ("POST", f"/v1/till/receipts/{uuid7()}/confirm", {}),
        ):
            problem(await http.request(method, path, json=sent), 423, "kiosk-suspended")
        assert (await http.get("/v1/till")).json()["frozen"] == SENTENCE
        # It knows no card any more, and is to give back all it holds.
        held = (await http.post("/v1/till/leases")).json()["households"]
        assert {each["card"] for each in held} == {"0" * 64}
        assert all(each["give_back"] == each["points"] > 0 for each in held)
        async with browsing(town, "qian") as qian:
            assert SENTENCE in await qian.open("/desk/tills")
        assert (await lift(town, id)).status_code == 204
        assert "frozen" not in (await http.get("/v1/till")).json()
        # It hasn't given back what it holds, and pays with that.
        assert (await http.put(a_redemption(), json=body | {"leased": 5})).status_code == 200


async def test_it_goes_on_after_its_day(town: LiveTown) -> None:
    shift, body = await town.shift(), order(town.card, ("soap", 1, 5))
    await freeze_kiosk(town, ends_on=in_days(town, 0))
    async with town.device(shift) as http:
        problem(await http.put(a_redemption(), json=body), 423, "kiosk-suspended")
        await days_pass(town, 1)
        assert (await http.put(a_redemption(), json=body)).status_code == 200


async def test_until_the_last_day_there_is(town: LiveTown) -> None:
    await freeze(town, "kiosk", str(town.kiosk.id), ends_on="9999-12-31")
    async with town.town.unit_of_work() as uow:
        assert await was_kiosk_frozen(uow, town.kiosk.id, uow.now + timedelta(days=1))
        assert not await was_kiosk_frozen(uow, town.kiosk.id, uow.now)


async def test_other_villages_supervisors_freeze_no_kiosk_here(town: LiveTown) -> None:
    async with town.staff("office") as http:
        (await http.post("/v1/villages", json=[{"code": "ss", "name": "上沙村"}])).raise_for_status()
    await hire(town, "elsewhere", "supervisor", village="ss")
    for by in ("elsewhere", "li", "office"):
        problem(await send(town, by, order_of("kiosk", str(town.kiosk.id))), 403, "not-allowed")
    problem(await send(town, "qian", order_of("kiosk", str(uuid7()))), 404, "unknown")
    async with browsing(town, "qian") as qian:
        await qian.open(f"/desk/freezes/new?kind=kiosk&thing={town.kiosk.id}")
        assert "已冻结" in await qian.send("/desk/freezes", thing=str(town.kiosk.id), reason=WHY)
        assert "河畔村积美超市 · 前台 终端" in qian.text


@pytest.fixture
async def till(town: LiveTown) -> Till:
    till = Till(town, town.kiosk)
    await till.sign_in()
    return till


async def test_what_it_sold_before_it_heard_of_it_waits_for_a_person(till: Till) -> None:
    town = till.town
    [(found,)] = await rows(town, "select id from household where code = 'hp-1'")
    household, void = UUID(str(found)), uuid7()
    await till.renew()
    await town.award("hp-1", 40)

    def later() -> None:
        town.clock.travel(town.clock.now() + LATER)

    later()
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    till.write_sale(town.card, household, ("soap", 1), leased=5, id=void)
    later()
    id = await freeze_kiosk(town)
    later()
    till.write_sale(town.card, household, ("soap", 2), leased=10)
    till.write_void(void)
    # Given up without an answer: nothing moves by it.
    till.write_void(uuid7())
    later()
    assert (await lift(town, id)).status_code == 204
    later()
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    statuses = await till.settle_statuses()
    assert statuses == ["known", "settled", "settled", "exception", "exception", "settled", "settled"]
    assert await read_shelf(town, "soap") == 7
    await sign_in(town, "office")
    async with town.staff("office") as http:
        told = (await http.get("/v1/till-exceptions")).raise_for_status().json()
        assert [each["remark"] for each in told["waiting"]] == [WHILE_FROZEN] * 2
        sold = told["waiting"][0]
        where = "/".join(str(sold[part]) for part in ("kiosk", "epoch", "number", "hash"))
        answer = await http.post(f"/v1/till-exceptions/{where}/decision", json={"accept": True})
        answer.raise_for_status()
    assert await read_shelf(town, "soap") == 5
    await check_books(town)


async def test_a_shift_opened_offline_meanwhile_is_none_and_points_come_back(till: Till) -> None:
    town = till.town
    [(found,)] = await rows(town, "select id from household where code = 'hp-1'")
    await till.renew()
    till.write_closing()
    await freeze_kiosk(town)
    town.clock.travel(town.clock.now() + LATER)
    till.write_return(UUID(str(found)), 10)
    till.shift, till.token = uuid7(), "opened offline"
    till.write_opening()
    statuses = await till.settle_statuses()
    assert statuses == ["known", "settled", "settled", "exception"]
    await check_books(town)
