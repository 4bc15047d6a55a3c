"""A kiosk's store without a server: the answers are made here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from api import wire
from api.wire import CardView, ShelfItem, Till
from api.wire.till_journal import (
    ZERO_HASH,
    Enrolment,
    EntryOutcome,
    HouseholdLease,
    KioskLeases,
    UploadResult,
)
from kiosk.store.facade import Store
from kiosk.store.redemptions import ConfirmedCart, PickedItem, hash_card

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
KIOSK = UUID(int=7)
WANG, LI = UUID(int=1), UUID(int=2)
TOKENS = {WANG: "A" * 20, LI: "B" * 20}
SOAP = ShelfItem(product="soap", number=1, name="肥皂", barcode="6901234567892", price=5, stock=10)
CHEN = UUID(int=99)


@dataclass
class Bench:
    """A store that can be reopened, and the answers of a server. `time` is the machine's clock; `fault_hook` may
    raise to cut the power."""

    folder: Path
    time: datetime = NOW
    fault_hook: Callable[[str], None] = lambda point: None
    store: Store = field(init=False)

    def open(self) -> None:
        self.store = Store(self.folder, lambda: self.time, lambda point: self.fault_hook(point))

    def reopen(self) -> Store:
        self.store.close()
        self.open()
        return self.store

    def enrol(self, epoch: int = 1, code: str = "") -> None:
        pending = self.store.enrolments.begin("http://jimei.example", code or f"CODE{epoch:08}")
        answer = Enrolment(kiosk=KIOSK, epoch=epoch, token=f"token{epoch}", supermarket="hp", name="前台")
        self.store.enrol(pending, answer)

    def sign_in(self) -> wire.Shift:
        shift = wire.Shift(id=uuid7(), token="shift token", attendant="陈管理员", attendant_id=CHEN)
        self.store.shifts.open(shift, "hash of a PIN")
        return shift

    def lease(
        self,
        points: dict[UUID, int],
        *,
        head: int | None = None,
        hash: str = "",
        days: int = 7,
        give_back: int = 0,
        pin_above: int | None = None,
        current: bool = True,
        now: datetime | None = None,
    ) -> None:
        now = now or self.time
        here = self.hashes()
        head = len(here) if head is None else head
        self.store.leases.save(
            KioskLeases(
                kiosk=KIOSK,
                epoch=self.store.enrolments.required.epoch,
                head=head,
                hash=hash or ([ZERO_HASH, *here][head] if head <= len(here) else "f" * 64),
                current=current,
                expires_at=now + timedelta(days=days),
                now=now,
                households=[
                    HouseholdLease(
                        household=household,
                        card=hash_card(TOKENS[household]),
                        name="王**",
                        village="河畔村",
                        points=held,
                        give_back=give_back,
                        pin_above=pin_above,
                    )
                    for household, held in points.items()
                ],
            )
        )

    def hashes(self) -> list[str]:
        enrolment = self.store.enrolments.required
        rows = self.store._database.fetch_all(
            "select hash from entry where enrolment = ? order by number", enrolment.id
        )
        return [row[0] for row in rows]

    def settle(self, status: str = "settled", upto: int | None = None) -> None:
        """Settle the unsettled entries, and move the head after them."""
        enrolment, here = self.store.enrolments.required, self.hashes()
        batch = self.store.journal.get_next_batch(enrolment)[:upto]
        outcomes = [EntryOutcome(number=signed.number, status=status) for signed in batch]
        head = batch[-1].number if batch else len(here)
        self.store.settle(
            enrolment,
            UploadResult(head=head, hash=[ZERO_HASH, *here][head], current=True, outcomes=outcomes, now=self.time),
        )

    def confirm(self, household: UUID = WANG, pieces: int = 1, *, sent: bool = False) -> UUID:
        shift = self.store.shifts.required
        view = CardView(household=household, name="王**", village="河畔村", balance=100, pending=0)
        cart = ConfirmedCart(
            id=uuid7(),
            token=TOKENS[household],
            view=view,
            picked=[PickedItem(SOAP, pieces)],
            shift=shift.id,
            attendant=shift.attendant,
        )
        self.store.redemptions.confirm(cart, sent=sent)
        return cart.id

    def sell(self, household: UUID = WANG, pieces: int = 1, *, sure: bool = True) -> UUID:
        redemption = self.confirm(household, pieces)
        self.store.redemptions.redeem_by_lease(sure=sure)
        return redemption

    def receipt(self, redemption: UUID, pieces: int = 1, leased: int = 0) -> wire.Receipt:
        return wire.Receipt(
            id=redemption,
            supermarket="河畔村积美超市",
            attendant="陈管理员",
            name="王**",
            lines=[PickedItem(SOAP, pieces).line],
            points=5 * pieces,
            balance=95,
            recorded_at=self.time,
            leased=leased,
        )


def till(*shelf: ShelfItem) -> Till:
    return Till(supermarket="河畔村积美超市", village="河畔村", shelf=list(shelf), notices=[])


@contextmanager
def bench_in(folder: Path) -> Iterator[Bench]:
    bench = Bench(folder)
    bench.open()
    bench.enrol()
    bench.sign_in()
    yield bench
    bench.store.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A kiosk with an open shift and no lease yet."""
    with bench_in(tmp_path / "kiosk") as bench:
        yield bench
