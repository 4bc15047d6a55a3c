"""Redemptions over HTTP, as a kiosk makes them: points and goods together, and a retry counts once."""

from __future__ import annotations

import asyncio

import httpx
import hypothesis.strategies as st
import msgspec
from hypothesis import HealthCheck, given, settings
from uuid_utils.compat import uuid7

from api import wire
from tests.api.asking import a_redemption, order, problem, standing
from tests.conftest import LiveTown, enrol
from tests.profile import many


async def test_points_and_goods_move_together(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        answer = await http.put(a_redemption(), json=order(town.card, ("soap", 2, 5)))
        assert answer.status_code == 200, answer.text
        receipt = answer.json()
        assert (receipt["points"], receipt["balance"]) == (10, 90)
        shelf = {i["product"]: i["stock"] for i in (await http.get("/v1/till")).json()["shelf"]}
        assert shelf["soap"] == 8


async def test_the_same_product_on_two_lines_is_one_line_of_the_receipt(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        lines = order(town.card, ("soap", 1, 5), ("laundry", 1, 20), ("soap", 2, 5))
        receipt = (await http.put(a_redemption(), json=lines)).json()
        assert [(line["product"], line["quantity"], line["points"]) for line in receipt["lines"]] == [
            ("soap", 3, 15),
            ("laundry", 1, 20),
        ]


async def test_a_retry_gives_the_first_receipt_byte_for_byte_and_counts_once(town: LiveTown) -> None:
    path, body = a_redemption(), order(town.card, ("soap", 2, 5))
    async with town.device(await town.shift()) as http:
        first = await http.put(path, json=body)
        after = await standing(town)
        # The card typed by hand, in groups and small letters, is the same card.
        typed = "-".join(town.card[i : i + 5].lower() for i in range(0, 20, 5))
        scanned = f"HTTPS://JIMEI.EXAMPLE/C/{town.card}"
        for again in (body, body | {"card": typed}, body | {"card": scanned}):
            answer = await http.put(path, json=again)
            assert (answer.status_code, answer.content) == (200, first.content)
        # Its shift closed meanwhile, another one open.
        await town.shift()
        assert (await http.put(path, json=body)).content == first.content
    assert await standing(town) == after


async def test_ten_tries_at_once_count_once(town: LiveTown) -> None:
    path, body = a_redemption(), order(town.card, ("soap", 2, 5))
    async with town.device(await town.shift()) as http:
        answers = await asyncio.gather(*(http.put(path, json=body) for _ in range(10)))
    assert {a.status_code for a in answers} == {200}, [a.text for a in answers]
    assert len({a.content for a in answers}) == 1
    [report, till, card, _] = await standing(town)
    assert card["balance"] == 90
    assert report["in_balance"]
    assert next(i["stock"] for i in till["shelf"] if i["product"] == "soap") == 8


async def test_the_same_id_with_other_content_is_a_conflict(town: LiveTown) -> None:
    path = a_redemption()
    async with town.device(await town.shift()) as http:
        (await http.put(path, json=order(town.card, ("soap", 2, 5)))).raise_for_status()
        after = await standing(town)
        for other in (order(town.card, ("soap", 3, 5)), order(town.poor_card, ("soap", 2, 5))):
            problem(await http.put(path, json=other), 409, "conflict")
    other_kiosk = await second_kiosk(town)
    async with other_kiosk as http:
        problem(await http.put(path, json=order(town.card, ("soap", 2, 5))), 409, "conflict")
    assert await standing(town) == after


async def test_the_id_of_a_restock_is_no_id_for_a_redemption(town: LiveTown) -> None:
    id = uuid7()
    async with town.staff("office") as http:
        restock = {"supermarket": "hp", "lines": [{"product": "soap", "quantity": 1}]}
        (await http.put(f"/v1/restocks/{id}", json=restock)).raise_for_status()
    before = await standing(town)
    async with town.device(await town.shift()) as http:
        problem(await http.put(a_redemption(id), json=order(town.card, ("soap", 1, 5))), 409, "conflict")
    assert await standing(town) == before


async def test_two_kiosks_never_overdraw_a_household(town: LiveTown) -> None:
    """A hundred points, twenty asked for twenty times."""
    answers = await _from_two_kiosks(town, order(town.card, ("laundry", 1, 20)))
    assert sorted(a.status_code for a in answers) == [200] * 5 + [409] * 15
    for refused in (a for a in answers if a.status_code == 409):
        assert problem(refused, 409, "insufficient-points") == {"missing": 20}
    assert sorted(a.json()["balance"] for a in answers if a.status_code == 200) == [0, 20, 40, 60, 80]
    [report, _, card, _] = await standing(town)
    assert card["balance"] == 0
    assert report["in_balance"]


async def test_two_kiosks_never_hand_out_more_than_the_shelf_has(town: LiveTown) -> None:
    answers = await _from_two_kiosks(town, order(town.card, ("soap", 1, 5)))
    assert sorted(a.status_code for a in answers) == [200] * 10 + [409] * 10
    for refused in (a for a in answers if a.status_code == 409):
        assert problem(refused, 409, "out-of-stock") == {"product": "soap", "left": 0}
    [report, till, card, _] = await standing(town)
    assert card["balance"] == 50
    assert next(i["stock"] for i in till["shelf"] if i["product"] == "soap") == 0
    assert report["in_balance"]


async def test_a_redemption_does_not_wait_for_a_declaration_under_way(town: LiveTown) -> None:
    """A grid member's long batch holds the household's limits, not its points."""
    from api.awards.claims.history import ClaimHistory

    async with town.device(await town.shift()) as http:
        household = (await http.get(f"/v1/cards/{town.card}")).json()["household"]
        async with town.town.unit_of_work() as uow:
            await ClaimHistory.load(uow, {household: "hp"}, [], [])
            async with asyncio.timeout(5):
                answer = await http.put(a_redemption(), json=order(town.card, ("soap", 1, 5)))
        assert answer.status_code == 200, answer.text


LINE = st.tuples(st.sampled_from(["soap", "rice", "laundry"]), st.integers(1, 40))
PRICES = {"soap": 5, "rice": 50, "laundry": 20}


async def test_after_any_sequence_points_and_goods_are_what_the_receipts_say(town: LiveTown) -> None:
    await town.award("hp-1", 3000)
    async with town.staff("office") as http:
        lines = [{"product": product, "quantity": 90} for product in PRICES]
        restock = {"supermarket": "hp", "lines": lines}
        (await http.put(f"/v1/restocks/{uuid7()}", json=restock)).raise_for_status()
    receipts: dict[str, wire.Receipt] = {}
    shift = await town.shift()

    def any_sequence() -> None:
        """Hypothesis wants a plain function: it asks the live server from a thread of its own."""
        with httpx.Client(base_url=town.url, verify=False) as client:
            client.headers.update({"Authorization": f"Bearer {town.device_token}", "X-Shift": shift})

            @settings(max_examples=many(12), suppress_health_check=list(HealthCheck))
            @given(st.lists(st.tuples(st.lists(LINE, min_size=1, max_size=4), st.booleans()), max_size=4))
            def run(wanted: list[tuple[list[tuple[str, int]], bool]]) -> None:
                for lines, twice in wanted:
                    path = a_redemption()
                    body = order(town.card, *((p, q, PRICES[p]) for p, q in lines))
                    for _ in range(1 + twice):
                        answer = client.put(path, json=body)
                        if answer.status_code == 200:
                            receipts[path] = msgspec.json.decode(answer.content, type=wire.Receipt)
                        else:
                            assert answer.json()["type"] in ("out-of-stock", "insufficient-points")
                told = list(receipts.values())
                card = client.get(f"/v1/cards/{town.card}").json()
                assert card["balance"] == 3100 - sum(r.points for r in told)
                for receipt in told:
                    assert receipt.points == sum(line.points for line in receipt.lines)
                for item in client.get("/v1/till").json()["shelf"]:
                    taken = sum(line.quantity for r in told for line in r.lines if line.product == item["product"])
                    assert item["stock"] == (100 - taken if item["product"] in PRICES else 0)

            run()

    await asyncio.to_thread(any_sequence)
    [report, *_] = await standing(town)
    # One redemption, of ten brushes, was made when the township was built.
    assert report["redemptions"] == len(receipts) + 1
    assert report["points_redeemed"] == sum(r.points for r in receipts.values()) + 100
    assert report["in_balance"]


async def _from_two_kiosks(town: LiveTown, body: dict[str, object]) -> list[httpx.Response]:
    async with town.device(await town.shift()) as one, await second_kiosk(town) as other:
        return await asyncio.gather(
            *(http.put(a_redemption(), json=body) for _ in range(10) for http in (one, other))
        )


async def second_kiosk(town: LiveTown) -> httpx.AsyncClient:
    """Another kiosk of the same supermarket, its shift open."""
    async with town.staff("office") as http:
        machine = await enrol(http, "hp", "后台")
    headers = {"Authorization": f"Bearer {machine.token}"}
    async with httpx.AsyncClient(base_url=town.url, headers=headers, verify=False) as http:
        shift = (await http.post("/v1/till/shifts", json={"pin": town.pin})).json()["token"]
    return httpx.AsyncClient(base_url=town.url, headers=headers | {"X-Shift": shift}, timeout=30, verify=False)
