"""What a till's journal tells of an attendant who has ended: what came before counts, what came after waits."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from api.platform.errors import ErrorCode
from api.shop.offline.plausibility import AFTER_ENDING, doubt_attendant
from tests.api.asking import problem, rows
from tests.api.shop.kiosks.test_attendants import end_attendant
from tests.api.shop.offline.till import Till, read_shelf
from tests.conftest import NOW

LATER = timedelta(minutes=10)


async def test_sales_before_the_end_are_booked_and_those_after_it_wait_for_a_person(
    till: Till, household: UUID
) -> None:
    town = till.town
    await till.renew()
    await town.award("hp-1", 40)
    void = uuid7()
    town.clock.travel(town.clock.now() + LATER)
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    till.write_sale(town.card, household, ("soap", 1), leased=5, id=void)
    town.clock.travel(town.clock.now() + LATER)
    await end_attendant(town)
    town.clock.travel(town.clock.now() + LATER)
    till.write_sale(town.card, household, ("soap", 2), leased=10)
    till.write_void(void)
    assert await till.settle_statuses() == ["known", "settled", "settled", "exception", "exception"]
    assert await read_shelf(town, "soap") == 8
    async with town.staff("office") as http:
        told = (await http.get("/v1/till-exceptions")).raise_for_status().json()
        assert [each["remark"] for each in told["waiting"]] == [AFTER_ENDING] * 2
        # The goods are gone: a person may say so, and the account pays.
        sold = told["waiting"][0]
        where = "/".join(str(sold[part]) for part in ("kiosk", "epoch", "number", "hash"))
        answer = await http.post(f"/v1/till-exceptions/{where}/decision", json={"accept": True})
        answer.raise_for_status()
    assert await read_shelf(town, "soap") == 6


async def test_a_shift_that_was_opened_offline_before_the_end_is_closed_by_it(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    till.write_closing()
    till.shift, till.token = uuid7(), "opened offline"
    till.write_opening()
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    town.clock.travel(town.clock.now() + LATER)
    await end_attendant(town)
    assert await till.settle_statuses() == ["known", "settled", "settled", "settled"]
    # Nobody goes on in it over the network.
    problem(await till.redeem(uuid7(), town.card, ("soap", 1)), 401, ErrorCode.SHIFT_CLOSED)
    assert await rows(town, "select id from shift where closed_at is null") == []


async def test_a_shift_opened_after_the_end_is_none(till: Till, household: UUID) -> None:
    town = till.town
    await till.renew()
    till.write_closing()
    await end_attendant(town)
    town.clock.travel(town.clock.now() + LATER)
    till.shift, till.token = uuid7(), "opened offline"
    till.write_opening()
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    outcomes = (await till.settle()).outcomes
    assert [each.status for each in outcomes] == ["known", "settled", "exception", "exception"]
    assert outcomes[2].remark == AFTER_ENDING
    assert AFTER_ENDING in outcomes[3].remark
    assert await read_shelf(town, "soap") == 10


@given(st.timedeltas(timedelta(days=-60), timedelta(days=60)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_entry_waits_exactly_if_it_is_later_than_the_end(after: timedelta) -> None:
    assert bool(doubt_attendant(NOW + after, NOW)) == (after > timedelta())
    assert doubt_attendant(NOW + after, None) == ""
