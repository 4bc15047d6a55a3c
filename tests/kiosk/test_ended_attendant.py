"""An attendant who has ended, or has another PIN: a till forgets the old word with its next contact."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.api.shop.kiosks.test_attendants import end_attendant, find_attendant
from tests.kiosk.conftest import IMPATIENT, Network, OpenTill
from tests.kiosk.test_offline_day import serve
from tests.kiosk.test_sign_in import add_attendant

MINUTE = timedelta(minutes=1)


async def test_a_shift_ends_with_its_attendant_at_the_next_contact(
    town: Any, network: Network, open_till: OpenTill
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.wait_until_uploaded()
        await network.cut()
        await till.wait_until_offline()
        await serve(till, town.card, "6901234567892")
        town.clock.travel(town.clock.now() + MINUTE)
        await end_attendant(town)
        town.clock.travel(town.clock.now() + MINUTE)
        # It hasn't heard of it: what it sells until then waits for a person.
        await serve(till, town.card, "6901234567892")
        await network.restore()
        till.app.counter.sync.wake()
        await till.sees_refusal("这位管理员已经停用")
        assert till.screen == "SignInScreen"
        assert till.store.shifts.current is None
        assert till.store.shifts.list_known_attendants() == []
        await till.wait_until_uploaded()
        # Without the network, too, the PIN opens nothing any more.
        await network.cut()
        await till.wait_until_offline()
        await till.press("escape", *town.pin, "f2")
        await till.until(lambda: till.is_refusing)
        assert till.store.shifts.current is None
    async with town.staff("office") as http:
        told = (await http.get("/v1/till-exceptions")).raise_for_status().json()["waiting"]
    # The opening of the shift and the first sale were before.
    assert [each["kind"] for each in told] == ["sold", "closed"]


async def test_an_old_pin_opens_no_till_that_has_heard_of_the_new_one(
    town: Any, network: Network, open_till: OpenTill
) -> None:
    await add_attendant(town)
    id = await find_attendant(town, "周管理员")
    async with open_till(network.url, signed_in=False, timing=IMPATIENT) as till:
        await till.sees("2   陈管理员")
        await till.press("1", *"2469", "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        await till.close_shift()
        [known] = till.store.shifts.list_known_attendants()
        assert str(known.id) == id
        town.clock.travel(town.clock.now() + MINUTE)
        async with town.staff("office") as http:
            (await http.put(f"/v1/attendants/{id}/pin", json={"pin": "9753", "reason": "忘了"})).raise_for_status()
        till.app.counter.sync.wake()
        await till.until(lambda: till.store.shifts.list_known_attendants() == [])
        await till.press("escape", "1", *"9753", "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        assert [str(each.id) for each in till.store.shifts.list_known_attendants()] == [id]
