"""A scratch supermarket at work: households with points and cards, goods, kiosks, and servers for it."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import perf_counter
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from uuid_utils.compat import uuid7

from api import wire
from api.bookkeeping.expiry.policies import get_expiries
from api.bookkeeping.seals.use_cases import seal
from api.opening import TOWNSHIP
from api.platform import accounts
from api.platform.clock import WallClock
from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.engine import DATABASE, Database
from api.platform.database.migrations import migrate
from api.platform.services import Services
from api.registry.register.use_cases import init_township
from api.serving import run_server
from ledger.expiry import Policy, PolicyKind
from ledger.transactions import Phase, Status, Transaction, TransactionId, Transfer
from rules import books_path

PIN = "2468"
POINTS = 100_000_000
PIECES = 100_000
PASSWORD = "a long password"
PARTY_BRANCH = ("proposing", "confirming")
SECOND = "second"
"""Who confirms what the office proposes."""
BATCH_SIZE = 1_000


@dataclass(frozen=True)
class Till:
    """A kiosk with an open shift."""

    token: str
    shift: str


@dataclass(frozen=True)
class Shop:
    folder: Path
    database: Embedded
    services: Services
    households: list[str]
    cards: list[str]
    barcodes: list[str]
    tills: list[Till]
    code: str
    """The one-time code that enrols one more kiosk."""

    @property
    def goods(self) -> list[str]:
        """The products' codes."""
        return [f"p{n}" for n in range(len(self.barcodes))]

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which `jimei` finds this shop."""
        return {**os.environ, "JIMEI_DATA": str(self.folder)}

    @asynccontextmanager
    async def as_owner(self) -> AsyncIterator[AsyncConnection]:
        """A connection of the database's owner, in autocommit mode."""
        engine = create_async_engine(self.database.url(OWNER, DATABASE), isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                yield connection
        finally:
            await engine.dispose()

    async def seal_and_vacuum(self) -> None:
        """Finish the work that earlier measurements left: seal everything, and vacuum before the server would."""
        while await seal(self.services):
            pass
        async with self.as_owner() as connection:
            await connection.execute(text("vacuum analyze"))

    async def expire_yearly(self, since: date, decided: datetime) -> None:
        """Adopt year-end expiry for points."""
        async with self.services.unit_of_work() as uow:
            book = await get_expiries(uow)
            policy = Policy(since, PolicyKind.YEAR_END)
            adopted = await book.adopt(accounts.POINTS, policy, decided, person="", reason="村民代表会议")
        assert adopted is Status.OK

    def write_lines(self, lines: Sequence[str]) -> Path:
        """Write the lines to a file for another program."""
        with NamedTemporaryFile("w", dir=self.folder, delete=False) as file:
            file.writelines(f"{line}\n" for line in lines)
        return Path(file.name)


@dataclass(frozen=True)
class Server:
    """A running `jimei serve`. `ready_after`: seconds from its start to its first answer."""

    url: str
    pid: int
    ready_after: float


@asynccontextmanager
async def open_shop(folder: Path, *, households: int, products: int, kiosks: int = 0) -> AsyncIterator[Shop]:
    """A new shop; its database runs inside the block."""
    with Embedded(folder) as server:
        await migrate(server.url(OWNER, DATABASE))
        database = Database(server.url(APP, DATABASE), statement_timeout=None)
        services = Services(database, WallClock(), TOWNSHIP, folder)
        office = wire.NewPerson(login="office", name="办公室", roles=["office"], township=True, password=PASSWORD)
        await init_township(services, "示范乡", office)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with run_server(services, listener, "of the bench") as url:
                filled = await _fill(server, services, url, folder, households, products, kiosks)
        yield filled
        await database.close()


@asynccontextmanager
async def start_server(shop: Shop) -> AsyncIterator[Server]:
    """Another server of the shop, in a process of its own."""
    started = perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.cli", "serve", "--port", "0"),
        env=shop.environment,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().split()[-1]
        async with httpx.AsyncClient(base_url=url, verify=False) as http:
            (await http.get("/readyz")).raise_for_status()
        yield Server(url, process.pid, perf_counter() - started)
    finally:
        process.terminate()
        await process.wait()


async def _fill(
    database: Embedded, services: Services, url: str, folder: Path, households: int, products: int, kiosks: int
) -> Shop:
    codes = [f"h{n}" for n in range(households)]
    # Ten digits: a shop's own codes, without a check digit.
    barcodes = [f"{2_000_000_000 + n}" for n in range(products)]
    async with httpx.AsyncClient(base_url=url, timeout=60, verify=False) as http:

        async def ask(method: str, path: str, body: Any, **headers: str) -> Any:
            response = await http.request(method, path, json=body, headers=headers)
            if response.is_error:
                raise RuntimeError(f"{method} {path}: {response.text}")
            return response.json() if response.content else None

        async def ask_two(method: str, path: str, body: Any) -> Any:
            """As `ask`; a proposal is confirmed by the second person."""
            answer = await ask(method, path, body)
            if isinstance(answer, dict) and answer.get("status") == "waiting":
                return await ask("POST", f"/v1/proposals/{answer['id']}/confirm", None, **confirmer)
            return answer

        async def new_till(name: str) -> Till:
            added = await ask("POST", "/v1/kiosks", {"supermarket": "s1", "name": name})
            key = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
            machine = await ask("POST", "/v1/enrolments", {"code": added["code"], "public_key": key})
            bearer = f"Bearer {machine['token']}"
            shift = await ask("POST", "/v1/till/shifts", {"pin": PIN}, Authorization=bearer)
            return Till(machine["token"], shift["token"])

        async def signed_in(login: str) -> dict[str, str]:
            token = (await ask("POST", "/v1/sign-in", {"login": login, "password": PASSWORD}))["token"]
            return {"Authorization": f"Bearer {token}"}

        http.headers.update(await signed_in("office"))
        await ask("POST", "/v1/villages", [{"code": "v1", "name": "河畔村"}])
        await ask("POST", "/v1/grids", [{"code": "g1", "village": "v1", "name": "第一网格"}])
        await ask("POST", "/v1/supermarkets", [{"code": "s1", "village": "v1", "name": "河畔村积美超市"}])
        branch = [
            {"login": login, "name": login, "roles": ["party-branch"], "township": True, "password": PASSWORD}
            for login in PARTY_BRANCH
        ]
        second = {"login": SECOND, "name": SECOND, "roles": ["office"], "township": True, "password": PASSWORD}
        await ask("POST", "/v1/people", [*branch, second])
        confirmer = await signed_in(SECOND)
        proposing, confirming = [await signed_in(login) for login in PARTY_BRANCH]
        book = books_path().joinpath("township.toml").read_text(encoding="utf-8")
        proposed = await ask("POST", "/v1/rulebooks", {"text": book}, **proposing)
        adoption = f"/v1/rulebooks/adoptions/{proposed['id']}"
        detail = await ask("GET", adoption, None, **confirming)
        ticks = {item["rule"]: list(detail["subjects"]) for item in detail["delicate"]}
        await ask("POST", f"{adoption}/confirm", {"not_concerned": ticks}, **confirming)
        goods = [
            {"code": f"p{n}", "name": f"商品{n}", "barcode": barcode, "price": 1}
            for n, barcode in enumerate(barcodes)
        ]
        await ask("POST", "/v1/products", goods)
        lines = [{"product": item["code"], "quantity": PIECES} for item in goods]
        await ask("PUT", f"/v1/restocks/{uuid7()}", {"supermarket": "s1", "lines": lines})
        await ask("POST", "/v1/attendants", {"supermarket": "s1", "name": "陈管理员", "pin": PIN})
        cards: list[str] = []
        for first in range(0, households, BATCH_SIZE):
            some = codes[first : first + BATCH_SIZE]
            rows = [{"code": c, "village": "v1", "grid": "g1", "head": "某某某", "people": 3} for c in some]
            await ask("POST", "/v1/households", rows)
            cards += [card["token"] for card in await ask_two("POST", "/v1/cards", {"households": some})]
        tills = [await new_till(f"第 {n} 台") for n in range(1, kiosks + 1)]
        kiosk = await ask("POST", "/v1/kiosks", {"supermarket": "s1", "name": "前台"})
    async with services.unit_of_work() as uow:
        await uow.books.open_accounts([accounts.IMPORTED], uow.now)
        posted = await uow.books.post([build_award(code, POINTS) for code in codes], uow.now)
    assert all(posting.status is Status.OK for posting in posted)
    return Shop(folder, database, services, codes, cards, barcodes, tills, kiosk["code"])


def build_award(household: str, points: int) -> Transaction:
    """Points imported as from an earlier scheme."""
    transfer = Transfer(accounts.IMPORTED.id, accounts.household(household).id, accounts.POINTS, points)
    return Transaction(TransactionId(uuid7()), "import", Phase.POSTED, (transfer,))
