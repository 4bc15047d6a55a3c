"""The server's clock is set wrong, as on a PC whose battery is empty: points and goods don't care."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.api.asking import a_redemption, order, rows, standing
from tests.conftest import NOW, LiveTown


@pytest.mark.parametrize("days", [-1, -20_000, 1])
async def test_a_redemption_counts_once_whatever_the_clock_says(town: LiveTown, days: int) -> None:
    first, second = a_redemption(), a_redemption()
    soap = order(town.card, ("soap", 1, 5))
    async with town.device(await town.shift()) as http:
        before = await http.put(first, json=soap)
        town.clock.travel(NOW + timedelta(days=days))
        during = await http.put(second, json=soap)
        for path, answer in ((first, before), (second, during)):
            assert answer.status_code == 200, answer.text
            assert (await http.put(path, json=soap)).content == answer.content
        assert (before.json()["balance"], during.json()["balance"]) == (95, 90)
        town.clock.travel(NOW)
        for path, answer in ((first, before), (second, during)):
            assert (await http.put(path, json=soap)).content == answer.content
    [report, till, card, _] = await standing(town)
    assert report["in_balance"]
    assert card["balance"] == 90
    assert next(i["stock"] for i in till["shelf"] if i["product"] == "soap") == 8
    # One redemption was made when the township was built.
    assert await rows(town, "select count(*) from redemption") == [(3,)]
