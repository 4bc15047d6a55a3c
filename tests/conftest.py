"""One embedded PostgreSQL for each worker, migrated once, and a small township in it; each test works on a copy.

All tests of a worker share one event loop, so connections and servers need not be made anew for each.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import settings
from litestar import Litestar
from uuid_utils.compat import uuid7

from api import wire
from api.app import create_app
from api.desk.founding.door import Door
from api.jobs import JOBS
from api.platform.clock import TravelClock
from api.platform.connections import Limits
from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.engine import Database
from api.platform.database.migrations import migrate
from api.platform.services import Services
from api.registry.register.use_cases import init_township
from api.registry.tries.use_cases import hasher, hashing_quickly
from api.serving import LOOPBACK, configure, configure_logging
from kiosk.store.shifts import _get_hasher
from ledger.transactions import TownshipId
from rules import books_path
from tests.clusters import copy, make, passable
from tests.databases import EMPTY, SEEDED, Clone, Databases, connected, maintain
from tests.profile import PROFILE

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
TOWNSHIP = TownshipId(1)
PASSWORD = "correct horse"
# For clients of a server on this machine: with certificates and proxies looked up, making one costs 20 ms.
PLAINLY: dict[str, Any] = {"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "trust_env": False}

settings.load_profile(PROFILE)

# An application costs half a second to make; with another town in its state the next test may use it.
_apps: list[Litestar] = []
# Beside every test's database: what a clone's heads were signed with signs the next ones too.
_KEPT = tempfile.TemporaryDirectory(prefix="jimei-kept-")


def pytest_configure() -> None:
    """Looking for cycles among half a million objects that stay took a twelfth of a worker's time."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first: a worker that is done takes over from the end of another's list."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session", autouse=True)
def logged_plainly() -> None:
    """As the server does. Drawn for a terminal, one traceback would keep it busy for two seconds."""
    configure_logging()


@pytest.fixture(scope="session", autouse=True)
def hashed_quickly() -> Iterator[None]:
    """Passwords and PINs: half of what signing in costs would be the hash, which is costly on purpose."""
    with hashing_quickly():
        till = _get_hasher()
        till.hashers, till.current_hasher = hasher.hashers, hasher.current_hasher
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[Embedded]:
    # Nothing here outlives the run; tests of power cuts have a durable server of their own.
    settings = {"fsync": "off", "shared_buffers": "256MB"}
    with passable("jimei-tests-") as folder, Embedded(folder / "data", settings) as running:
        asyncio.run(migrate(running.url(OWNER, EMPTY)))
        yield running


@pytest.fixture(scope="session")
async def seeded(server: Embedded) -> LiveTown:
    """The small township of `town`, built once through the API; each test works on a clone of it."""
    return await seed(server)


@pytest.fixture(scope="session")
async def databases(server: Embedded) -> AsyncIterator[Databases]:
    databases = Databases(server)
    yield databases
    await databases.close()


@pytest.fixture
async def clone(databases: Databases) -> AsyncIterator[Clone]:
    """A database with all tables and no township."""
    async with databases.lend(EMPTY) as lent:
        yield lent.clone


@pytest.fixture
def data() -> Iterator[Path]:
    with passable("jimei-") as folder:
        yield folder / "data"


@pytest.fixture(scope="session")
def model() -> Iterator[Path]:
    """A cluster with an initialised township, stopped: for copies, or to be looked at."""
    with passable("jimei-model-") as folder:
        make(folder / "data", EMPTY)
        yield folder / "data"


@pytest.fixture
def initialized(model: Path, data: Path) -> Path:
    """A stopped cluster of the test's own, its township initialised by `office`."""
    copy(model, data)
    return data


@pytest.fixture
def clock() -> TravelClock:
    return TravelClock(NOW)


@pytest.fixture
async def base(databases: Databases, clock: TravelClock) -> AsyncIterator[Services]:
    """The use cases' own view of an empty database."""
    async with databases.lend(EMPTY) as lent:
        yield town_of(lent.database, clock)


def town_of(database: Database, clock: TravelClock) -> Services:
    return Services(database, clock, TOWNSHIP, Path(_KEPT.name))


@asynccontextmanager
async def opened(clone: Clone, clock: TravelClock) -> AsyncIterator[Services]:
    async with connected(clone) as database:
        yield town_of(database, clock)


@asynccontextmanager
async def serving(
    town: Services,
    notice_interval: float | None = None,
    trusted_proxies: Sequence[str] = LOOPBACK,
    limits: Limits | None = None,
    door: Door | None = None,
    undo_for: timedelta = timedelta(),
) -> AsyncIterator[str]:
    """A live server on a free loopback port; gives its URL. What a server does by itself, `run_jobs` does when a
    test says so, unless the server shall every `notice_interval` seconds. What is decided at the desk counts at
    once, unless it can be undone for a while."""
    # Of a socket that doesn't say TCP asyncio sends no answer before the last one was acknowledged: 40 ms each.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        app = _apps.pop() if _apps else create_app(town, csrf_secret="of the tests")
        app.state.services, app.state.door, app.state.undo_for = town, door, undo_for
        app.state.notice_interval = notice_interval or 3600
        app.state.jobs = JOBS if notice_interval else ()
        config = configure(app, trusted_proxies, limits)
        config.load()
        live = uvicorn.Server(config)
        live.lifespan = config.lifespan_class(config)
        await live.startup(sockets=[listener])
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            # As `Server.serve` does, without the two tenths of a second it rests.
            for accepting in live.servers:
                accepting.close()
            app.state.recall_board.close()
            for connection in list(live.server_state.connections):
                connection.shutdown()
            await asyncio.gather(*live.server_state.tasks, return_exceptions=True)
            await live.lifespan.shutdown()
            _apps.append(app)


async def run_jobs(town: Services) -> None:
    """What a server does by itself, until there is nothing left to do."""
    while any([await job(town) for job in JOBS]):
        pass


@dataclass
class Machine:
    """A kiosk's machine as it was enrolled, with its key."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    id: UUID | None = None
    epoch: int = 0
    token: str = ""


async def enrol(office: httpx.AsyncClient, supermarket: str, name: str) -> Machine:
    """A machine at a new place of a supermarket's counter."""
    added = await office.post("/v1/kiosks", json={"supermarket": supermarket, "name": name})
    return await enrol_with(office, added.raise_for_status().json()["code"])


async def enrol_with(http: httpx.AsyncClient, code: str) -> Machine:
    machine = Machine()
    wanted = {"code": code, "public_key": machine.key.public_key().public_bytes_raw().hex()}
    enrolled = (await http.post("/v1/enrolments", json=wanted)).raise_for_status().json()
    machine.id, machine.epoch, machine.token = UUID(enrolled["kiosk"]), enrolled["epoch"], enrolled["token"]
    return machine


@dataclass
class LiveTown:
    """A small township at work: one village, one supermarket, a few households, and everybody's keys.

    `card` has 100 points, `poor_card` 3, `empty_card` none; the shelf has 肥皂 (5 points, 6901234567892),
    大米 (50), 洗衣液 (20) and nothing left of 牙刷 (10).
    """

    url: str
    town: Services
    clock: TravelClock
    clone: Clone
    kiosk: Machine = field(default_factory=Machine)
    pin: str = "2468"
    card: str = ""
    poor_card: str = ""
    empty_card: str = ""
    revoked_card: str = ""
    invitation: str = ""
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def device_token(self) -> str:
        return self.kiosk.token

    def staff(self, login: str) -> httpx.AsyncClient:
        return self._client(self.tokens[login])

    def device(self, shift: str = "") -> httpx.AsyncClient:
        return self._client(self.device_token, {"X-Shift": shift})

    def _client(self, token: str, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token}", **(headers or {})},
            timeout=30,
            **PLAINLY,
        )

    async def shift(self) -> str:
        async with self.device() as http:
            answer = await http.post("/v1/till/shifts", json={"pin": self.pin})
            return str(answer.json()["token"])

    async def award(self, household: str, points: int) -> None:
        """Points from a claim that went the whole way, its notice over."""
        await self.put_on_notice(household, points)
        await run_jobs(self.town)

    async def put_on_notice(self, household: str, points: int) -> None:
        claim = {
            "id": str(uuid7()),
            "household": household,
            "rule": "T1",
            "deed_on": "2026-06-01",
            "inputs": {"points": points},
            "again": "同日另一件",
        }
        async with self.staff("wang") as http:
            [declared] = (await http.post("/v1/claims", json=[claim])).raise_for_status().json()
            assert declared["status"] == "declared", declared
        async with self.staff("zhao") as http:
            (await http.post("/v1/claims/review", json={"claims": [claim["id"]]})).raise_for_status()
        async with self.staff("li") as http:
            (await http.post("/v1/claims/approve", json={"claims": [claim["id"]]})).raise_for_status()


# A rule whose amount the claim names: tests need households with just so many points.
TEST_RULE = """
[[rule]]
id = "T1"
title = "测试积分"
category = "village"
points = "input.points"
points_note = "按填报的分值"
notice_days = 0
evidence = ["会议记录"]
reviewers = ["council"]
inputs = [{ id = "points", title = "分值", type = "integer", min = 1, max = 10000 }]
"""

PEOPLE = [
    ("wang", "王网格", "grid-member"),
    ("sun", "孙网格", "grid-member"),
    # A small village: one person is in the moral council and leads the grid.
    ("zhao", "赵评议", "council grid-leader"),
    ("li", "李村委", "committee"),
    ("qian", "钱监委", "supervisor"),
    # Those without a village serve the whole township.
    ("ma", "马支委", "party-branch"),
    ("tan", "谭监委", "supervisor"),
    ("fu", "傅会计", "office"),
]
TOWNSHIP_PEOPLE = ("ma", "tan", "fu")


@pytest.fixture
async def town(databases: Databases, seeded: LiveTown, clock: TravelClock) -> AsyncIterator[LiveTown]:
    async with databases.lend(SEEDED) as lent:
        base = town_of(lent.database, clock)
        async with serving(base) as url:
            yield replace(seeded, url=url, town=base, clock=clock, clone=lent.clone)


async def seed(server: Embedded) -> LiveTown:
    await maintain(server, f"create database {SEEDED} template {EMPTY}")
    return await settle(Clone(owner=server.url(OWNER, SEEDED), app=server.url(APP, SEEDED)))


async def settle(clone: Clone) -> LiveTown:
    """The township in a database that has none."""
    clock = TravelClock(NOW)
    office = wire.NewPerson(
        login="office", name="乡镇办公室", roles=["office", "party-branch"], township=True, password=PASSWORD
    )
    async with opened(clone, clock) as base:
        await init_township(base, "示范乡", office)
        async with serving(base) as url:
            return await _populate(LiveTown(url=url, town=base, clock=clock, clone=clone))


async def _populate(live: LiveTown) -> LiveTown:
    await _sign_in(live, "office")
    async with live.staff("office") as http:

        async def post(path: str, body: object) -> httpx.Response:
            return (await http.post(path, json=body)).raise_for_status()

        await post("/v1/villages", [{"code": "hp", "name": "河畔村", "notice_days": 0}])
        await post("/v1/grids", [{"code": "hp-1", "village": "hp", "name": "第一网格"}])
        await post(
            "/v1/households",
            [
                {"code": f"hp-{n}", "village": "hp", "grid": "hp-1", "head": head, "people": 4}
                for n, head in enumerate(["王建国", "李秀英", "张伟", "刘芳"], start=1)
            ],
        )
        await post(
            "/v1/people",
            [
                {
                    "login": login,
                    "name": name,
                    "roles": roles.split(),
                    "password": PASSWORD,
                    **({"township": True} if login in TOWNSHIP_PEOPLE else {"village": "hp"}),
                }
                for login, name, roles in PEOPLE
            ],
        )
        for login, _, _ in PEOPLE:
            await _sign_in(live, login)
        book = books_path().joinpath("township.toml").read_text(encoding="utf-8")
        adoption = (await post("/v1/rulebooks", {"text": book + TEST_RULE})).json()["id"]
        async with live.staff("ma") as ma:
            path = f"/v1/rulebooks/adoptions/{adoption}"
            detail = (await ma.get(path)).raise_for_status().json()
            ticks = {item["rule"]: list(detail["subjects"]) for item in detail["delicate"]}
            (await ma.post(f"{path}/confirm", json={"not_concerned": ticks})).raise_for_status()
        await post("/v1/supermarkets", [{"code": "hp", "village": "hp", "name": "河畔村积美超市"}])
        await post(
            "/v1/products",
            [
                {"code": "soap", "name": "肥皂", "barcode": "6901234567892", "price": 5},
                {"code": "rice", "name": "大米", "barcode": "6900000000014", "price": 50},
                {"code": "laundry", "name": "洗衣液", "barcode": "6900000000021", "price": 20},
                {"code": "brush", "name": "牙刷", "barcode": "6900000000038", "price": 10},
            ],
        )
        restock = {
            "supermarket": "hp",
            "lines": [{"product": p, "quantity": 10} for p in ("soap", "rice", "laundry", "brush")],
        }
        (await http.put(f"/v1/restocks/{uuid7()}", json=restock)).raise_for_status()
        await post("/v1/attendants", {"supermarket": "hp", "name": "陈管理员", "pin": live.pin})
        live.kiosk = await enrol(http, "hp", "前台")
        lost = (await post("/v1/cards", {"households": ["hp-4"]})).json()[0]["token"]
        cards = (await post("/v1/cards", {"households": ["hp-1", "hp-2", "hp-3", "hp-4"]})).json()
        live.card, live.poor_card, live.empty_card = (c["token"] for c in cards[:3])
        live.revoked_card = lost
    await live.award("hp-1", 100)
    await live.award("hp-2", 3)
    await live.award("hp-4", 100)
    await _empty(live, cards[3]["token"], "brush", 10)
    return live


async def _sign_in(live: LiveTown, login: str) -> None:
    async with httpx.AsyncClient(base_url=live.url, **PLAINLY) as http:
        answer = await http.post("/v1/sign-in", json={"login": login, "password": PASSWORD})
        live.tokens[login] = answer.raise_for_status().json()["token"]


async def _empty(live: LiveTown, card: str, product: str, quantity: int) -> None:
    """Take all there is of a product, as a household would."""
    async with live.device(await live.shift()) as http:
        price = next(i["price"] for i in (await http.get("/v1/till")).json()["shelf"] if i["product"] == product)
        redemption = {"card": card, "lines": [{"product": product, "quantity": quantity, "price": price}]}
        (await http.put(f"/v1/redemptions/{uuid7()}", json=redemption)).raise_for_status()
