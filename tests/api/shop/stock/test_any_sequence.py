"""After any sequence of arrivals, redemptions and counts: the shelf has what arrived less what left, every unit
sums to zero, and of lots there is never more left than stands on the shelf."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import httpx
import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from uuid_utils.compat import uuid7

from tests.api.asking import lift_bounds, order, rows
from tests.api.shop.stock.conftest import (
    arrival,
    count,
    counts,
    donation,
    draft_body,
    purchase,
    read_balances,
    read_everything,
)
from tests.conftest import LiveTown
from tests.profile import many

PRICES = {"soap": 5, "rice": 50, "laundry": 20}
PRODUCT = st.sampled_from(list(PRICES))
STEP = st.one_of(
    st.tuples(st.just("restocks"), PRODUCT, st.integers(1, 30), st.none() | st.integers(0, 5_000)),
    st.tuples(st.just("donations"), PRODUCT, st.integers(1, 30), st.none()),
    st.tuples(st.just("redemptions"), PRODUCT, st.integers(1, 20), st.none()),
    st.tuples(st.just("stocktakes"), PRODUCT, st.integers(0, 40), st.none()),
    st.tuples(st.just("till/stocktakes"), PRODUCT, st.integers(0, 40), st.none()),
    # Written down at the till, and counted at the desk: the cost stands for how many more or less it was.
    st.tuples(st.just("till/receipts"), PRODUCT, st.integers(1, 30), st.integers(-3, 3)),
)
# What limited accounts say they have, and what the others were moved.
SUMS = """
    select unit, sum(amount) from (
        select a.unit, b.posted as amount from ledger.balance b
          join ledger.account a on a.township = b.township and a.id = b.account
        union all
        select a.unit, e.amount from ledger.entry e
          join ledger.account a on a.township = e.township and a.id = e.account
         where a.minimum is null and not e.pending) held
     group by unit having sum(amount) <> 0
"""


async def test_after_any_sequence_the_shelf_is_arrivals_less_handed_out_and_differences(town: LiveTown) -> None:
    await town.award("hp-1", 9_000)
    shift = await town.shift()
    shelf = dict.fromkeys(PRICES, 10)
    moved: defaultdict[str, int] = defaultdict(int)
    # What arrived in lots.
    received = dict(shelf)

    def apply(step: tuple[str, str, int, int | None], answer: httpx.Response) -> None:
        """What one accepted slip should have done, by the simplest of books."""
        documents, product, number, cost = step
        if documents == "redemptions" and answer.status_code == 409:
            assert answer.json()["type"] in ("out-of-stock", "insufficient-points")
            return
        assert answer.is_success, answer.text
        if documents.endswith("stocktakes"):
            [line] = answer.json()["lines"]
            assert (line["booked"], line["difference"]) == (shelf[product], number - shelf[product])
            moved[f"goods:{product}:difference"] += shelf[product] - number
            shelf[product] = number
        elif documents == "redemptions":
            moved[f"goods:{product}:handed-out"] += number
            shelf[product] -= number
        else:
            if documents == "till/receipts":
                number, cost = max(number + (cost or 0), 0), 0
            moved[f"goods:{product}:{'donated' if documents == 'donations' else 'supply'}"] -= number
            moved["township:fund"] -= cost or 0
            shelf[product] += number
            received[product] += number

    await lift_bounds(town)

    def any_sequence() -> None:
        """Hypothesis wants a plain function: it asks the live server from a thread of its own."""
        kiosk = {"Authorization": f"Bearer {town.device_token}", "X-Shift": shift}
        desk, second = [{"Authorization": f"Bearer {town.tokens[login]}"} for login in ("li", "qian")]
        with httpx.Client(base_url=town.url) as client:

            @settings(max_examples=many(12), suppress_health_check=list(HealthCheck))
            @given(st.lists(st.tuples(STEP, st.booleans()), max_size=6))
            def run(steps: list[tuple[tuple[str, str, int, int | None], bool]]) -> None:
                for step, twice in steps:
                    path, body = f"/v1/{step[0]}/{uuid7()}", _body(town, step)
                    headers = kiosk if step[0] == "redemptions" or step[0].startswith("till/") else desk
                    first = client.put(path, json=body, headers=headers)
                    if first.status_code == 202:
                        confirm = f"/v1/proposals/{first.json()['id']}/confirm"
                        first = client.post(confirm, headers=second)
                    if step[0] == "till/receipts":
                        _, product, written, more = step
                        counted = counts(max(written + (more or 0), 0))
                        confirm = f"/v1/goods-receipts/{first.json()['id']}/confirm"
                        for _ in range(2):
                            assert client.post(confirm, json=counted, headers=desk).is_success
                        twice = False
                    apply(step, first)
                    if twice:
                        again = client.put(path, json=body, headers=headers)
                        assert (again.status_code, again.content) == (first.status_code, first.content)
                items = client.get("/v1/till", headers=kiosk).json()["shelf"]
                assert {i["product"]: i["stock"] for i in items if i["product"] in PRICES} == shelf
                watch = client.get("/v1/till/shelf-watch", params={"days": 366}, headers=kiosk).json()
                for product, pieces in shelf.items():
                    lots = [lot for lot in watch["dated"] if lot["product"] == product]
                    assert all(0 < lot["left"] <= lot["quantity"] for lot in lots)
                    # Ten have no date, and are used last.
                    assert sum(lot["left"] for lot in lots) == max(min(pieces, received[product]) - 10, 0)

            run()

    await asyncio.to_thread(any_sequence)
    for product in PRICES:
        supply, donated, handed_out, difference = await read_balances(
            town, *(f"goods:{product}:{name}" for name in ("supply", "donated", "handed-out", "difference"))
        )
        assert shelf[product] == -supply - donated - handed_out - difference
        # The township was built with ten pieces of each.
        moved[f"goods:{product}:supply"] -= 10
    assert await read_balances(town, *moved) == list(moved.values())
    assert await rows(town, SUMS) == []
    await read_everything(town)


def _body(town: LiveTown, step: tuple[str, str, int, int | None]) -> dict[str, Any]:
    documents, product, number, cost = step
    if documents == "redemptions":
        return order(town.card, (product, number, PRICES[product]))
    if documents == "stocktakes":
        return count((product, number))
    if documents == "till/stocktakes":
        return {"reason": "交班盘点", "lines": count((product, number))["lines"]}
    if documents == "till/receipts":
        return draft_body((product, number, "2026-07-01"))
    if documents == "donations":
        body = donation((product, number))
    else:
        body = arrival((product, number)) if cost is None else purchase((product, number, cost))
    # Days alike and days apart.
    body["lines"][0]["sell_by"] = f"2026-08-{number:02}"
    return body
