"""The app under Textual's Pilot with a live server, and a network that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from textual import events
from textual.css.model import RuleSet
from textual.css.query import NoMatches
from textual.css.stylesheet import Stylesheet
from textual.css.types import CSSLocation
from textual.pilot import Pilot

from api.wire.till_journal import Enrolment
from kiosk.app import KioskApp
from kiosk.appearance import Appearance
from kiosk.client import Client
from kiosk.printing.errors import PrinterError
from kiosk.printing.layout import PaperLine as PaperLine
from kiosk.printing.printer import Printer
from kiosk.scanner import Scanner
from kiosk.store.facade import Store
from kiosk.timing import Timing
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.status import Status
from tests.databases import owner_engine

QUICK = Timing(retry_pauses=(0.02,), receipt_display=60.0, digit_timeout=0.2)
IMPATIENT = replace(QUICK, answer_timeout=3.0)
"""For tests offline."""
PATIENCE = 15.0
SCANNER_KEY = 0.002


_rules: dict[tuple[object, ...], list[RuleSet]] = {}


@pytest.fixture(scope="session", autouse=True)
def parsed_once() -> Iterator[None]:
    """Every app reads the same style sheets: parsing them took a tenth of a test's time."""
    parse = Stylesheet._parse_rules

    def parsed(sheet: Stylesheet, css: str, read_from: CSSLocation, *how: Any, **more: Any) -> list[RuleSet]:
        key = (css, read_from, how, *more.items(), *sheet._variables.items())
        if key not in _rules:
            _rules[key] = parse(sheet, css, read_from, *how, **more)
        return _rules[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parsed)
        yield


class Network:
    """A TCP proxy to the server. The answers of the next `lose_answers` redemptions are lost, or with
    `lose_everything` all answers. `answer`: what everything is answered with instead of by the server."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self._listener: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._port = 0
        self.lose_answers = 0
        self.lose_everything = False
        self.answer = b""
        self.redemptions_seen = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def restore(self) -> None:
        self._listener = await asyncio.start_server(self._connect, "127.0.0.1", self._port)
        self._port = self._listener.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Stop listening, and close all connections."""
        if self._listener:
            self._listener.close()
            self._listener = None
        for writer in list(self._open):
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._upstream.hostname, self._upstream.port)
        ends = {writer, far_writer}
        self._open |= ends
        redeeming = False

        async def forward_requests() -> None:
            nonlocal redeeming
            while data := await reader.read(65536):
                if self.answer:
                    writer.write(self.answer)
                    await writer.drain()
                    return
                if data.startswith(b"PUT /v1/redemptions/"):
                    redeeming = True
                    self.redemptions_seen += 1
                far_writer.write(data)

        async def forward_answers() -> None:
            while data := await far_reader.read(65536):
                if self.lose_everything:
                    return
                if redeeming and self.lose_answers:
                    self.lose_answers -= 1
                    return
                writer.write(data)

        pumps = [asyncio.create_task(forward_requests()), asyncio.create_task(forward_answers())]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        for end in ends:
            end.close()
        self._open -= ends


@pytest.fixture
async def network(town: Any) -> AsyncIterator[Network]:
    network = Network(town.url)
    await network.restore()
    yield network
    await network.cut()


@dataclass
class Till:
    """Drives a kiosk by keys and scans, and reads its screen."""

    app: KioskApp
    pilot: Pilot[None]

    @property
    def screen(self) -> str:
        """The name of the top screen, or empty until it is complete."""
        screen = self.app.screen
        try:
            # What is found is remembered; `query` would walk through the whole screen each time.
            screen.query_one(Status)
            screen.query_one(KeyBar)
        except NoMatches:
            return ""
        return type(screen).__name__

    @property
    def status(self) -> Status:
        return self.app.screen.query_one(Status)

    @property
    def status_text(self) -> str:
        return str(self.status.render())

    @property
    def is_refusing(self) -> bool:
        return self.status.has_class("refusal")

    @property
    def shows(self) -> str:
        """Everything on the screen, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in strips)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.01)

    async def sees(self, text: str) -> None:
        await self.until(lambda: text in self.shows)

    async def sees_refusal(self, sentence: str) -> None:
        await self.until(lambda: self.screen and self.is_refusing and sentence in self.status_text)

    async def press(self, *keys: str) -> None:
        """Not `Pilot.press`: it waits for an idle processor, which a live server beside it never is."""
        for key in keys:
            self.app.post_message(events.Key(key, None))
        await self.wait_for_keys()

    async def wait_for_keys(self) -> None:
        """Wait until all keys posted have had their effect, those held by the scanner included."""
        scanner = self.app._scanner
        await self.until(lambda: self.app._message_queue.empty() and scanner.deadline is None)

    async def scan(self, text: str, *ends: str, at: float | None = None) -> float:
        """Type at a scanner's speed, starting at `at` or now; returns the time of the text's last key.

        The keys have a scanner's timestamps: a pause of this process, as for garbage collection, would tear the
        scan in two.
        """
        keys = [events.Key(character, character) for character in text]
        keys += [events.Key(end, None) for end in ends or ("enter",)]
        started = keys[0].time if at is None else at
        for position, key in enumerate(keys):
            key.time = started + position * SCANNER_KEY
            self.app.post_message(key)
        await self.wait_for_keys()
        return keys[len(text) - 1].time

    async def scan_later(self, text: str) -> None:
        """So long after the last scan that no scanner read one label twice."""
        scanner = self.app._scanner
        scanner._last_read_at -= 1.0
        await self.scan(text)

    async def press_at(self, key: str, at: float) -> None:
        """Press a key with the timestamp `at`."""
        event = events.Key(key, None)
        event.time = at
        self.app.post_message(event)
        await self.wait_for_keys()

    @property
    def store(self) -> Store:
        return self.app.counter.store

    async def sign_in(self, pin: str = "2468") -> None:
        await self.until(lambda: self.screen)
        await self.press(*pin, "f2")
        await self.until(lambda: self.screen and self.screen != "SignInScreen")

    async def wait_until_offline(self) -> None:
        """Wait until the kiosk has noticed that the network is cut."""
        self.app.counter.sync.wake()
        await self.until(lambda: self.app.session.connection.online is False)

    async def wait_until_uploaded(self) -> None:
        """Wait until the whole journal is settled."""
        await self.until(lambda: self.store.journal.unsettled_count == 0)

    async def close_shift(self) -> None:
        await self.press("f10", "f2")
        await self.until(lambda: self.screen == "ShiftReportScreen")
        await self.press("escape")
        await self.until(lambda: self.screen == "SignInScreen")

    async def show_card(self, token: str) -> None:
        await self.scan(card_url(token))
        await self.until(lambda: (card := self.app.counter.session.card) and card.token == token)


class FakePrinter:
    """`slips` were printed. While `offline` it takes nothing; `breaks_off`: it fails in the middle."""

    width = 32

    def __init__(self) -> None:
        self.slips: list[str] = []
        self.offline = False
        self.breaks_off = False

    async def send(self, lines: Sequence[PaperLine]) -> None:
        if self.offline:
            raise PrinterError("打印机没有反应：请检查电源、纸和数据线")
        if self.breaks_off:
            raise PrinterError("打印机中途断开，可能只打了一部分：请看看纸条，需要时补打", maybe_printed=True)
        self.slips.append("\n".join(line.text for line in lines))


@pytest.fixture
def printer() -> FakePrinter:
    return FakePrinter()


def card_url(token: str) -> str:
    return f"HTTPS://JIMEI.EXAMPLE/C/{token}"


OpenTill = Callable[..., AbstractAsyncContextManager[Till]]


def enrol_store(store: Store, url: str, machine: Any, token: str = "", name: str = "前台") -> None:
    """Enrol the store as the machine that the town has enrolled."""
    pending = store.enrolments.begin(url, "000000000000")
    store._database._connection.execute(
        "update enrolment set key = ? where id = ?", (machine.key.private_bytes_raw(), pending.id)
    )
    answer = Enrolment(
        kiosk=machine.id, epoch=machine.epoch, token=token or machine.token, supermarket="hp", name=name
    )
    store.enrol(pending, answer)


@pytest.fixture
def open_till(town: Any, tmp_path: Path) -> OpenTill:
    """Start a kiosk of the town's server, or of another URL, and sign in unless told not to. Started again, it
    uses the same folder, and an open shift goes on."""

    @asynccontextmanager
    async def start(
        url: str = "",
        *,
        token: str = "",
        signed_in: bool = True,
        timing: Timing = QUICK,
        size: tuple[int, int] = (80, 24),
        scanner: Scanner | None = None,
        appearance: Appearance | None = None,
        printer: Printer | None = None,
        folder: Path = tmp_path / "kiosk",
        time_source: Callable[[], datetime] = town.clock.now,
        fault_hook: Callable[[str], None] = lambda point: None,
        code: str = "",
        enrol: bool = True,
        machine: Any = None,
    ) -> AsyncIterator[Till]:
        with Store(folder, time_source, fault_hook) as store:
            if enrol and store.enrolments.current is None:
                enrol_store(store, url or town.url, machine or town.kiosk, token)
            async with Client(url or town.url) as client:
                app = KioskApp(store, client, timing, scanner, appearance, printer, code)
                async with app.run_test(size=size) as pilot:
                    till = Till(app, pilot)
                    if signed_in:
                        await till.sign_in()
                    yield till

    return start


async def change(town: Any, statement: str) -> None:
    """Change the database as its owner, where no use case does."""
    async with owner_engine(town.clone).begin() as connection:
        await connection.execute(text(statement))


@pytest.fixture
def balance(town: Any) -> Callable[[str], Any]:
    """A card's balance at the server."""

    async def ask(token: str) -> int:
        async with town.device() as http:
            return int((await http.get(f"/v1/cards/{token}")).raise_for_status().json()["balance"])

    return ask


@pytest.fixture
async def numbers(town: Any) -> dict[str, str]:
    """The digit key of each product."""
    async with town.device() as http:
        shelf = (await http.get("/v1/till")).raise_for_status().json()["shelf"]
    return {item["name"]: str(item["number"]) for item in shelf}
