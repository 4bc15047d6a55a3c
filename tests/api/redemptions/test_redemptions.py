"""Redemptions over HTTP, as a kiosk makes them."""

from uuid_utils.compat import uuid7

from tests.conftest import LiveTown


async def test_points_and_goods_move_together(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        body = {"card": town.card, "lines": [{"product": "soap", "quantity": 2, "price": 5}]}
        answer = await http.put(f"/v1/redemptions/{uuid7()}", json=body)
        assert answer.status_code == 200, answer.text
        receipt = answer.json()
        assert (receipt["points"], receipt["balance"]) == (10, 90)
        shelf = {i["product"]: i["stock"] for i in (await http.get("/v1/till")).json()["shelf"]}
        assert shelf["soap"] == 8

