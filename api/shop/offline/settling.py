"""What an entry of a kiosk's journal does to the books.

The kiosk's word counts for what happened at its counter: goods are gone, points were promised. It never counts for
more than the books allow: a household pays from what the kiosk holds of it, then from its account, and where both
don't reach, nothing moves and a person decides. The kiosk's clock decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import select, update

from api.platform import accounts
from api.platform.services import UnitOfWork
from api.registry.register.queries import households
from api.shop.kiosks.escrow import lease_grant, lease_return
from api.shop.kiosks.tables import Attendant, Kiosk, KioskEnrolment, Shift
from api.shop.offline.leases import is_current
from api.shop.offline.reports import shift_report
from api.shop.offline.sale import Outcome, Sale, asked_lines, decide_sale, exception, request_of
from api.shop.offline.tables import JournalEntry
from api.shop.promises.reservations import release_for_shortfall
from api.shop.redemptions.facts import RedemptionRequest, read_facts
from api.shop.redemptions.receipts import KIND
from api.shop.redemptions.tables import Redemption, Void
from api.shop.redemptions.use_cases import lock_and_read_facts
from api.shop.redemptions.writer import StaleBatch, write
from api.wire.till_journal import AnyEntry, ReturnEntry, SaleEntry, ShiftClosingEntry, ShiftOpeningEntry, VoidEntry
from ledger.transactions import Balance, Phase, PostingResult, Status, Transaction, TransactionId

WAITING = ("exception", "late", "fork")
LATE = "终端停用以后才收到，请核对后决定。"


@dataclass(frozen=True, slots=True)
class Settling:
    """One entry, in the caller's database transaction, which holds the enrolment's lock."""

    uow: UnitOfWork
    kiosk: Kiosk
    enrolment: KioskEnrolment
    number: int

    async def settle(self, entry: AnyEntry) -> Outcome:
        match entry:
            case ShiftOpeningEntry():
                return await self._opened(entry)
            case SaleEntry():
                return await self._sold(entry)
            case VoidEntry():
                return await self._voided(entry)
            case ReturnEntry():
                return await self._returned(entry)
            case ShiftClosingEntry():
                return await self._closed(entry)

    # --- shifts -----------------------------------------------------------------------------------------

    async def _opened(self, entry: ShiftOpeningEntry) -> Outcome:
        uow = self.uow
        if await self._shift(entry.shift) is not None:
            return Outcome("known")
        if await self._attendant(entry.attendant) is None:
            return exception("登录的不是本超市的管理员。")
        ours = (Shift.township == uow.township, Shift.kiosk == self.kiosk.id)
        opened_at = min(entry.at, uow.now)
        # Shifts follow each other, also when the news of one comes late.
        later = await uow.session.scalar(
            select(Shift.opened_at).where(*ours, Shift.opened_at > entry.at).order_by(Shift.opened_at).limit(1)
        )
        await uow.session.execute(
            update(Shift)
            .where(*ours, Shift.opened_at <= entry.at, Shift.closed_at.is_(None))
            .values(closed_at=opened_at)
        )
        uow.session.add(
            Shift(
                township=uow.township,
                digest=bytes.fromhex(entry.token),
                id=entry.shift,
                kiosk=self.kiosk.id,
                attendant=entry.attendant,
                opened_at=opened_at,
                closed_at=later if later is not None or is_current(self.enrolment) else uow.now,
            )
        )
        return Outcome("settled")

    async def _closed(self, entry: ShiftClosingEntry) -> Outcome:
        shift = await self._shift(entry.shift)
        if shift is None:
            return exception("没有这个班次的记录。")
        shift.closed_at = shift.closed_at or self.uow.now
        ours = await shift_report(self.uow, entry.shift)
        theirs = entry.report
        shift.report = {"kiosk": msgspec.to_builtins(theirs), "books": msgspec.to_builtins(ours)}
        # Not the voids: the kiosk can't know whether what it wrote off had counted before.
        if (theirs.redemptions, theirs.points, theirs.goods) != (ours.redemptions, ours.points, ours.goods):
            return exception(
                f"班次报表与账不一致：终端记 {theirs.redemptions} 笔 {theirs.points} 分，"
                f"账上 {ours.redemptions} 笔 {ours.points} 分。",
                **shift.report,
            )
        return Outcome("settled")

    # --- redemptions ------------------------------------------------------------------------------------

    async def _sold(self, entry: SaleEntry) -> Outcome:
        uow = self.uow
        known = await uow.session.get(Redemption, (uow.township, entry.id))
        if known is not None:
            return self._sold_already(entry, known)
        if not is_current(self.enrolment):
            return Outcome("late", LATE)
        if await uow.session.get(Void, (uow.township, entry.id)) is not None:
            return exception("这一笔先前已作废，又报来一次。")
        return await self.pay(entry, from_lease=True)

    def _sold_already(self, entry: SaleEntry, known: Redemption) -> Outcome:
        """It counted over HTTP. What the kiosk set aside for it and wasn't needed it holds on to."""
        if known.kiosk != self.kiosk.id or known.request != request_of(entry, self.kiosk.id):
            return exception("这个编号已用于另一笔兑换。")
        return Outcome("known")

    async def pay(self, entry: SaleEntry, *, from_lease: bool) -> Outcome:
        """Goods that were handed over, and the points for them."""
        uow = self.uow
        attendant = await self._attendant(entry.attendant)
        if attendant is None:
            return exception("经手人不是本超市的管理员。")
        asked = self._asked(entry)
        facts = await lock_and_read_facts(uow, asked)
        sale = decide_sale(entry, facts, attendant, self.number, from_lease=from_lease)
        if isinstance(sale, Sale) and sale.short:
            # What was handed over is gone, also where it was set aside for somebody.
            taken = {line.product: line.quantity for line in entry.lines}
            person, shop = str(entry.attendant), self.kiosk.supermarket
            await release_for_shortfall(uow, shop, taken, person=person, reason="断网时已兑换")
            [facts] = await read_facts(uow, [asked], uow.now)
            sale = decide_sale(entry, facts, attendant, self.number, from_lease=from_lease)
        if isinstance(sale, Outcome):
            return sale
        await uow.books.open_accounts(map(accounts.difference, sale.short), uow.now)
        try:
            async with uow.session.begin_nested():
                await write(uow, [sale.booking], uow.now, live=False)
        except StaleBatch as stale:
            return await self._refusal(stale.posting or PostingResult(Status.CONFLICT))
        return sale.outcome

    def _asked(self, entry: SaleEntry) -> RedemptionRequest:
        """What the kiosk would have asked for over HTTP."""
        return RedemptionRequest(
            device=self.enrolment.digest,
            shift=b"",
            id=entry.id,
            card=bytes.fromhex(entry.card),
            lines=asked_lines(entry),
            leased=entry.leased,
            collector=bytes.fromhex(entry.collector),
        )

    # --- what goes back ---------------------------------------------------------------------------------

    async def _voided(self, entry: VoidEntry) -> Outcome:
        uow = self.uow
        if await uow.session.get(Void, (uow.township, entry.id)) is not None:
            return Outcome("known")
        if await self._attendant(entry.attendant) is None:
            return exception("作废的不是本超市的管理员。")
        known = await uow.session.get(Redemption, (uow.township, entry.id))
        if known is None:
            return await self.write_off(entry)
        if not is_current(self.enrolment):
            return Outcome("late", LATE)
        if known.kiosk != self.kiosk.id or known.shift != entry.shift:
            return exception("只能作废本终端本班次的兑换。")
        return await self.take_back(entry, known, lease_again=True)

    async def write_off(self, entry: VoidEntry) -> Outcome:
        """A redemption that never arrived may not any more."""
        waiting = await self._annul(entry.id)
        self._void(entry)
        return Outcome("annulled" if waiting else "settled")

    async def take_back(self, entry: VoidEntry, known: Redemption, *, lease_again: bool) -> Outcome:
        """Points and goods go back together; what came from the kiosk's share goes there again, if that is
        wanted."""
        reversal = Transaction.settle(
            TransactionId(entry.id),
            Phase.REVERSAL,
            kind=KIND,
            person=str(entry.attendant),
            reason=entry.reason,
        )
        refused = await self._post([reversal])
        if refused is not None:
            return refused
        self._void(entry)
        if lease_again and known.leased:
            household = (await households(self.uow, [known.household]))[known.household]
            again = lease_grant(
                TransactionId(uuid5(entry.id, "lease-again")),
                household.code,
                self.kiosk.id,
                self.enrolment.epoch,
                known.leased,
            )
            refused = await self._post([again])
            if refused is not None:
                return Outcome("settled", "积分已退回账户，没能再留在终端。")
        return Outcome("settled")

    def _void(self, entry: VoidEntry) -> None:
        self.uow.session.add(
            Void(
                township=self.uow.township,
                id=entry.id,
                kiosk=self.kiosk.id,
                attendant=entry.attendant,
                shift=entry.shift,
                reason=entry.reason,
                recorded_at=self.uow.now,
            )
        )

    async def _annul(self, redemption: UUID) -> bool:
        """Whether an entry of this redemption waited for a person: it needn't any more."""
        waiting = await self.uow.session.scalars(
            update(JournalEntry)
            .where(
                JournalEntry.township == self.uow.township,
                JournalEntry.kiosk == self.kiosk.id,
                JournalEntry.redemption == redemption,
                JournalEntry.status.in_(("exception", "late")),
                JournalEntry.decided_at.is_(None),
            )
            .values(status="annulled")
            .returning(JournalEntry.number)
        )
        return bool(waiting.all())

    async def _returned(self, entry: ReturnEntry) -> Outcome:
        uow = self.uow
        household = (await households(uow, [entry.household])).get(entry.household)
        if household is None:
            return exception("登记册里没有这一户。")
        if not is_current(self.enrolment):
            # All of it went back when the enrolment ended.
            return Outcome("known")
        id = TransactionId(uuid5(self.kiosk.id, f"{self.enrolment.epoch}:{self.number}"))
        returned = await self._give_back(id, household.code, entry.points, "终端退回")
        if returned < entry.points:
            return Outcome("settled", f"终端报退 {entry.points} 分，实有 {returned} 分。", {"returned": returned})
        return Outcome("settled")

    async def _give_back(self, id: TransactionId, household: str, points: int, reason: str) -> int:
        escrow = accounts.escrow(household, self.kiosk.id, self.enrolment.epoch)
        held = (await self.uow.books.lock_balances([escrow.id])).get(escrow.id, Balance(0)).available
        back = min(points, held)
        if back:
            epoch = self.enrolment.epoch
            batch = [lease_return(id, household, self.kiosk.id, epoch, back, str(self.kiosk.id), reason)]
            if await self._post(batch) is not None:
                return 0
        return back

    # --- looking up -------------------------------------------------------------------------------------

    async def _post(self, batch: list[Transaction]) -> Outcome | None:
        """All of it or none; the outcome says why none."""
        async with self.uow.session.begin_nested() as savepoint:
            postings = await self.uow.books.post(batch, self.uow.now)
            refused = next((p for p in postings if not p.accepted), None)
            if refused is not None:
                await savepoint.rollback()
                return await self._refusal(refused)
        return None

    async def _refusal(self, posting: PostingResult) -> Outcome:
        names = await self.uow.books.read_names([posting.account]) if posting.account is not None else {}
        where = "、".join(accounts.in_words(name) for name in names.values())
        match posting.status:
            case Status.CLOSED:
                return exception(f"{where or '有一个账户'}已关闭，没有入账。")
            case Status.UNKNOWN_ACCOUNT:
                return exception("本超市没有其中的物品，没有入账。")
            case Status.ALREADY_REVERSED:
                return exception("这一笔已经更正过，没有再作废。")
            case _:
                return exception(f"账上记不进去（{posting.status}），请核对。", missing=posting.missing)

    async def _shift(self, id: UUID) -> Shift | None:
        found: Shift | None = await self.uow.session.scalar(
            select(Shift).where(Shift.township == self.uow.township, Shift.id == id, Shift.kiosk == self.kiosk.id)
        )
        return found

    async def _attendant(self, id: UUID) -> Attendant | None:
        found = await self.uow.session.get(Attendant, (self.uow.township, id))
        return found if found is not None and found.supermarket == self.kiosk.supermarket else None
