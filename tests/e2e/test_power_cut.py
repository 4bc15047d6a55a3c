"""The whole service under load while its database, its server or both are killed: a redemption that was
answered stays, one that was not is sent again under the same id, and each counts once."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from api import wire
from api.platform import accounts
from api.platform.clock import TravelClock
from api.platform.database.embedded import APP, OWNER
from api.platform.database.engine import DATABASE, Database
from ledger.verify import verify
from tests.api.asking import a_redemption, order, problem
from tests.api.awards.claims.conftest import card as balance_and_pending
from tests.api.awards.claims.conftest import on_notice
from tests.conftest import NOW, TOWNSHIP, LiveTown, opened, seed, serving
from tests.databases import SEEDED, Clone, cloned, maintain
from tests.power import WAIT, Machine, machine, random_moments, require_durability
from tests.profile import many

pytestmark = pytest.mark.slow

CLIENTS = 6
CUTS = ["database", "server", "both"] * many(normal=1, nightly=5)
PRICES = {"soap": 5, "rice": 50, "laundry": 20, "brush": 10}
STOCK = 400  # of each but the brush, of which there are few
BRUSHES = 5
RICH, POOR = 10_000, 150


@pytest.fixture(scope="module")
def village_pc(model: Path) -> Iterator[Machine]:
    with machine(model) as running:
        yield running


@pytest.fixture(scope="module")
def small_town(village_pc: Machine) -> LiveTown:
    return asyncio.run(seed(village_pc.server))


@asynccontextmanager
async def _at_work(
    village_pc: Machine, small_town: LiveTown, clone: Clone, notice_interval: float
) -> AsyncIterator[LiveTown]:
    """The small town in this process, so that its clock can be travelled."""
    clock = TravelClock(NOW)
    async with opened(clone, clock) as base, serving(base, notice_interval) as url:
        yield replace(small_town, url=url, town=base, clock=clock, clone=clone)


async def test_the_first_calls_after_an_outage_that_nobody_noticed_are_answered(
    village_pc: Machine, small_town: LiveTown
) -> None:
    async with (
        cloned(village_pc.server, SEEDED) as clone,
        _at_work(village_pc, small_town, clone, notice_interval=600) as town,
        town.device() as http,
    ):
        for _ in range(2):
            # As many as the pool keeps.
            answers = await asyncio.gather(*(http.get("/v1/till") for _ in range(10)))
            assert [a.status_code for a in answers] == [200] * 10
            await village_pc.cut_power()
            await village_pc.restore_power()


async def test_a_notice_that_ends_while_the_database_is_away_is_posted_when_it_is_back(
    village_pc: Machine, small_town: LiveTown
) -> None:
    async with (
        cloned(village_pc.server, SEEDED) as clone,
        _at_work(village_pc, small_town, clone, notice_interval=0.02) as town,
    ):
        await on_notice(town)
        assert await balance_and_pending(town) == (0, 1)
        await village_pc.cut_power()
        town.clock.travel(NOW + timedelta(days=3))
        await _says_that_it_is_away(town)
        await village_pc.restore_power()
        async with asyncio.timeout(WAIT):
            while await balance_and_pending(town) != (1, 0):
                await asyncio.sleep(0.01)


async def _says_that_it_is_away(town: LiveTown) -> None:
    async with town.device() as http:
        _says_when_to_retry(await http.get("/v1/till"))
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 503
        page = await http.get(f"/c/{town.card}")
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert "retry-after" in page.headers
        assert "数据库暂时连不上" in page.text


def _says_when_to_retry(answer: httpx.Response) -> None:
    problem(answer, 503, "busy")
    assert 1 <= int(answer.headers["retry-after"]) <= 60


@dataclass(frozen=True)
class Sent:
    id: UUID
    card: str
    lines: tuple[tuple[str, int, int], ...]

    @property
    def body(self) -> dict[str, Any]:
        return order(self.card, *self.lines)


@dataclass
class Record:
    """What the clients know: the service has to agree, whatever happened to it."""

    receipts: dict[UUID, wire.Receipt] = field(default_factory=dict)
    sent: dict[UUID, Sent] = field(default_factory=dict)
    refused: dict[UUID, str] = field(default_factory=dict)
    # One for each client, at most.
    unanswered: dict[int, Sent] = field(default_factory=dict)
    # Those of them that a look into the database found there, with the receipts stored beside.
    arrived: dict[UUID, wire.Receipt] = field(default_factory=dict)

    def answer(self, client: int, sent: Sent, answer: httpx.Response) -> None:
        self.unanswered.pop(client, None)
        if answer.status_code == 200:
            receipt = msgspec.json.decode(answer.content, type=wire.Receipt)
            assert receipt == self.arrived.get(sent.id, receipt), "a retry was answered with another receipt"
            self.receipts[sent.id], self.sent[sent.id] = receipt, sent
        else:
            word = answer.json()["type"]
            assert word in ("insufficient-points", "out-of-stock"), answer.text
            assert sent.id not in self.arrived, "a redemption that is in the books was refused when sent again"
            self.refused[sent.id] = word


class Service:
    """`jimei serve` in a process of its own."""

    def __init__(self, machine: Machine, log: Path) -> None:
        self.machine = machine
        self.log = log
        self.running = False
        self.url = ""

    @property
    def whole(self) -> bool:
        return self.running and self.machine.powered

    async def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("JIMEI_")}
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "api.cli", "serve", "--port", "0"),
                env=environment | {"JIMEI_DATA": str(self.machine.server.data)},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout
        async with asyncio.timeout(WAIT):
            self.url = (await self._process.stdout.readline()).decode().split()[-1]
        self.running = True

    async def kill(self) -> None:
        assert self._process.returncode is None, "the server ended by itself"
        self.running = False
        self._process.kill()
        await self._process.wait()

    async def cut(self, what: str) -> None:
        if what != "database":
            await self.kill()
        if what != "server":
            await self.machine.cut_power()

    async def restore(self, what: str) -> None:
        """The server sees to its database: when it runs, and when it starts as at the boot of a village's PC."""
        if what != "database":
            await self.start()
        async with asyncio.timeout(WAIT), httpx.AsyncClient(base_url=self.url) as http:
            while (await http.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.01)
        self.machine.powered = True


@dataclass
class Client:
    """Redeems until no answer comes; the next time it begins with what it had no answer to."""

    number: int
    service: Service
    town: LiveTown
    shift: str
    record: Record
    random: Random

    async def unit_of_work(self) -> None:
        async with self._http() as http:
            while await self._redeem(http) and self.service.whole:
                pass

    async def finish(self) -> None:
        async with self._http() as http:
            if self.number in self.record.unanswered:
                assert await self._redeem(http)

    async def again(self, sent: Sent) -> None:
        """As a till does that an answer never reached."""
        async with self._http() as http:
            answer = await http.put(a_redemption(sent.id), json=sent.body)
        assert answer.status_code == 200, answer.text
        assert msgspec.json.decode(answer.content, type=wire.Receipt) == self.record.receipts[sent.id]

    async def _redeem(self, http: httpx.AsyncClient) -> bool:
        sent = self.record.unanswered.get(self.number) or self._new()
        try:
            answer = await http.put(a_redemption(sent.id), json=sent.body)
        except httpx.TransportError:
            assert not self.service.running, "the server was there and didn't answer"
            self.record.unanswered[self.number] = sent
            return False
        if answer.status_code == 503:
            assert not self.service.machine.powered, "the database was there, and the server said it wasn't"
            _says_when_to_retry(answer)
            self.record.unanswered[self.number] = sent
            return False
        self.record.answer(self.number, sent, answer)
        return True

    def _new(self) -> Sent:
        """Now and then it asks for what there is too little of, and is refused."""
        products = ["soap", self.random.choice(["rice", "laundry"])]
        if self.random.random() < 0.2:
            products.append("brush")
        lines = tuple((p, self.random.randint(1, 2), PRICES[p]) for p in products)
        cards = (self.town.card, self.town.empty_card, self.town.poor_card)
        [card] = self.random.choices(cards, weights=(2, 2, 1))
        return Sent(uuid7(), card, lines)

    def _http(self) -> httpx.AsyncClient:
        return replace(self.town, url=self.service.url).device(self.shift)


async def test_every_redemption_counts_once_whatever_is_killed(
    village_pc: Machine, small_town: LiveTown, tmp_path: Path
) -> None:
    random = random_moments()
    town = await _stocked(village_pc, small_town)
    service = Service(village_pc, tmp_path / "serve.log")
    await service.start()
    try:
        shift = await replace(town, url=service.url).shift()
        record = Record()
        clients = [Client(n, service, town, shift, record, Random(random.random())) for n in range(CLIENTS)]
        for what in random.sample(CUTS, len(CUTS)):
            await _work_until(clients, record, service, what, random)
            await service.restore(what)
            await _agrees(town, service, record)
            lost = random.sample(sorted(record.receipts), 5)
            await asyncio.gather(*(clients[0].again(record.sent[id]) for id in lost))
        await asyncio.gather(*(client.finish() for client in clients))
        assert not record.unanswered
        await _agrees(town, service, record)
        assert record.refused
    finally:
        await service.kill()
    assert "Traceback" not in service.log.read_text(), "an outage and a refusal are no faults"


async def _stocked(village_pc: Machine, small_town: LiveTown) -> LiveTown:
    """The small town in the database that `jimei serve` opens, with points and goods enough for all cuts."""
    server = village_pc.server
    await maintain(server, f"drop database {DATABASE}")
    await maintain(server, f"create database {DATABASE} template {SEEDED}")
    clone = Clone(owner=server.url(OWNER, DATABASE), app=server.url(APP, DATABASE))
    await require_durability(clone.app)
    async with _at_work(village_pc, small_town, clone, notice_interval=0.02) as town:
        for household, points in (("hp-1", RICH - 100), ("hp-3", RICH), ("hp-2", POOR - 3)):
            await town.award(household, points)
        async with town.staff("office") as http:
            wanted = {"soap": STOCK - 10, "rice": STOCK - 10, "laundry": STOCK - 10, "brush": BRUSHES}
            lines = [{"product": product, "quantity": quantity} for product, quantity in wanted.items()]
            restock = {"supermarket": "hp", "lines": lines}
            (await http.put(f"/v1/restocks/{uuid7()}", json=restock)).raise_for_status()
        return town


async def _work_until(clients: list[Client], record: Record, service: Service, what: str, random: Random) -> None:
    """All clients at work, and a cut in the midst of it."""
    enough = len(record.receipts) + random.randint(10, 30)
    async with asyncio.timeout(WAIT), asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(client.unit_of_work())
        while len(record.receipts) < enough:
            await asyncio.sleep(0.001)
        await asyncio.sleep(random.uniform(0, 0.03))
        await service.cut(what)


async def _agrees(town: LiveTown, service: Service, record: Record) -> None:
    """All that was answered is there once, as answered; of the rest, each is there once or not at all."""
    stored, posted = await _written(town)
    assert stored.keys() == posted.keys(), "a receipt without its entries in the books, or the other way round"
    waiting = {sent.id: sent for sent in record.unanswered.values()}
    record.arrived = {id: stored[id] for id in waiting if id in stored}
    expected = record.receipts | record.arrived
    lost, strange = expected.keys() - stored.keys(), stored.keys() - expected.keys()
    assert not lost, f"{len(lost)} of {len(expected)} redemptions were answered and are lost"
    assert not strange, f"{len(strange)} redemptions are there that were refused or never sent"
    assert stored == expected
    assert posted == {id: _moved(receipt) for id, receipt in expected.items()}
    for id, sent in (record.sent | waiting).items():
        if id in expected:
            assert sorted((li.product, li.quantity, li.price) for li in expected[id].lines) == sorted(sent.lines)
    spent: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    for id, receipt in expected.items():
        spent[(record.sent | waiting)[id].card] += receipt.points
        gone.update({line.product: line.quantity for line in receipt.lines})
    async with replace(town, url=service.url).device() as http:
        for token, had in ((town.card, RICH), (town.empty_card, RICH), (town.poor_card, POOR)):
            balance = (await http.get(f"/v1/cards/{token}")).raise_for_status().json()["balance"]
            assert balance == had - spent[token] >= 0
        for item in (await http.get("/v1/till")).raise_for_status().json()["shelf"]:
            had = BRUSHES if item["product"] == "brush" else STOCK
            assert item["stock"] == had - gone[item["product"]] >= 0


def _moved(receipt: wire.Receipt) -> Counter[str]:
    moved = Counter({f"goods:{line.product}": line.quantity for line in receipt.lines})
    moved[accounts.POINTS] = receipt.points
    return moved


async def _written(town: LiveTown) -> tuple[dict[UUID, wire.Receipt], dict[UUID, Counter[str]]]:
    """Receipts and what the books moved, from the tables; what the seeding redeemed aside. The books hold."""
    database = Database(town.clone.app)
    try:
        async with database.begin() as session:
            since = {"moment": NOW}
            receipts = list(
                await session.execute(
                    text("select id, receipt from redemption where recorded_at > :moment"), since
                )
            )
            moves = await session.execute(
                text("""
                    select x.id, t.unit, t.amount from ledger.transaction x
                      join ledger.transfer t on t.township = x.township and t.transaction = x.id
                     where x.kind = 'redemption' and x.recorded_at > :moment"""),
                since,
            )
            posted: dict[UUID, Counter[str]] = {}
            for id, unit, amount in moves:
                posted.setdefault(id, Counter())[unit] += amount
            assert [d async for d in verify(await session.connection(), TOWNSHIP)] == []
    finally:
        await database.close()
    stored = {id: msgspec.convert(receipt, wire.Receipt) for id, receipt in receipts}
    assert len(stored) == len(receipts), "a redemption is there twice"
    return stored, posted
