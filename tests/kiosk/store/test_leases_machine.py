"""In any order of sales, voids, lost and late answers and power cuts, the kiosk never counts more points as
available than the server will find in escrow."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from api.wire.till_journal import AnyEntry, Recall, ReturnEntry, SaleEntry, SignedEntry, VoidEntry
from tests.kiosk.store.conftest import LI, TOKENS, WANG, Bench
from tests.profile import many

pytestmark = pytest.mark.slow

HOUSEHOLDS = st.sampled_from([WANG, LI])
POWER_CUTS = [f"{moment} {step}" for step in ("confirm", "leases", "recalled") for moment in ("before", "after")]


class PowerCut(BaseException):
    pass


@dataclass
class Books:
    """The server's accounts, escrow and journal up to its head, as in api/shop/offline/settlement.py."""

    account: dict[UUID, int] = field(default_factory=lambda: {WANG: 60, LI: 25})
    escrow: dict[UUID, int] = field(default_factory=lambda: {WANG: 0, LI: 0})
    paid: dict[UUID, tuple[UUID, int, int]] = field(default_factory=dict)
    voided: set[UUID] = field(default_factory=set)
    head: int = 0

    def copy(self) -> Books:
        return Books(dict(self.account), dict(self.escrow), dict(self.paid), set(self.voided), self.head)

    def redeem(self, id: UUID, household: UUID, points: int, allowed: int) -> int | None:
        """A request over HTTP: returns the leased points taken, None when refused."""
        if id in self.paid:
            return self.paid[id][2]
        if id in self.voided:
            return None
        leased = max(min(points - self.account[household], allowed, self.escrow[household]), 0)
        return leased if self._pay(id, household, points, leased) else None

    def _pay(self, id: UUID, household: UUID, points: int, leased: int) -> bool:
        if self.account[household] + leased < points:
            return False
        self.escrow[household] -= leased
        self.account[household] -= points - leased
        self.paid[id] = (household, points, leased)
        return True

    def settle(self, signed: SignedEntry) -> None:
        if signed.number <= self.head:
            return
        assert signed.number == self.head + 1
        self.head += 1
        self._settle(signed.decode())

    def _settle(self, entry: AnyEntry) -> None:
        match entry:
            case SaleEntry() if entry.id in self.paid:
                rest = entry.leased - self.paid[entry.id][2]
                if rest > 0:
                    self._give_back(entry.household, rest)
            case SaleEntry() if entry.id not in self.voided:
                leased = min(entry.leased, self.escrow[entry.household], entry.points)
                self._pay(entry.id, entry.household, entry.points, leased)
            case VoidEntry() if entry.id not in self.voided:
                self.voided.add(entry.id)
                if entry.id in self.paid:
                    household, points, leased = self.paid[entry.id]
                    self.account[household] += points - leased
                    self.escrow[household] += leased
            case ReturnEntry():
                self._give_back(entry.household, entry.points)

    def _give_back(self, household: UUID, points: int) -> None:
        points_back = min(points, self.escrow[household])
        self.escrow[household] -= points_back
        self.account[household] += points_back


class LeasesMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="jimei-kiosk-")
        self.bench = Bench(Path(self.folder.name) / "kiosk")
        self.bench.open()
        self.bench.enrol()
        self.bench.sign_in()
        self.books = Books()
        self.late: list[tuple[int, dict[UUID, int], int]] = []

    # --- the network ------------------------------------------------------------------------------------

    @rule(wanted=st.integers(0, 40), back=st.integers(0, 15), arrives=st.sampled_from(["now", "late", "never"]))
    def renew(self, wanted: int, back: int, arrives: str) -> None:
        for household in self.books.escrow:
            more = max(min(wanted - self.books.escrow[household], self.books.account[household]), 0)
            self.books.account[household] -= more
            self.books.escrow[household] += more
        answer = (self.books.head, dict(self.books.escrow), back)
        if arrives == "now":
            # Requests go out one at a time: an earlier answer can't arrive any more.
            self.late.clear()
            self.arrive(answer)
        elif arrives == "late":
            self.late = [answer]

    @precondition(lambda self: self.late)
    @rule()
    def arrive_late(self) -> None:
        self.arrive(self.late.pop())

    def arrive(self, answer: tuple[int, dict[UUID, int], int]) -> None:
        head, held, back = answer
        self.bench.lease(held, head=head, give_back=back)

    @rule(most=st.integers(1, 5), answered=st.booleans())
    def upload(self, most: int, answered: bool) -> None:
        for signed in self.bench.store.journal.get_next_batch(self.bench.store.enrolments.required)[:most]:
            self.books.settle(signed)
        if answered and self.books.head:
            waiting = self.bench.store.journal.get_next_batch(self.bench.store.enrolments.required)
            done = sum(signed.number <= self.books.head for signed in waiting)
            if done:
                self.bench.settle(upto=done)

    # --- the counter ------------------------------------------------------------------------------------

    @rule(household=HOUSEHOLDS, points=st.integers(1, 40))
    def recall(self, household: UUID, points: int) -> None:
        """Heard of at any time, also again, and in the middle of a sale."""
        self.bench.store.leases.return_recalled([Recall(household=household, points=points)])

    @property
    def idle(self) -> bool:
        return self.bench.store.redemptions.pending is None

    @precondition(lambda self: self.idle)
    @rule(household=HOUSEHOLDS, pieces=st.integers(1, 5), reaches=st.sampled_from(["no", "yes", "answered"]))
    def sell(self, household: UUID, pieces: int, reaches: str) -> None:
        redemption = self.bench.confirm(household, pieces, sent=reaches != "no")
        if reaches != "no":
            self.put(redemption, answered=reaches == "answered")

    @precondition(lambda self: not self.idle)
    @rule(answered=st.booleans())
    def try_again(self, answered: bool) -> None:
        self.bench.store.redemptions.mark_sent()
        stored = self.bench.store.redemptions.pending
        assert stored is not None
        self.put(stored.cart.id, answered=answered)

    def put(self, redemption: UUID, *, answered: bool) -> None:
        stored = self.bench.store.redemptions.pending
        assert stored is not None
        household = stored.cart.view.household
        leased = self.books.redeem(redemption, household, stored.cart.total, stored.leased)
        if not answered:
            return
        if leased is None:
            self.bench.store.redemptions.give_up()
        else:
            pieces = stored.cart.picked[0].quantity
            self.bench.store.redemptions.save_answer(self.bench.receipt(redemption, pieces, leased))

    @precondition(lambda self: not self.idle)
    @rule()
    def finish_offline(self) -> None:
        stored = self.bench.store.redemptions.pending
        assert stored is not None
        available = self.bench.store.leases.get_available(stored.cart.view.household, less_pending=False)
        if stored.cart.total <= available:
            self.bench.store.redemptions.redeem_by_lease(sure=not stored.sent)
        else:
            self.bench.store.redemptions.give_up()

    @precondition(lambda self: self.bench.store.redemptions.list_voidable())
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        stored = data.draw(st.sampled_from(self.bench.store.redemptions.list_voidable()))
        self.bench.store.redemptions.void(stored.receipt.id, "扫错了卡")

    @rule(
        step=st.sampled_from(
            [
                "before confirm",
                "after confirm",
                "before leases",
                "after leases",
                "before recalled",
                "after recalled",
            ]
        )
    )
    def power_cut(self, step: str) -> None:
        def cut(point: str) -> None:
            if point == step:
                raise PowerCut

        self.bench.fault_hook = cut
        try:
            if "confirm" in step and self.idle:
                self.bench.confirm(sent=False)
            elif "leases" in step:
                self.renew(wanted=30, back=3, arrives="now")
            elif "recalled" in step:
                self.recall(WANG, 20)
        except PowerCut:
            self.late.clear()
        self.bench.fault_hook = lambda point: None
        self.bench.reopen()

    # --- invariants -------------------------------------------------------------------------------------

    @invariant()
    def never_more_than_the_escrow(self) -> None:
        if not hasattr(self, "bench"):
            return
        books = self.books.copy()
        for signed in self.bench.store.journal.get_next_batch(self.bench.store.enrolments.required):
            books.settle(signed)
        pending = self.bench.store.redemptions.pending
        for household in TOKENS:
            available = self.bench.store.leases.get_available(household)
            reserved = pending.leased if pending and pending.cart.view.household == household else 0
            if pending and pending.cart.id in books.paid:
                reserved = 0
            assert available >= 0
            assert available + reserved <= books.escrow[household]

    @invariant()
    def every_sale_is_paid(self) -> None:
        if not hasattr(self, "bench"):
            return
        books = self.books.copy()
        for signed in self.bench.store.journal.get_next_batch(self.bench.store.enrolments.required):
            books.settle(signed)
        for stored in self.bench.store.redemptions.list_voidable():
            assert stored.receipt.id in books.paid

    def teardown(self) -> None:
        if hasattr(self, "bench"):
            self.bench.store.close()
            self.folder.cleanup()


TestLeases = LeasesMachine.TestCase
TestLeases.settings = settings(max_examples=many(30, 600), stateful_step_count=30)
