"""One redemption, from the attendant's word to the receipt: every step is one commit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

import msgspec

from api.wire import CardView, Receipt, ReceiptLine, RedemptionLine, ShelfItem
from api.wire import Redemption as Wanted
from api.wire.till_journal import Digest, SaleEntry, VoidEntry
from kiosk.language import N_
from kiosk.store.database import Database
from kiosk.store.enrolments import Enrolled, Enrolments
from kiosk.store.journal import Journal
from kiosk.store.leases import Leases
from kiosk.store.receipts import KeptReceipt, Receipts
from kiosk.store.shelf import Goods
from kiosk.store.shifts import Duty, Shifts

GIVEN_UP = N_("没有得到答复，没有发放物品")


def card_digest(token: str) -> Digest:
    """What register and leases know a card by."""
    return hashlib.sha256(token.encode("ascii")).hexdigest()


class Picked(msgspec.Struct, frozen=True):
    """Goods in a confirmed cart, as the shelf had them."""

    item: ShelfItem
    quantity: int

    @property
    def line(self) -> ReceiptLine:
        item = self.item
        return ReceiptLine(
            product=item.product,
            name=item.name,
            quantity=self.quantity,
            price=item.price,
            points=item.price * self.quantity,
        )


class Confirmed(msgspec.Struct, frozen=True):
    """What the attendant confirmed: a card and goods. The card's token is kept until there is a receipt, and that
    of `collector`, a neighbour who takes the goods home. `shift` and `attendant` are those of the confirmation.
    `promise`: the goods were kept for the household, under this id, at their price of that day."""

    id: UUID
    token: str
    view: CardView
    picked: list[Picked]
    shift: UUID
    attendant: UUID
    collector: str = ""
    collector_name: str = ""
    promise: UUID | None = None

    @property
    def total(self) -> int:
        return sum(picked.line.points for picked in self.picked)

    def wanted(self, leased: int) -> Wanted:
        lines = [
            RedemptionLine(product=picked.item.product, quantity=picked.quantity, price=picked.item.price)
            for picked in self.picked
        ]
        return Wanted(card=self.token, lines=lines, leased=leased, collector=self.collector)


@dataclass(frozen=True, slots=True)
class Kept:
    """The pending redemption as the disk has it. `sent`: the server may have heard of it."""

    confirmed: Confirmed
    leased: int
    sent: bool


class Redemptions:
    def __init__(
        self,
        database: Database,
        enrolments: Enrolments,
        journal: Journal,
        leases: Leases,
        goods: Goods,
        shifts: Shifts,
        receipts: Receipts,
    ) -> None:
        self._database = database
        self._enrolments = enrolments
        self._journal = journal
        self._leases = leases
        self._goods = goods
        self._shifts = shifts
        self._receipts = receipts

    @property
    def pending(self) -> Kept | None:
        row = self._database.row("select body, leased, sent from pending")
        if row is None:
            return None
        body, leased, sent = row
        return Kept(msgspec.json.decode(body, type=Confirmed), leased, bool(sent))

    def confirm(self, confirmed: Confirmed, *, sent: bool) -> int:
        """From here on it survives the power cut. Gives the leased points set aside for it. `sent`: it is about to
        go to the server."""
        household = confirmed.view.household
        leased = 0 if confirmed.promise else min(self._leases.left(household), confirmed.total)
        with self._database.commit("confirm"):
            self._database.write(
                "insert into pending (one, household, leased, sent, body) values (1, ?, ?, ?, ?)",
                *(str(household), leased, sent, msgspec.json.encode(confirmed).decode()),
            )
        return leased

    def set_aside(self) -> int:
        """Leased points for the pending redemption as the leases are now."""
        confirmed = self._required.confirmed
        left = self._leases.left(confirmed.view.household, beside_pending=False)
        leased = 0 if confirmed.promise else min(left, confirmed.total)
        with self._database.commit("set aside"):
            self._database.write("update pending set leased = ?", leased)
        return leased

    def mark_sent(self) -> None:
        """Before it goes to the server after all."""
        if not self._required.sent:
            with self._database.commit("sent"):
                self._database.write("update pending set sent = 1")

    def answered(self, receipt: Receipt) -> KeptReceipt:
        """The server's receipt, the entry and the print job."""
        kept = self._required
        if receipt.id != kept.confirmed.id:
            raise ValueError("a receipt for another redemption")
        with self._database.commit("answer"):
            self._finish(kept, receipt, leased=receipt.leased, answered=True, sure=False)
        return KeptReceipt(receipt, offline=False)

    def hand_over(self, *, sure: bool) -> KeptReceipt:
        """By lease, without the server: redemption, lease, shelf, entry, receipt and print job together. `sure`:
        no try has reached the server."""
        kept = self._required
        confirmed = kept.confirmed
        household = confirmed.view.household
        duty, till = self._shifts.on_duty, self._goods.till
        left = self._leases.left(household, beside_pending=False) - confirmed.total
        if left < 0:
            raise ValueError("the lease doesn't cover it")
        receipt = Receipt(
            id=confirmed.id,
            supermarket=till.supermarket if till else self._enrolments.required.supermarket,
            attendant=duty.name,
            name=confirmed.view.name,
            lines=[picked.line for picked in confirmed.picked],
            points=confirmed.total,
            balance=left,
            recorded_at=self._database.clock.now(),
            leased=confirmed.total,
            collector=confirmed.collector_name,
        )
        with self._database.commit("hand over"):
            self._finish(kept, receipt, leased=confirmed.total, answered=False, sure=sure)
        return KeptReceipt(receipt, offline=True)

    def _finish(self, kept: Kept, receipt: Receipt, *, leased: int, answered: bool, sure: bool) -> None:
        confirmed, duty = kept.confirmed, self._shifts.on_duty
        number = self._journal.sold(
            SaleEntry(
                at=self._database.clock.now(),
                id=confirmed.id,
                shift=duty.shift,
                attendant=duty.attendant,
                household=confirmed.view.household,
                card=card_digest(confirmed.token),
                lines=[picked.line for picked in confirmed.picked],
                leased=leased,
                answered=answered,
                collector=card_digest(confirmed.collector) if confirmed.collector else "",
            ),
            sure=sure,
        )
        self._receipts.keep(receipt, duty.shift, number, offline=not answered)
        self._database.write("delete from pending")

    def withdraw(self) -> None:
        """It never left the kiosk, or the server refused it: as if it had not been."""
        with self._database.commit("withdraw"):
            self._database.write("delete from pending")

    def give_up(self) -> None:
        """The server may have heard of it, and it is never to count: nothing was handed over."""
        with self._database.commit("give up"):
            self.write_off()

    def write_off(self, under: Enrolled | None = None) -> None:
        """Inside a commit."""
        kept = self.pending
        if kept is None:
            return
        if kept.sent:
            confirmed = kept.confirmed
            self._journal.voided(
                VoidEntry(
                    at=self._database.clock.now(),
                    id=confirmed.id,
                    shift=confirmed.shift,
                    attendant=confirmed.attendant,
                    reason=GIVEN_UP,
                ),
                under=under,
            )
        self._database.write("delete from pending")

    def void(self, redemption: UUID, reason: str) -> None:
        """Goods came back over the counter: points and goods go back together. Of this shift only."""
        duty = self._shifts.on_duty
        with self._database.commit("void"):
            self._journal.voided(
                VoidEntry(
                    at=self._database.clock.now(),
                    id=redemption,
                    shift=duty.shift,
                    attendant=duty.attendant,
                    reason=reason,
                )
            )

    def voidable(self) -> list[KeptReceipt]:
        """The redemptions of this shift that count, newest first."""
        duty: Duty | None = self._shifts.duty
        kept = self._receipts.of_shift(duty.shift) if duty is not None else []
        return [each for each in kept if not each.voided]

    @property
    def _required(self) -> Kept:
        kept = self.pending
        if kept is None:
            raise ValueError("nothing is pending")
        return kept
