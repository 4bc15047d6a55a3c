"""One redemption from confirmation to receipt: every step is one commit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

import msgspec

from api.wire import CardView, Receipt, ReceiptLine, Redemption, RedemptionLine, ShelfItem
from api.wire.till_journal import Digest, SaleEntry, VoidEntry
from kiosk.holdings import list_unavailable
from kiosk.language import N_
from kiosk.store.database import Database
from kiosk.store.enrolments import Enrolments, KioskEnrolment
from kiosk.store.journal import Journal
from kiosk.store.leases import Leases
from kiosk.store.receipts import Receipts, StoredReceipt
from kiosk.store.shelf import ShelfSnapshot
from kiosk.store.shifts import OpenShift, Shifts

GIVEN_UP = N_("没有得到答复，没有发放物品")


def hash_card(token: str) -> Digest:
    """The digest that the register and the leases have of a card."""
    return hashlib.sha256(token.encode("ascii")).hexdigest()


class PickedItem(msgspec.Struct, frozen=True):
    """An item of a confirmed cart, as it was on the shelf."""

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


class ConfirmedCart(msgspec.Struct, frozen=True):
    """What the attendant confirmed: a card and goods. `token` is the card's, or of the identification that stands
    for the card with the digest `card`; `collector` that of whoever collects for the household; both are deleted
    with the receipt. `shift` and `attendant` are those of the confirmation. `promise`: the goods were promised
    under this id, at the price of that day."""

    id: UUID
    token: str
    view: CardView
    picked: list[PickedItem]
    shift: UUID
    attendant: UUID
    collector: str = ""
    collector_name: str = ""
    promise: UUID | None = None
    card: str = ""

    @property
    def card_digest(self) -> Digest:
        """Of the household's card."""
        return self.card or hash_card(self.token)

    @property
    def total(self) -> int:
        return sum(picked.line.points for picked in self.picked)

    def build_request(self, leased: int) -> Redemption:
        lines = [
            RedemptionLine(product=picked.item.product, quantity=picked.quantity, price=picked.item.price)
            for picked in self.picked
        ]
        return Redemption(card=self.token, lines=lines, leased=leased, collector=self.collector)


@dataclass(frozen=True, slots=True)
class PendingRecord:
    """The pending redemption on the disk. `leased`: points reserved for it. `sent`: the server may know of it."""

    cart: ConfirmedCart
    leased: int
    sent: bool


@dataclass(frozen=True, slots=True)
class ShiftSale:
    """A redemption of the open shift; `cards`: digests of those it was made with."""

    stored: StoredReceipt
    cards: frozenset[Digest]


class Redemptions:
    def __init__(
        self,
        database: Database,
        enrolments: Enrolments,
        journal: Journal,
        leases: Leases,
        shelf: ShelfSnapshot,
        shifts: Shifts,
        receipts: Receipts,
    ) -> None:
        self._database = database
        self._enrolments = enrolments
        self._journal = journal
        self._leases = leases
        self._shelf = shelf
        self._shifts = shifts
        self._receipts = receipts

    @property
    def pending(self) -> PendingRecord | None:
        row = self._database.fetch_one("select body, leased, sent from pending")
        if row is None:
            return None
        body, leased, sent = row
        return PendingRecord(msgspec.json.decode(body, type=ConfirmedCart), leased, bool(sent))

    def confirm(self, cart: ConfirmedCart, *, sent: bool) -> int:
        """Save it, so that it survives a power cut. `sent`: it is about to go to the server. Returns the leased
        points reserved for it."""
        household = cart.view.household
        leased = 0 if cart.promise else min(self._leases.get_available(household), cart.total)
        with self._database.commit("confirm"):
            self._database.write(
                "insert into pending (one, household, leased, sent, body) values (1, ?, ?, ?, ?)",
                *(str(household), leased, sent, msgspec.json.encode(cart).decode()),
            )
        return leased

    def reserve_points(self) -> int:
        """Reserve points for the pending redemption from the leases as they are now."""
        cart = self._required.cart
        available = self._leases.get_available(cart.view.household, less_pending=False)
        leased = 0 if cart.promise else min(available, cart.total)
        with self._database.commit("reserve"):
            self._database.write("update pending set leased = ?", leased)
        return leased

    def mark_sent(self) -> None:
        """To be called before it goes to the server after all."""
        if not self._required.sent:
            with self._database.commit("sent"):
                self._database.write("update pending set sent = 1")

    def save_answer(self, receipt: Receipt) -> StoredReceipt:
        """Save the server's receipt, the entry and the print job."""
        pending = self._required
        if receipt.id != pending.cart.id:
            raise ValueError("a receipt for another redemption")
        receipt = msgspec.structs.replace(receipt, held=list_unavailable(pending.cart.view))
        with self._database.commit("answer"):
            self._finish(pending, receipt, leased=receipt.leased, answered=True, sure=False)
        return StoredReceipt(receipt, offline=False)

    def redeem_by_lease(self, *, sure: bool) -> StoredReceipt:
        """Redeem without the server: lease, shelf, entry, receipt and print job in one commit. `sure`: no try has
        reached the server."""
        pending = self._required
        cart = pending.cart
        household = cart.view.household
        shift, till = self._shifts.required, self._shelf.till
        balance = self._leases.get_available(household, less_pending=False) - cart.total
        if balance < 0:
            raise ValueError("the lease doesn't cover it")
        receipt = Receipt(
            id=cart.id,
            supermarket=till.supermarket if till else self._enrolments.required.supermarket,
            attendant=shift.name,
            name=cart.view.name,
            lines=[picked.line for picked in cart.picked],
            points=cart.total,
            balance=balance,
            recorded_at=self._database.clock.now(),
            leased=cart.total,
            collector=cart.collector_name,
        )
        with self._database.commit("redeem by lease"):
            self._finish(pending, receipt, leased=cart.total, answered=False, sure=sure)
        return StoredReceipt(receipt, offline=True)

    def _finish(
        self, pending: PendingRecord, receipt: Receipt, *, leased: int, answered: bool, sure: bool
    ) -> None:
        cart, shift = pending.cart, self._shifts.required
        number = self._journal.append_sale(
            SaleEntry(
                at=self._database.clock.now(),
                id=cart.id,
                shift=shift.id,
                attendant=shift.attendant,
                household=cart.view.household,
                card=cart.card_digest,
                lines=[picked.line for picked in cart.picked],
                leased=leased,
                answered=answered,
                collector=hash_card(cart.collector) if cart.collector else "",
            ),
            sure=sure,
        )
        self._receipts.add(receipt, shift.id, number, offline=not answered)
        self._database.write("delete from pending")

    def withdraw(self) -> None:
        """Delete it: it never left the kiosk, or the server refused it."""
        with self._database.commit("withdraw"):
            self._database.write("delete from pending")

    def give_up(self) -> None:
        """Nothing was handed over, so it must never count, even if the server has it."""
        with self._database.commit("give up"):
            self.write_off()

    def write_off(self, enrolment: KioskEnrolment | None = None) -> None:
        """Inside a commit."""
        pending = self.pending
        if pending is None:
            return
        if pending.sent:
            cart = pending.cart
            self._journal.append_void(
                VoidEntry(
                    at=self._database.clock.now(),
                    id=cart.id,
                    shift=cart.shift,
                    attendant=cart.attendant,
                    reason=GIVEN_UP,
                ),
                enrolment=enrolment,
            )
        self._database.write("delete from pending")

    def void(self, redemption: UUID, reason: str) -> None:
        """Take back a redemption of this shift: points and goods."""
        shift = self._shifts.required
        with self._database.commit("void"):
            self._journal.append_void(
                VoidEntry(
                    at=self._database.clock.now(),
                    id=redemption,
                    shift=shift.id,
                    attendant=shift.attendant,
                    reason=reason,
                )
            )
            self._receipts.queue_void_slip(redemption)

    def list_shift(self) -> list[ShiftSale]:
        """All redemptions of this shift, newest first, also those that are void."""
        shift = self._shifts.current
        if shift is None:
            return []
        sales = {
            entry.id: entry for entry in self._journal.list_by_shift(shift.id) if isinstance(entry, SaleEntry)
        }
        return [
            ShiftSale(stored, frozenset({sale.card, sale.collector}) if sale else frozenset())
            for stored in self._receipts.list_by_shift(shift.id)
            for sale in [sales.get(stored.receipt.id)]
        ]

    def list_voidable(self) -> list[StoredReceipt]:
        """The redemptions of this shift that aren't void, newest first."""
        shift: OpenShift | None = self._shifts.current
        receipts = self._receipts.list_by_shift(shift.id) if shift is not None else []
        return [receipt for receipt in receipts if not receipt.voided]

    @property
    def _required(self) -> PendingRecord:
        pending = self.pending
        if pending is None:
            raise ValueError("nothing is pending")
        return pending
