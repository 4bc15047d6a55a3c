"""A household is merged or moves while a till without the network holds its points."""

from __future__ import annotations

from tests.api.asking import sign_in
from tests.api.desk.households.conftest import ask, balance, change, done
from tests.api.shop.offline.till import Till, check_books, read_escrow
from tests.conftest import LiveTown, run_jobs


async def test_a_till_sells_on_the_lease_of_a_household_that_was_merged(town: LiveTown) -> None:
    till = Till(town, town.kiosk)
    await till.sign_in()
    await till.renew()
    household = (await till.view_card(town.card)).household
    told = await ask(town, "hp-1", "merge", into="hp-2")
    assert "留在河畔村积美超市前台 100 分" in "".join(told.json()["preview"])
    (await done(town, "hp-1", "merge", into="hp-2")).raise_for_status()
    # It hasn't heard of it yet.
    till.write_sale(town.card, household, ("soap", 2), leased=10)
    status, _ = await till.settle_last()
    assert status == "settled"
    [left] = [each for each in (await till.renew()).households if each.household == household]
    assert (left.points, left.give_back) == (90, 90)
    till.write_return(household, left.give_back)
    await till.settle()
    await run_jobs(town.town)
    assert await read_escrow(town, till, "hp-1") == 0
    assert (await balance(town, "hp-1"), await balance(town, "hp-2") + await read_escrow(town, till, "hp-2")) == (
        0,
        93,
    )
    # What comes later still, a person accepts: the points are taken where they are now.
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    status, _ = await till.settle_last()
    assert status == "exception"
    async with town.staff("office") as http:
        [entry] = (await http.get("/v1/till-exceptions")).raise_for_status().json()["waiting"]
        where = "/".join(str(entry[part]) for part in ("kiosk", "epoch", "number", "hash"))
        (await http.post(f"/v1/till-exceptions/{where}/decision", json={"accept": True})).raise_for_status()
    assert await balance(town, "hp-2") + await read_escrow(town, till, "hp-2") == 88
    await sign_in(town, "office")
    await check_books(town)


async def test_a_household_that_moves_is_served_by_its_new_village(town: LiveTown) -> None:
    till = Till(town, town.kiosk)
    await till.sign_in()
    await till.renew()
    household = (await till.view_card(town.card)).household
    async with town.staff("office") as http:
        (await http.post("/v1/villages", json=[{"code": "ss", "name": "山上村"}])).raise_for_status()
        (await http.post("/v1/grids", json=[{"code": "ss-1", "village": "ss", "name": "一组"}])).raise_for_status()
    (await change(town, "hp-1", village="ss", grid="ss-1")).raise_for_status()
    [left] = [each for each in (await till.renew()).households if each.household == household]
    assert (left.points, left.give_back) == (100, 100)
    till.write_return(household, 100)
    await till.settle()
    assert (await balance(town, "hp-1"), await read_escrow(town, till, "hp-1")) == (100, 0)
    assert household not in {each.household for each in (await till.renew()).households}
    assert (await change(town, "hp-1", by="li", people=3)).status_code == 404
    await check_books(town)
