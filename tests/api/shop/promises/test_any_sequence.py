"""After any sequence of promises, restocks, redemptions, counts, collections and cancellations no points or pieces
are spent twice, and promises are served in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from uuid_utils.compat import uuid7

from api.bookkeeping.general_ledger.holds import release_expired
from api.shop.reservations.use_cases import reserve_arrivals
from tests.api.asking import a_redemption, lift_bounds, order, sign_in
from tests.api.shop.promises.conftest import books_balance, promise_body, promise_path
from tests.api.shop.stock.conftest import arrival, count
from tests.conftest import PASSWORD, LiveTown
from tests.profile import many

CARD = st.sampled_from(["card", "empty_card"])
STEP = st.one_of(
    st.tuples(st.just("promise"), CARD, st.integers(1, 4)),
    st.tuples(st.just("redeem"), CARD, st.integers(1, 3)),
    st.tuples(st.just("collect"), CARD, st.integers(0, 4)),
    st.tuples(st.just("collect"), CARD, st.integers(0, 4)),
    st.tuples(st.just("cancel"), CARD, st.integers(0, 4)),
    st.tuples(st.just("restock"), CARD, st.integers(1, 6)),
    st.tuples(st.just("restock"), CARD, st.integers(1, 6)),
    st.tuples(st.just("count"), CARD, st.integers(0, 8)),
    st.tuples(st.just("wait"), CARD, st.integers(1, 60)),
)
EXPECTED = {
    "promise": {"in-stock", "promises-full", "insufficient-points"},
    "redeem": {"out-of-stock", "insufficient-points"},
    "collect": {"not-arrived", "promise-over", "wrong-state"},
    "cancel": {"promise-over", "wrong-state"},
}
START = 9_000


@dataclass
class Books:
    """A simple model: what each card spent, what is on the shelf, the promises in their order."""

    spent: dict[str, int] = field(default_factory=lambda: {"card": 0, "empty_card": 0})
    pieces: int = 0
    promises: list[dict[str, Any]] = field(default_factory=list)

    def open(self, now: datetime) -> list[dict[str, Any]]:
        return [
            p for p in self.promises if not p["done"] and datetime.fromisoformat(p["slip"]["expires_at"]) > now
        ]

    def apply(self, step: tuple[str, str, int], path: str, answer: httpx.Response, target: dict[str, Any]) -> None:
        what, card, number = step
        if not answer.is_success:
            assert answer.json()["type"] in EXPECTED[what], answer.text
            return
        match what:
            case "promise":
                self.promises.append({"path": path, "card": card, "slip": answer.json(), "done": False})
            case "redeem":
                self.spent[card] += answer.json()["points"]
                self.pieces -= number
            case "collect" if not target["done"]:
                self.spent[card] += answer.json()["points"]
                self.pieces -= target["slip"]["line"]["quantity"]
                target["done"] = True
            case "cancel":
                target["done"] = True
            case "restock":
                self.pieces += number
            case "count":
                self.pieces = number

    def agree(self, now: datetime, views: dict[str, Any], stock: int) -> None:
        waiting = self.open(now)
        for card, view in views.items():
            mine = [p for p in waiting if p["card"] == card]
            assert {p["id"] for p in view["promises"]} == {p["slip"]["id"] for p in mine}
            kept = sum(p["slip"]["line"]["points"] for p in mine)
            assert view["balance"] == START + (100 if card == "card" else 0) - self.spent[card] - kept
        come = {p["id"]: p["arrived"] for view in views.values() for p in view["promises"]}
        turns = [come[p["slip"]["id"]] for p in waiting]
        # Those who can collect are those who came first, and as many as the pieces cover.
        assert turns == sorted(turns, reverse=True)
        aside = sum(p["slip"]["line"]["quantity"] for p in waiting if come[p["slip"]["id"]])
        assert stock == self.pieces - aside >= 0
        rest = [p["slip"]["line"]["quantity"] for p in waiting if not come[p["slip"]["id"]]]
        assert not rest or rest[0] > stock


async def test_after_any_sequence_nothing_is_spent_twice_and_the_order_is_kept(town: LiveTown) -> None:
    town, books = town, Books()
    await lift_bounds(town)
    await town.award("hp-1", START)
    await town.award("hp-3", START)
    kiosk = {"Authorization": f"Bearer {town.device_token}", "X-Shift": await town.shift()}
    cards = {"card": town.card, "empty_card": town.empty_card}
    loop = asyncio.get_running_loop()

    def run_there(job: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(job, loop).result(timeout=30)

    def request(step: tuple[str, str, int]) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
        """Method, path, body, and the promise it is about."""
        what, card, number = step
        mine = [p for p in books.promises if p["card"] == card][-5:]
        match what:
            case "promise":
                return "PUT", promise_path(), promise_body(cards[card], quantity=number), {}
            case "redeem":
                return "PUT", a_redemption(), order(cards[card], ("brush", number, 10)), {}
            case "restock":
                return "PUT", f"/v1/restocks/{uuid7()}", arrival(("brush", number)), {}
            case "count":
                return "PUT", f"/v1/stocktakes/{uuid7()}", count(("brush", number)), {}
            case "collect" if mine:
                target = mine[number % len(mine)]
                return "PUT", f"{target['path']}/collection", {"card": cards[card]}, target
            case "cancel" if mine:
                target = mine[number % len(mine)]
                return "POST", f"{target['path']}/cancel", {"card": cards[card], "reason": "不要了"}, target
        return "", "", {}, {}

    def any_sequence() -> None:
        """Hypothesis wants a plain function: it asks the live server from a thread of its own."""
        with httpx.Client(base_url=town.url, timeout=30) as client:

            @settings(max_examples=many(20), suppress_health_check=list(HealthCheck))
            @given(st.lists(st.tuples(STEP, st.booleans()), max_size=12))
            def run(steps: list[tuple[tuple[str, str, int], bool]]) -> None:
                for step, twice in steps:
                    if step[0] == "wait":
                        town.clock.travel(town.clock.now() + timedelta(days=step[2]))
                        run_there(release_expired(town.town))
                        continue
                    method, path, body, target = request(step)
                    if not method:
                        continue
                    headers = kiosk
                    if step[0] in ("restock", "count"):
                        login = {"login": "office", "password": PASSWORD}
                        token = client.post("/v1/sign-in", json=login).json()["token"]
                        headers = {"Authorization": f"Bearer {token}"}
                    first = client.request(method, path, json=body, headers=headers)
                    books.apply(step, path, first, target)
                    if twice:
                        again = client.request(method, path, json=body, headers=headers)
                        assert (again.status_code, again.content) == (first.status_code, first.content)
                run_there(reserve_arrivals(town.town))
                now = town.clock.now()
                views = {card: client.get(f"/v1/cards/{t}", headers=kiosk).json() for card, t in cards.items()}
                shelf = client.get("/v1/till", headers=kiosk).json()["shelf"]
                books.agree(now, views, next(i["stock"] for i in shelf if i["product"] == "brush"))

            run()

    await asyncio.to_thread(any_sequence)
    await sign_in(town, "office")
    assert await books_balance(town)
