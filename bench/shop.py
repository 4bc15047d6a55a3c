"""A scratch supermarket at work: households with points and cards, goods, a server in this process."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from uuid_utils.compat import uuid7

from api import accounts, wire
from api.clock import WallClock
from api.database.embedded import APP, OWNER, Embedded
from api.database.engine import DATABASE, Database
from api.database.migrations import migrate
from api.register.use_cases import found
from api.serving import TOWNSHIP, served
from api.town import Town
from ledger.transactions import Phase, Status, Transaction, TransactionId, Transfer

PIN = "2468"
POINTS = 100_000
PIECES = 100_000
PASSWORD = "a long password"


@dataclass(frozen=True)
class Shop:
    url: str
    folder: Path
    cards: list[str]
    barcodes: list[str]
    code: str
    """Enrols a kiosk."""


@asynccontextmanager
async def shop(folder: Path, households: int, products: int) -> AsyncIterator[Shop]:
    """At work inside the block."""
    with Embedded(folder / "data") as server:
        await migrate(server.url(OWNER, DATABASE))
        database = Database(server.url(APP, DATABASE))
        town = Town(database, WallClock(), TOWNSHIP, folder)
        office = wire.NewPerson(login="office", name="办公室", roles=["office"], password=PASSWORD)
        await found(town, "示范乡", office)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with served(town, listener, "of the bench") as url:
                yield await _filled(town, url, folder, households, products)
        await database.close()


async def _filled(town: Town, url: str, folder: Path, households: int, products: int) -> Shop:
    codes = [f"h{n}" for n in range(households)]
    # Ten digits: a shop's own codes, without a check digit.
    barcodes = [f"{2_000_000_000 + n}" for n in range(products)]
    async with httpx.AsyncClient(base_url=url, timeout=60, verify=False) as http:

        async def ask(method: str, path: str, body: Any) -> Any:
            response = (await http.request(method, path, json=body)).raise_for_status()
            return response.json() if response.content else None

        signed_in = await ask("POST", "/v1/sign-in", {"login": "office", "password": PASSWORD})
        http.headers["Authorization"] = f"Bearer {signed_in['token']}"
        await ask("POST", "/v1/villages", [{"code": "v1", "name": "河畔村"}])
        await ask("POST", "/v1/grids", [{"code": "g1", "village": "v1", "name": "第一网格"}])
        rows = [{"code": c, "village": "v1", "grid": "g1", "head": "某某某", "people": 3} for c in codes]
        await ask("POST", "/v1/households", rows)
        await ask("POST", "/v1/supermarkets", [{"code": "s1", "village": "v1", "name": "河畔村积美超市"}])
        goods = [
            {"code": f"p{n}", "name": f"商品{n}", "barcode": barcode, "price": 1}
            for n, barcode in enumerate(barcodes)
        ]
        await ask("POST", "/v1/products", goods)
        lines = [{"product": item["code"], "quantity": PIECES} for item in goods]
        await ask("PUT", f"/v1/restocks/{uuid7()}", {"supermarket": "s1", "lines": lines})
        await ask("POST", "/v1/attendants", {"supermarket": "s1", "name": "陈管理员", "pin": PIN})
        cards = await ask("POST", "/v1/cards", {"households": codes})
        kiosk = await ask("POST", "/v1/kiosks", {"supermarket": "s1", "name": "前台"})
    async with town.work() as work:
        await work.books.open([accounts.IMPORTED], work.now)
        posted = await work.books.post([_points(code) for code in codes], work.now)
    assert all(posting.status is Status.OK for posting in posted)
    return Shop(url, folder, [card["token"] for card in cards], barcodes, kiosk["code"])


def _points(code: str) -> Transaction:
    move = Transfer(accounts.IMPORTED.id, accounts.household(code).id, accounts.POINTS, POINTS)
    return Transaction(TransactionId(uuid7()), "import", Phase.POSTED, (move,))
