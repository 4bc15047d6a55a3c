"""A kiosk without a screen: it signs the entries of its journal with the key that the test township enrolled."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
from uuid_utils.compat import uuid7

from api import wire
from api.bookkeeping.general_ledger.documents import find_undocumented
from api.platform import accounts
from api.wire import till_journal
from api.wire.card_token import digest, parse
from api.wire.till_journal import ZERO_HASH, AnyEntry, SignedEntry
from ledger.transactions import account_id
from tests.conftest import LiveTown, Machine, enrol

PRICES = {"soap": ("肥皂", 5), "rice": ("大米", 50), "laundry": ("洗衣液", 20), "brush": ("牙刷", 10)}


@dataclass
class Till:
    """A machine, its attendant and its journal."""

    town: LiveTown
    machine: Machine
    attendant: UUID = field(default_factory=uuid7)
    shift: UUID = field(default_factory=uuid7)
    token: str = ""
    entries: list[SignedEntry] = field(default_factory=list)
    # How far its clock is behind.
    clock_lag: timedelta = timedelta()

    @property
    def id(self) -> UUID:
        assert self.machine.id is not None
        return self.machine.id

    @property
    def at(self) -> datetime:
        return self.town.clock.now() - self.clock_lag

    def device(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.machine.token}", "X-Shift": self.token}
        return httpx.AsyncClient(base_url=self.town.url, headers=headers, timeout=30, verify=False)

    async def sign_in(self) -> None:
        """Online; the journal reports it, too."""
        async with self.device() as http:
            shift = (await http.post("/v1/till/shifts", json={"pin": self.town.pin})).raise_for_status().json()
        self.shift, self.token, self.attendant = UUID(shift["id"]), shift["token"], UUID(shift["attendant_id"])
        self.write_opening()

    def write_opening(self) -> SignedEntry:
        token = hashlib.sha256(self.token.encode()).hexdigest()
        return self.write(
            till_journal.ShiftOpeningEntry(at=self.at, shift=self.shift, attendant=self.attendant, token=token)
        )

    def write_sale(
        self,
        card: str,
        household: UUID,
        *goods: tuple[str, int],
        leased: int = 0,
        answered: bool = False,
        id: UUID | None = None,
        collector: str = "",
    ) -> SignedEntry:
        return self.write(
            till_journal.SaleEntry(
                at=self.at,
                id=id or uuid7(),
                shift=self.shift,
                attendant=self.attendant,
                household=household,
                card=digest(parse(card)).hex(),
                lines=receipt_lines(*goods),
                leased=leased,
                answered=answered,
                collector=digest(parse(collector)).hex() if collector else "",
            )
        )

    def write_void(self, id: UUID, reason: str = "拿错了") -> SignedEntry:
        return self.write(
            till_journal.VoidEntry(at=self.at, id=id, shift=self.shift, attendant=self.attendant, reason=reason)
        )

    def write_return(self, household: UUID, points: int) -> SignedEntry:
        return self.write(till_journal.ReturnEntry(at=self.at, household=household, points=points))

    def write_closing(self, **report: Any) -> SignedEntry:
        empty = {"redemptions": 0, "points": 0, "voids": 0, "voided_points": 0, "offline": 0, "goods": []}
        return self.write(
            till_journal.ShiftClosingEntry(
                at=self.at, shift=self.shift, report=till_journal.ShiftReport(**{**empty, **report})
            )
        )

    def write(self, entry: AnyEntry) -> SignedEntry:
        return self.write_text(msgspec.json.encode(entry).decode())

    def write_text(self, body: str) -> SignedEntry:
        """An entry as another version of the program may write it."""
        number = len(self.entries) + 1
        previous = self.entries[-1].hash(self.id, self.machine.epoch) if self.entries else ZERO_HASH
        unsigned = SignedEntry(number=number, previous=previous, body=body, signature="0" * 128)
        signature = self.machine.key.sign(bytes.fromhex(unsigned.hash(self.id, self.machine.epoch))).hex()
        self.entries.append(msgspec.structs.replace(unsigned, signature=signature))
        return self.entries[-1]

    def clone(self) -> Till:
        """A clone of this machine, or this machine restored from an old disk."""
        return replace(self, entries=list(self.entries))

    async def upload(self, entries: Sequence[SignedEntry] | None = None) -> httpx.Response:
        """All of its journal, or only these entries."""
        body = {"entries": msgspec.to_builtins(self.entries if entries is None else list(entries))}
        async with httpx.AsyncClient(base_url=self.town.url, timeout=60, verify=False) as http:
            return await http.post(f"/v1/journals/{self.id}/{self.machine.epoch}", json=body)

    async def settle(self, entries: Sequence[SignedEntry] | None = None) -> till_journal.UploadResult:
        answer = await self.upload(entries)
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=till_journal.UploadResult)

    async def settle_statuses(self, entries: Sequence[SignedEntry] | None = None) -> list[str]:
        return [outcome.status for outcome in (await self.settle(entries)).outcomes]

    async def settle_last(self) -> tuple[str, str]:
        """Status and remark of the last entry, after all are uploaded."""
        outcome = (await self.settle()).outcomes[-1]
        return outcome.status, outcome.remark

    async def renew(self) -> till_journal.KioskLeases:
        async with self.device() as http:
            answer = await http.post("/v1/till/leases")
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=till_journal.KioskLeases)

    async def read_leases(self) -> dict[str, int]:
        """Leased points by the card's digest."""
        return {leased.card: leased.points for leased in (await self.renew()).households if leased.points}

    async def view_card(self, card: str) -> wire.CardView:
        async with self.device() as http:
            answer = await http.get(f"/v1/cards/{card}")
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=wire.CardView)

    async def redeem(self, id: UUID, card: str, *goods: tuple[str, int], leased: int = 0) -> httpx.Response:
        """Online."""
        body = {
            "card": card,
            "lines": [{"product": p, "quantity": n, "price": PRICES[p][1]} for p, n in goods],
            "leased": leased,
        }
        async with self.device() as http:
            return await http.put(f"/v1/redemptions/{id}", json=body)


def receipt_lines(*goods: tuple[str, int]) -> list[wire.ReceiptLine]:
    return [
        wire.ReceiptLine(product=p, name=PRICES[p][0], quantity=n, price=PRICES[p][1], points=n * PRICES[p][1])
        for p, n in goods
    ]


async def add_till(town: LiveTown, name: str) -> Till:
    """A second counter of the same supermarket."""
    async with town.staff("office") as http:
        return Till(town, await enrol(http, "hp", name))


async def end_enrolment(town: LiveTown, till: Till, reason: str = "机器丢了", by: str = "office") -> None:
    async with town.staff(by) as http:
        answer = await http.post(f"/v1/kiosks/{till.id}/end", json={"reason": reason})
    assert answer.status_code == 204, answer.text


async def read_account(town: LiveTown, name: str) -> int:
    """The balance of an account; 0 where it isn't open."""
    async with town.town.unit_of_work() as uow:
        names = await uow.books.read_names([account_id(name)])
        return (await uow.books.read_balance(account_id(name))).posted if names else 0


async def read_escrow(town: LiveTown, till: Till, household: str) -> int:
    return await read_account(town, accounts.escrow(household, till.id, till.machine.epoch).name)


async def read_shelf(town: LiveTown, product: str) -> int:
    return await read_account(town, accounts.shelf("hp", product).name)


async def check_books(town: LiveTown) -> None:
    """The books are in balance, every awarded point is accounted for, and every entry has its document."""
    async with town.town.unit_of_work() as uow:
        undocumented = find_undocumented(await uow.session.connection(), uow.township)
        assert [str(found) async for found in undocumented] == []
    async with town.staff("office") as http:
        report = (await http.get("/v1/report")).raise_for_status().json()
    assert report["in_balance"]
    assert report["points_awarded"] == (
        report["points_redeemed"]
        + report["points_outstanding"]
        + report["points_expired"]
        + report["points_deducted"]
    )
