"""A second attendant, a second kiosk, a card with a PIN; and what a till does without a card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from uuid_utils.compat import uuid7

from tests.api.asking import a_redemption, order, rows
from tests.api.web.browser import browsing
from tests.conftest import LiveTown, Machine, enrol

WITNESS_PIN = "9753"
CARD_PIN = "246813"
SOAP = ("soap", 1, 5)
RICE = ("rice", 1, 50)


@dataclass
class Till:
    """A kiosk with an open shift."""

    town: LiveTown
    machine: Machine
    http: httpx.AsyncClient

    async def find(self, text: str) -> str:
        answer = await self.http.get("/v1/till/households", params={"text": text})
        [found] = answer.raise_for_status().json()
        return str(found["household"])

    async def identify(self, household: str, id: object = None, **by: Any) -> httpx.Response:
        path = f"/v1/till/identifications/{id or uuid7()}"
        return await self.http.put(path, json={"household": household, **by})

    async def identified(self, name: str, **by: Any) -> str:
        """The token of a household that is found and vouched for."""
        answer = await self.identify(await self.find(name), **by)
        return str(answer.raise_for_status().json()["token"])

    async def redeem(
        self, card: str, *lines: tuple[str, int, int], id: object = None, pin: str = "", **more: Any
    ) -> httpx.Response:
        headers = {"X-Card-Pin": pin} if pin else {}
        return await self.http.put(
            a_redemption(str(id or uuid7())), json=order(card, *lines) | more, headers=headers
        )

    async def sign_in(self, pin: str) -> None:
        answer = await self.http.post("/v1/till/shifts", json={"pin": pin})
        self.http.headers["X-Shift"] = answer.raise_for_status().json()["token"]


BY_WITNESS: dict[str, Any] = {"witness": {"pin": WITNESS_PIN}}
BY_PIN: dict[str, Any] = {"card_pin": CARD_PIN}


@pytest.fixture
async def two(town: LiveTown) -> LiveTown:
    """Two attendants, and a PIN on `card` above 20 points."""
    async with town.staff("office") as office:
        body = {"supermarket": "hp", "name": "吴管理员", "pin": WITNESS_PIN}
        (await office.post("/v1/attendants", json=body)).raise_for_status()
    async with browsing(town) as browser:
        await browser.open(f"/c/{town.card}")
        await browser.send(f"/c/{town.card}/pin", pin=CARD_PIN, again=CARD_PIN, above="20")
    return town


@pytest.fixture
async def till(two: LiveTown) -> Any:
    async with two.device(await two.shift()) as http:
        yield Till(two, two.kiosk, http)


@pytest.fixture
async def other(two: LiveTown) -> Any:
    """Another kiosk of the supermarket, where the second attendant serves."""
    async with two.staff("office") as office:
        machine = await enrol(office, "hp", "后台")
    headers = {"Authorization": f"Bearer {machine.token}"}
    async with httpx.AsyncClient(base_url=two.url, headers=headers, verify=False, timeout=30) as http:
        other = Till(two, machine, http)
        await other.sign_in(WITNESS_PIN)
        yield other


async def attendant(town: LiveTown, name: str) -> str:
    [(id,)] = await rows(town, "select id::text from attendant where name = :name", name=name)
    return str(id)
