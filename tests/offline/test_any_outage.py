"""After any sequence of events between kiosks and server no point is spent twice, nothing that was handed over is
lost, and all leased points are spent or returned; and what one kiosk can spare another one can have.

Two kiosks of one supermarket with their real stores, the real server, and between them a network that loses
requests and answers; power cuts, lost kiosks, lost cards, old disks and wrong clocks."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run
from sqlalchemy import func, select, update
from uuid_utils.compat import uuid7

from api import wire
from api.bookkeeping.general_ledger.documents import find_undocumented
from api.platform import accounts
from api.platform.access import Device, Role, Staff, digest_secret
from api.platform.clock import TravelClock
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.cards.tables import Card
from api.registry.people.tables import Person
from api.registry.register.tables import Grid, Household, Village
from api.registry.register.use_cases import init_township
from api.registry.tries.use_cases import hasher
from api.shop.holdings.queries import LEASED_POINTS
from api.shop.holdings.recalls import Shortage, listen, recall
from api.shop.kiosks import enrolment
from api.shop.kiosks.tables import Attendant, KioskEnrolment
from api.shop.kiosks.use_cases import open_shift
from api.shop.offline import ending, leases
from api.shop.offline.journals import receive
from api.shop.offline.tables import JournalEntry
from api.shop.redemptions.facts import RedemptionRequest
from api.shop.redemptions.tables import Redemption, Void
from api.shop.redemptions.use_cases import redeem
from api.shop.stock.tables import Product, Shelf
from api.shop.supermarkets.tables import Supermarket
from api.wire.card_token import digest, new_token
from api.wire.till_journal import VoidEntry
from kiosk.store.facade import Store
from kiosk.store.redemptions import ConfirmedCart, PickedItem, hash_card
from kiosk.store.shifts import KnownAttendant
from ledger.transactions import Account, Phase, Transaction, TransactionId, Transfer
from ledger.verify import verify
from tests.conftest import NOW, opened
from tests.databases import Clone
from tests.profile import many

pytestmark = pytest.mark.slow

T = TypeVar("T")

PRICE = 5
HOUSEHOLDS = 3
PIN = "2468"
EXPECTED = {"insufficient-points", "tills-awaited", "out-of-stock", "shift-closed", "card-revoked"}
"""What a redemption over HTTP may be refused for here."""
OTHERS = ["online", "away", "cut off", "power cut"]
"""What is with the kiosk that is asked for points: it returns them; it doesn't hear of it; its line or its power
goes after it has written its word, and before it is uploaded."""
_examples = count(1)


@dataclass
class Sale:
    """Goods that were handed over, for points that the household owes."""

    household: int
    points: int
    kiosk: UUID
    voided: bool = False


@dataclass
class Machine:
    """A machine at a kiosk's place. `off`: how wrong its clock is. `copy`: an earlier copy of its folder."""

    folder: Path
    store: Store
    place: UUID
    off: timedelta = timedelta()
    copy: Path | None = None
    copied: set[UUID] = field(default_factory=set)
    # Restored from an old disk, or ended: what it reports since then is for a person to decide.
    suspect: bool = False


class Outage(RuleBasedStateMachine):
    """The state machine of hypothesis. All runs share the database of `town`, each with its own village."""

    def __init__(self, town: Services, clock: TravelClock, office: Staff, runner: asyncio.Runner) -> None:
        super().__init__()
        self.town, self.clock, self.office, self.runner = town, clock, office, runner
        self.code = f"v{next(_examples)}"
        self.folder = Path(tempfile.mkdtemp(prefix="jimei-outage-"))
        self.cards: list[str] = []
        self.ids: list[UUID] = []
        self.awarded = [0] * HOUSEHOLDS
        self.sales: dict[UUID, Sale] = {}
        self.given_up: set[UUID] = set()
        self.machines: list[Machine] = []
        self.numbers = count(1)

    def do(self, uow: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(uow)

    # --- the village ------------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        self.do(self._add_village())
        for _ in range(2):
            self._add_machine()
        # Whatever comes, both hold something.
        for machine in self.machines:
            self._renew(machine, lost=False)

    async def _add_village(self) -> None:
        code = self.code
        self.attendant = uuid7()
        async with self.town.unit_of_work() as uow:
            t = uow.township
            uow.session.add(Village(township=t, code=code, name=code, notice_days=0))
            await uow.session.flush()
            uow.session.add(Grid(township=t, code=code, village=code, name=code))
            uow.session.add(Supermarket(township=t, code=code, village=code, name=code))
            await uow.session.flush()
            uow.session.add(
                Attendant(
                    township=t, id=self.attendant, supermarket=code, name="陈管理员", pin_hash=hasher.hash(PIN)
                )
            )
            uow.session.add(Shelf(township=t, supermarket=code, product="soap"))
            for n in range(HOUSEHOLDS):
                id, token = uuid7(), new_token()
                self.ids.append(id)
                self.cards.append(token)
                uow.session.add(
                    Household(
                        township=t, id=id, code=f"{code}-{n}", village=code, grid=code, head="王建国", people=3
                    )
                )
                await uow.session.flush()
                uow.session.add(
                    Card(township=t, digest=digest(token), household=id, issued_at=uow.now, revoked_at=None)
                )
            shelf = accounts.shelf(code, "soap")
            await uow.books.open_accounts(
                [accounts.till(code), shelf, *(accounts.household(f"{code}-{n}") for n in range(HOUSEHOLDS))], NOW
            )
            await uow.books.post([self._build_transaction("opening", accounts.supply("soap"), shelf, 25)], NOW)
        for n in range(HOUSEHOLDS):
            await self._award(n, 20 * n + 10)

    def _build_transaction(self, kind: str, debit: Account, credit: Account, amount: int) -> Transaction:
        transfer = Transfer(debit.id, credit.id, debit.unit, amount)
        return Transaction(TransactionId(uuid7()), kind, Phase.POSTED, (transfer,), person="test", reason="测试")

    async def _award(self, household: int, points: int) -> None:
        async with self.town.unit_of_work() as uow:
            target = accounts.household(f"{self.code}-{household}")
            await uow.books.post([self._build_transaction("award", accounts.ISSUING, target, points)], uow.now)
        self.awarded[household] += points

    def _add_machine(self) -> None:
        added = self.do(
            enrolment.add_kiosk(self.town, self.office, wire.NewKiosk(supermarket=self.code, name="柜台"))
        )
        folder = self.folder / f"k{next(self.numbers)}"
        machine = Machine(folder, self._open_store(folder, timedelta()), added.kiosk)
        self._enrol(machine, added.code)
        self.machines.append(machine)

    def _open_store(self, folder: Path, off: timedelta) -> Store:
        return Store(folder, time_source=lambda: self.clock.now() + off)

    def _enrol(self, machine: Machine, code: str) -> None:
        begun = machine.store.enrolments.begin("http://server", code)
        machine.store.enrol(begun, self.do(enrolment.enrol(self.town, begun.request)))
        # A first time with the server: until then it can let nobody in.
        machine.store.shifts.open(
            self.do(open_shift(self.town, self._device(machine), wire.PinSignIn(pin=PIN))), "none"
        )

    def _sign_in(self, machine: Machine) -> None:
        machine.store.shifts.open_offline(KnownAttendant(self.attendant, "陈管理员", "none"))

    def _device(self, machine: Machine) -> Device:
        enrolled = machine.store.enrolments.required
        return Device(enrolled.kiosk, self.code, enrolled.epoch, digest_secret(enrolled.token))

    # --- what happens -----------------------------------------------------------------------------------

    @rule(household=st.integers(0, HOUSEHOLDS - 1), points=st.integers(1, 40))
    def award(self, household: int, points: int) -> None:
        self.do(self._award(household, points))

    @rule(n=st.integers(0, 1), lost=st.booleans())
    def renew(self, n: int, lost: bool) -> None:
        self._renew(self.machines[n], lost=lost)

    def _renew(self, machine: Machine, *, lost: bool) -> None:
        if not self._check_current(machine):
            return
        answer = self.do(leases.renew(self.town, self._device(machine), machine.store.journal.position.number))
        if not lost:
            machine.store.leases.save(answer)

    @rule(
        n=st.integers(0, 1),
        household=st.integers(0, HOUSEHOLDS - 1),
        pieces=st.integers(1, 8),
        fate=st.sampled_from(["answered", "answer lost", "request lost", "arrives late"]),
        other_is=st.sampled_from(OTHERS),
    )
    def sell_online(self, n: int, household: int, pieces: int, fate: str, other_is: str) -> None:
        self._sell_online(n, household, pieces, fate, other_is)

    @rule(n=st.integers(0, 1), household=st.integers(0, HOUSEHOLDS - 1), other_is=st.sampled_from(OTHERS))
    def spend_all(self, n: int, household: int, other_is: str) -> None:
        """At one till, wherever its points are held; the server knows of the shift."""
        self._upload(self.machines[n], 200)
        own, held, _ = self.do(self._points(household))
        if own + held >= PRICE:
            self._sell_online(n, household, (own + held) // PRICE, "answered", other_is)

    def _sell_online(self, n: int, household: int, pieces: int, fate: str, other_is: str) -> None:
        machine = self.machines[n]
        if other_is != "away":
            self._hear(self.machines[1 - n], "nothing")
        confirmed = self._confirm(machine, household, pieces)
        leased = machine.store.redemptions.confirm(confirmed, sent=True)
        receipt = None
        if fate in ("answered", "answer lost"):
            try:
                receipt = self._redeem_with_recall(machine, confirmed, leased, household, other_is)
            except Refused as refusal:
                if refusal.code not in EXPECTED:
                    raise
                machine.store.redemptions.withdraw()
                return
        if fate == "answered" and receipt is not None:
            machine.store.redemptions.save_answer(receipt)
            self._add_sale(machine, confirmed, household)
            return
        self._serve_without_answer(machine, confirmed, household, sure=False)
        if fate == "arrives late":
            # A proxy delayed it: it either counts, and the entry is then known, or it comes too late.
            try:
                self.do(self._redeem(machine, confirmed, leased))
            except Refused as refusal:
                if refusal.code not in {*EXPECTED, "abandoned"}:
                    raise

    def _redeem_with_recall(
        self, machine: Machine, confirmed: ConfirmedCart, leased: int, household: int, other_is: str
    ) -> wire.Receipt:
        """As the counter does: it asks again once the other kiosk has heard of it."""
        try:
            return self.do(self._redeem(machine, confirmed, leased))
        except Refused as refusal:
            if not refusal.extra.get("recalled"):
                raise
        [other] = [each for each in self.machines if each is not machine]
        spared = other.store.leases.get_available(self.ids[household]) == self.do(self._escrow(other, household))
        self._hear(other, other_is)
        leased = machine.store.redemptions.reserve_points()
        try:
            return self.do(self._redeem(machine, confirmed, leased))
        except Refused as refusal:
            # All that was missing had been there, and the other one's word has arrived.
            if refusal.code == "insufficient-points" and spared and other_is == "online" and not other.suspect:
                raise AssertionError(refusal.extra) from refusal
            raise

    async def _redeem(self, machine: Machine, confirmed: ConfirmedCart, leased: int) -> wire.Receipt:
        if not await self._is_current(machine):
            raise Refused(ErrorCode.SHIFT_CLOSED, "停用了")
        token = machine.store.shifts.required.token
        device = machine.store.enrolments.required.token
        request = RedemptionRequest.from_wire(device, token, confirmed.id, confirmed.build_request(leased))
        return await redeem(self.town, request)

    @rule(
        n=st.integers(0, 1),
        household=st.integers(0, HOUSEHOLDS - 1),
        pieces=st.integers(1, 4),
        recalled=st.booleans(),
    )
    def sell_offline(self, n: int, household: int, pieces: int, recalled: bool) -> None:
        """Perhaps the network is back for a moment, and a recall is heard in the middle of the sale."""
        machine = self.machines[n]
        confirmed = self._confirm(machine, household, pieces)
        machine.store.redemptions.confirm(confirmed, sent=False)
        if recalled:
            self._hear(machine, "nothing")
            self.do(self._recall(self.machines[1 - n], household, 1))
            self._hear(machine, "cut off")
        self._serve_without_answer(machine, confirmed, household, sure=True)

    @rule(
        n=st.integers(0, 1),
        household=st.integers(0, HOUSEHOLDS - 1),
        missing=st.integers(1, 60),
        heard=st.sampled_from(OTHERS),
        times=st.integers(1, 3),
    )
    def recall(self, n: int, household: int, missing: int, heard: str, times: int) -> None:
        """Machine `n` is asked, perhaps several times and while it is away; perhaps its power goes in between."""
        machine = self.machines[n]
        self._hear(machine, "nothing")
        for _ in range(times):
            self.do(self._recall(self.machines[1 - n], household, missing))
            if heard != "away":
                self._hear(machine, heard)

    @rule(household=st.integers(0, HOUSEHOLDS - 1), pieces=st.integers(3, 12))
    def both_recall(self, household: int, pieces: int) -> None:
        """Both kiosks have a redemption that needs what the other one holds: the first is served."""
        for machine in self.machines:
            self._upload(machine, 200)
            self._hear(machine, "nothing")
        confirmed = [self._confirm(machine, household, pieces) for machine in self.machines]
        leased = [m.store.redemptions.confirm(c, sent=True) for m, c in zip(self.machines, confirmed, strict=True)]
        first, second = self.machines
        receipts: list[wire.Receipt | None] = [None, None]
        for k in (0, 1, 0):
            if receipts[k] is None:
                try:
                    receipts[k] = self.do(self._redeem(self.machines[k], confirmed[k], leased[k]))
                except Refused as refusal:
                    if refusal.code not in EXPECTED:
                        raise
                if k == 1 and receipts[1] is None:
                    second.store.redemptions.withdraw()
                    self._hear(second, "online")
        for k, machine in enumerate((first, second)):
            receipt = receipts[k]
            if receipt is not None:
                machine.store.redemptions.save_answer(receipt)
                self._add_sale(machine, confirmed[k], household)
            elif machine.store.redemptions.pending is not None:
                machine.store.redemptions.withdraw()

    async def _recall(self, asker: Machine, household: int, missing: int) -> None:
        if await self._is_current(asker):
            shortage = Shortage(self.ids[household], f"{self.code}-{household}", self._device(asker), missing)
            await recall(self.town, shortage, Refused(ErrorCode.INSUFFICIENT_POINTS, "积分不够。"))

    def _hear(self, machine: Machine, then: str) -> None:
        """The machine asks for recalls; what it hears it answers, and uploads that `online` alone."""
        if not self._check_current(machine):
            return
        live = self.do(listen(self.town, self._device(machine), 20))
        if then == "nothing":
            return
        recalls = live.to_wire(self.clock.now()).recalls
        if recalls and not machine.store.leases.return_recalled(recalls) and then == "online":
            self._upload(machine, 200)
            self._renew(machine, lost=False)
        if then == "online":
            self._upload(machine, 200)
        elif then == "power cut":
            machine.store.close()
            machine.store = self._open_store(machine.folder, machine.off)

    def _confirm(self, machine: Machine, household: int, pieces: int) -> ConfirmedCart:
        shift = machine.store.shifts.required
        item = wire.ShelfItem(product="soap", number=1, name="肥皂", barcode="0", price=PRICE, stock=9)
        view = wire.CardView(household=self.ids[household], name="王**", village=self.code, balance=0, pending=0)
        return ConfirmedCart(
            id=uuid7(),
            token=self.cards[household],
            view=view,
            picked=[PickedItem(item=item, quantity=pieces)],
            shift=shift.id,
            attendant=shift.attendant,
        )

    def _serve_without_answer(
        self, machine: Machine, confirmed: ConfirmedCart, household: int, *, sure: bool
    ) -> None:
        """The counter then serves from the lease, or not at all."""
        store = machine.store
        left = store.leases.get_available(confirmed.view.household, less_pending=False)
        known = store.leases.find_by_card(hash_card(confirmed.token)) is not None
        enrolled = store.enrolments.required
        if known and left >= confirmed.total and not store.leases.expired and not enrolled.lockout_reason:
            store.redemptions.redeem_by_lease(sure=sure)
            self._add_sale(machine, confirmed, household)
        elif sure:
            store.redemptions.withdraw()
        else:
            store.redemptions.give_up()
            self.given_up.add(confirmed.id)

    def _add_sale(self, machine: Machine, confirmed: ConfirmedCart, household: int) -> None:
        self.sales[confirmed.id] = Sale(household, confirmed.total, machine.place)

    @rule(n=st.integers(0, 1), data=st.data())
    def void(self, n: int, data: st.DataObject) -> None:
        store = self.machines[n].store
        voidable = store.redemptions.list_voidable()
        if voidable:
            receipt = data.draw(st.sampled_from(voidable)).receipt
            store.redemptions.void(receipt.id, "扫错了卡")
            self.sales[receipt.id].voided = True

    @rule(n=st.integers(0, 1), most=st.integers(1, 5), lost=st.booleans(), times=st.integers(1, 3))
    def upload(self, n: int, most: int, lost: bool, times: int) -> None:
        """Some of the unsettled entries, perhaps without an answer, perhaps several times."""
        for again in range(times):
            self._upload(self.machines[n], most, lost=lost or again + 1 < times)

    def _upload(self, machine: Machine, most: int, *, lost: bool = False) -> None:
        store = machine.store
        for enrolled in store.journal.list_unsettled_enrolments():
            entries = store.journal.get_next_batch(enrolled)[:most]
            try:
                answer = self.do(receive(self.town, enrolled.kiosk, enrolled.epoch, entries))
            except Refused as refusal:
                if refusal.code != "journal-gap":
                    raise
                store.resend_from(enrolled, refusal.extra["expected"])
                continue
            if not lost:
                store.settle(enrolled, answer)

    @rule(n=st.integers(0, 1))
    def power_cut(self, n: int) -> None:
        machine = self.machines[n]
        machine.store.close()
        machine.store = self._open_store(machine.folder, machine.off)

    @rule(n=st.integers(0, 1))
    def next_shift(self, n: int) -> None:
        self._sign_in(self.machines[n])

    @rule(n=st.integers(0, 1), hours=st.integers(-300, 300))
    def clock_jumps(self, n: int, hours: int) -> None:
        self.machines[n].off = timedelta(hours=hours)
        self.power_cut(n)

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.clock.travel(self.clock.now() + timedelta(hours=hours))

    @rule(household=st.integers(0, HOUSEHOLDS - 1))
    def card_lost(self, household: int) -> None:
        self.do(self._revoke(household))

    async def _revoke(self, household: int) -> None:
        async with self.town.unit_of_work() as uow:
            ours = (Card.township == uow.township, Card.household == self.ids[household])
            await uow.session.execute(update(Card).where(*ours).values(revoked_at=uow.now))

    @rule(n=st.integers(0, 1))
    def copy_the_disk(self, n: int) -> None:
        machine = self.machines[n]
        if machine.copy is None and not machine.suspect:
            machine.store.close()
            machine.copy = self.folder / f"copy{next(self.numbers)}"
            shutil.copytree(machine.folder, machine.copy)
            machine.copied = set(self.sales)
            machine.store = self._open_store(machine.folder, machine.off)

    @precondition(lambda self: any(m.copy for m in self.machines))
    @rule(n=st.integers(0, 1))
    def the_disk_goes_back(self, n: int) -> None:
        machine = self.machines[n]
        if machine.copy is None:
            return
        machine.store.close()
        shutil.rmtree(machine.folder)
        shutil.move(machine.copy, machine.folder)
        machine.copy, machine.suspect = None, True
        machine.store = self._open_store(machine.folder, machine.off)
        # Entries written since then and never uploaded are lost with the disk.
        counted = self.do(self._find_known())
        for id in [i for i, s in self.sales.items() if s.kiosk == machine.place and i not in machine.copied]:
            if id not in counted:
                del self.sales[id]

    @rule(n=st.integers(0, 1))
    def kiosk_lost(self, n: int) -> None:
        """Its enrolment is ended, and the same machine is enrolled again."""
        machine = self.machines[n]
        if not self._check_current(machine):
            return
        self.do(ending.end_enrolment(self.town, self.office, machine.place, "找不到了"))
        code = self.do(enrolment.issue_code(self.town, self.office, machine.place)).code
        # Entries that it had not uploaded by then are late.
        machine.suspect = machine.suspect or bool(machine.store.journal.unsettled_count)
        self._enrol(machine, code)

    # --- what always holds ------------------------------------------------------------------------------

    def _check_current(self, machine: Machine) -> bool:
        return self.do(self._is_current(machine))

    async def _is_current(self, machine: Machine) -> bool:
        enrolled = machine.store.enrolments.required
        async with self.town.unit_of_work() as uow:
            found = await uow.session.get_one(KioskEnrolment, (uow.township, enrolled.kiosk, enrolled.epoch))
            return leases.is_current(found)

    @invariant()
    def every_point_is_somewhere(self) -> None:
        if not self.machines:
            return
        for n in range(HOUSEHOLDS):
            own, held, spent = self.do(self._points(n))
            assert own >= 0
            assert held >= 0
            assert own + held + spent == self.awarded[n]

    @invariant()
    def no_kiosk_has_more_leased_than_the_books(self) -> None:
        for machine in self.machines:
            if machine.suspect or not self._check_current(machine):
                continue
            # A void gives back at once what the books give back when they have it: before any later entry.
            waiting = machine.store.journal.get_next_batch(machine.store.enrolments.required)
            if any(isinstance(signed.decode(), VoidEntry) for signed in waiting):
                continue
            for n in range(HOUSEHOLDS):
                held = self.do(self._escrow(machine, n))
                assert machine.store.leases.get_available(self.ids[n]) <= held

    async def _escrow(self, machine: Machine, n: int) -> int:
        enrolled = machine.store.enrolments.required
        account = accounts.escrow(f"{self.code}-{n}", enrolled.kiosk, enrolled.epoch).id
        async with self.town.unit_of_work() as uow:
            found = await uow.books.read_balances([account])
            return found[account].available if account in found else 0

    async def _points(self, n: int) -> tuple[int, int, int]:
        """In its own account, leased, and spent on redemptions that count."""
        async with self.town.unit_of_work() as uow:
            code = f"{self.code}-{n}"
            own = (await uow.books.read_balance(accounts.household(code).id)).available
            parameters = {"township": uow.township, "household": self.ids[n], "code": code}
            held = sum(each.points for each in await uow.session.execute(LEASED_POINTS, parameters))
            spent = await uow.session.scalar(
                select(func.coalesce(func.sum(Redemption.receipt["points"].as_integer()), 0))
                .outerjoin(Void, (Void.township == Redemption.township) & (Void.id == Redemption.id))
                .where(
                    Redemption.township == uow.township,
                    Redemption.household == self.ids[n],
                    Void.id.is_(None),
                )
            )
            return own, held, int(spent or 0)

    async def _find_known(self) -> set[UUID]:
        """Redemptions that the server knows, booked or not."""
        async with self.town.unit_of_work() as uow:
            counted = await uow.session.scalars(
                select(Redemption.id).where(
                    Redemption.township == uow.township, Redemption.supermarket == self.code
                )
            )
            reported = await uow.session.scalars(
                select(JournalEntry.redemption).where(JournalEntry.township == uow.township)
            )
            return set(counted) | {id for id in reported if id is not None}

    async def _read_results(self) -> tuple[set[UUID], dict[UUID, set[str]]]:
        """Redemptions that count, and the statuses of the entries about each."""
        async with self.town.unit_of_work() as uow:
            counting = await uow.session.scalars(
                select(Redemption.id)
                .outerjoin(Void, (Void.township == Redemption.township) & (Void.id == Redemption.id))
                .where(
                    Redemption.township == uow.township,
                    Redemption.supermarket == self.code,
                    Void.id.is_(None),
                )
            )
            statuses: dict[UUID, set[str]] = {}
            rows = await uow.session.execute(
                select(JournalEntry.redemption, JournalEntry.status).where(
                    JournalEntry.township == uow.township, JournalEntry.redemption.is_not(None)
                )
            )
            for id, status in rows:
                statuses.setdefault(id, set()).add(status)
            return set(counting), statuses

    def teardown(self) -> None:
        try:
            if self.machines:
                self._reconnect()
        finally:
            for machine in self.machines:
                machine.store.close()
            shutil.rmtree(self.folder)

    def _reconnect(self) -> None:
        for machine in self.machines:
            for _ in range(4):
                self._upload(machine, 200)
            self._renew(machine, lost=False)
            self._upload(machine, 200)
            assert machine.store.journal.unsettled_count == 0
        counting, statuses = self.do(self._read_results())
        doubtful = {m.place for m in self.machines if m.suspect}
        for id, sale in self.sales.items():
            waits = statuses.get(id, set()) & {"exception", "late", "fork"}
            if sale.kiosk in doubtful:
                assert id in counting or waits or sale.voided, "handed over, and nobody knows"
            elif sale.voided:
                assert id not in counting
            else:
                assert id in counting, statuses.get(id)
        for id in self.given_up:
            assert id not in counting or statuses.get(id, set()) & {"exception", "late", "fork"}
        for machine in self.machines:
            if not machine.suspect:
                self._end_and_check_leases(machine)
        assert self.do(self._find_faults()) == []

    def _end_and_check_leases(self, machine: Machine) -> None:
        """After a regular end of its enrolment, nothing is left in escrow."""
        self.do(ending.end_enrolment(self.town, self.office, machine.place, "收摊了"))
        for n in range(HOUSEHOLDS):
            assert self.do(self._escrow(machine, n)) == 0

    async def _find_faults(self) -> list[str]:
        async with self.town.unit_of_work() as uow:
            connection = await uow.session.connection()
            found = [str(d) async for d in verify(connection, uow.township)]
            return found + [str(d) async for d in find_undocumented(connection, uow.township)]


def test_any_outage(clone: Clone) -> None:
    clock = TravelClock(NOW)
    with asyncio.Runner() as runner:
        context = opened(clone, clock)
        town = runner.run(context.__aenter__())
        try:
            office = runner.run(_office(town))
            run(
                lambda: Outage(town, clock, office, runner),
                settings=settings(
                    max_examples=many(12, 250),
                    stateful_step_count=25,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(context.__aexit__(None, None, None))


async def _office(town: Services) -> Staff:
    person = wire.NewPerson(
        login="office", name="乡镇办公室", roles=["office"], township=True, password="correct horse"
    )
    await init_township(town, "示范乡", person)
    async with town.unit_of_work() as uow:
        id = await uow.session.scalar(select(Person.id))
        assert id is not None
        uow.session.add(
            Product(
                township=uow.township, code="soap", number=1, name="肥皂", barcode="6901234567892", price=PRICE
            )
        )
        await uow.books.open_accounts(
            [accounts.ISSUING, accounts.supply("soap"), accounts.handed_out("soap")], uow.now
        )
    return Staff(id, "乡镇办公室", frozenset({Role.OFFICE}), None)
