"""A till that supervisors have frozen says why and sells nothing, also without the network; lifted, it goes on."""

from __future__ import annotations

from typing import Any

from tests.api.desk.freezes.conftest import WHY, lift
from tests.api.desk.freezes.test_kiosks import freeze_kiosk
from tests.kiosk.conftest import IMPATIENT, Network, OpenTill
from tests.kiosk.test_offline_day import serve


async def test_it_stops_selling_when_it_hears_of_it_and_goes_on_by_itself(
    town: Any, network: Network, open_till: OpenTill
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.wait_until_uploaded()
        await serve(till, town.card, "6901234567892")
        id = await freeze_kiosk(town)
        till.app.counter.sync.wake()
        await till.sees_refusal(WHY)
        await till.scan(town.card)
        await till.sees_refusal(WHY)
        assert till.app.session.card is None
        # Also without the network, once it has heard of it.
        await network.cut()
        await till.wait_until_offline()
        await till.scan(town.card)
        await till.sees_refusal(WHY)
        assert till.app.session.card is None
        await network.restore()
        assert (await lift(town, id)).status_code == 204
        till.app.counter.sync.wake()
        await till.until(lambda: not till.app.session.connection.frozen)
        await serve(till, town.card, "6901234567892")
        await till.wait_until_uploaded()
    async with town.staff("office") as http:
        assert (await http.get("/v1/till-exceptions")).json()["waiting"] == []
