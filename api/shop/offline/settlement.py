"""Settles an entry of a kiosk's journal in the books.

What an honest kiosk reports did happen at its counter: goods are gone, leased points were spent. That is booked by
itself. Whatever an honest kiosk can't have written (`plausibility`) moves nothing until a person has decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import exists, select, update

from api import wire
from api.platform import accounts
from api.platform.services import UnitOfWork
from api.registry.freezes.queries import was_kiosk_frozen
from api.registry.register.moved_points import bring_back
from api.registry.register.queries import read_households
from api.shop.holdings import recalls
from api.shop.kiosks.escrow import lease_grant, lease_return
from api.shop.kiosks.tables import Kiosk, KioskEnrolment
from api.shop.offline.circumstances import read_circumstances
from api.shop.offline.leases import is_current
from api.shop.offline.plausibility import (
    WHILE_FROZEN,
    ShiftFacts,
    doubt_attendant,
    doubt_shift,
    doubt_time,
    estimate_movement,
    list_doubts,
)
from api.shop.offline.results import SettlementResult, as_exception, join
from api.shop.offline.sale import (
    COUNTED,
    Sale,
    decide_sale,
    digest_sale,
    foresee_acceptance,
    to_request_lines,
)
from api.shop.offline.shifts import (
    find_attendant,
    find_shift,
    is_in_shift,
    settle_closing,
    settle_opening,
    to_shift_facts,
)
from api.shop.offline.tables import JournalEntry
from api.shop.promises.closing import close
from api.shop.redemptions.facts import RedemptionRequest, read_facts
from api.shop.redemptions.receipts import KIND
from api.shop.redemptions.tables import Redemption, Void
from api.shop.redemptions.use_cases import lock_and_read_facts
from api.shop.redemptions.writer import StaleBatch, write
from api.shop.reservations.use_cases import release_for_shortfall
from api.shop.stock.late_movements import ReportedMovement, undo_counted
from api.wire.till_journal import (
    AnyEntry,
    ReturnEntry,
    SaleEntry,
    ShiftClosingEntry,
    ShiftOpeningEntry,
    VoidEntry,
    count_handed_out,
)
from ledger.transactions import Balance, Phase, PostingResult, Status, Transaction, TransactionId

NEEDS_DECISION = ("exception", "late", "fork")
LATE = "终端停用以后才收到，请核对后决定。"


@dataclass(frozen=True, slots=True)
class EntrySettler:
    """Settles entry `number` of an enrolment, which the caller has locked, in the caller's unit of work."""

    uow: UnitOfWork
    kiosk: Kiosk
    enrolment: KioskEnrolment
    number: int

    async def settle(self, entry: AnyEntry) -> SettlementResult:
        doubt = doubt_time(entry.at, self.enrolment.enrolled_at, self.uow.now)
        if doubt:
            extra = await self._foresee(entry) if isinstance(entry, SaleEntry) else {}
            return as_exception(doubt, **extra)
        match entry:
            case ShiftOpeningEntry():
                return await settle_opening(self.uow, self.kiosk, self.enrolment, entry)
            case SaleEntry():
                return await self._settle_sale(entry)
            case VoidEntry():
                return await self._settle_void(entry)
            case ReturnEntry():
                return await self._settle_return(entry)
            case ShiftClosingEntry():
                return await settle_closing(self.uow, self.kiosk, self.enrolment, entry)

    # --- redemptions ------------------------------------------------------------------------------------

    async def _settle_sale(self, entry: SaleEntry) -> SettlementResult:
        uow = self.uow
        redemption = await uow.session.get(Redemption, (uow.township, entry.id))
        if redemption is not None:
            return self._settle_known_sale(entry, redemption)
        if not is_current(self.enrolment):
            return await self.examine(entry, "late", LATE)
        if await uow.session.get(Void, (uow.township, entry.id)) is not None:
            return as_exception("这一笔先前已作废，又报来一次。")
        return await self.book_sale(entry, accepted=False)

    async def examine(self, entry: SaleEntry, status: str, remark: str) -> SettlementResult:
        """A sale that waits for a person in any case, with what speaks against it."""
        [facts] = await read_facts(self.uow, [self._build_request(entry)], self.uow.now)
        assert facts.request is not None
        circumstances = await read_circumstances(self.uow, self.kiosk, self.enrolment, entry, facts)
        doubts = list_doubts(entry, facts.request, circumstances, settling=False)
        extra = foresee_acceptance(entry, facts.request, circumstances)
        return SettlementResult(status, join([remark, *doubts]), extra)

    def _settle_known_sale(self, entry: SaleEntry, redemption: Redemption) -> SettlementResult:
        """Booked over HTTP before. Leased points that weren't needed for it stay with the kiosk."""
        if redemption.kiosk != self.kiosk.id or redemption.request != digest_sale(entry, self.kiosk.id):
            return as_exception("这个编号已用于另一笔兑换。")
        return SettlementResult("known")

    async def book_sale(self, entry: SaleEntry, *, accepted: bool) -> SettlementResult:
        """Book goods that were handed over, and the points for them. `accepted`: a person says so."""
        uow = self.uow
        if accepted:
            await self._bring_back(entry)
        attendant = await find_attendant(uow, self.kiosk, entry.attendant)
        if attendant is None:
            return as_exception("经手人不是本超市的管理员。", accepts=None)
        request = self._build_request(entry)
        facts = await lock_and_read_facts(uow, request)
        circumstances = await read_circumstances(self.uow, self.kiosk, self.enrolment, entry, facts)
        pieces = {goods.product: goods.quantity for goods in count_handed_out(entry.lines)}
        counted = await self._undo_counted(entry, pieces, circumstances.shift)

        def decide() -> Sale | SettlementResult:
            return decide_sale(
                entry, facts, circumstances, attendant, self.number, counted=counted, accepted=accepted
            )

        sale = decide()
        if isinstance(sale, Sale) and sale.shortfall:
            # The pieces are gone, even where they were reserved for a promise.
            short = {product: pieces[product] for product in sale.shortfall}
            person, shop = str(entry.attendant), self.kiosk.supermarket
            await release_for_shortfall(uow, shop, short, person=person, reason="断网时已兑换")
            [facts] = await read_facts(uow, [request], uow.now)
            sale = decide()
        if isinstance(sale, SettlementResult):
            return sale
        await uow.books.open_accounts(map(accounts.difference, {**sale.shortfall, **counted}), uow.now)
        try:
            async with uow.session.begin_nested():
                await write(uow, [sale.booking], uow.now, live=False)
        except StaleBatch as stale:
            return await self._explain_posting(stale.posting or PostingResult(Status.CONFLICT))
        if circumstances.collected is not None:
            close(uow, circumstances.collected.promise, attendant.id, "collected")
        return sale.result

    async def _bring_back(self, entry: SaleEntry) -> None:
        """The points of a household that was merged meanwhile are with another."""
        household = (await read_households(self.uow, [entry.household])).get(entry.household)
        if household is not None:
            points = sum(line.points for line in entry.lines)
            await bring_back(self.uow, {household.code: points}, str(entry.attendant))

    def _build_request(self, entry: SaleEntry) -> RedemptionRequest:
        """As over HTTP."""
        return RedemptionRequest(
            device=self.enrolment.digest,
            shift=b"",
            id=entry.id,
            card=bytes.fromhex(entry.card),
            lines=to_request_lines(entry),
            leased=entry.leased,
            collector=bytes.fromhex(entry.collector),
        )

    async def _foresee(self, entry: SaleEntry) -> dict[str, Any]:
        [facts] = await read_facts(self.uow, [self._build_request(entry)], self.uow.now)
        assert facts.request is not None
        circumstances = await read_circumstances(self.uow, self.kiosk, self.enrolment, entry, facts)
        return foresee_acceptance(entry, facts.request, circumstances)

    # --- voids and returned leases ----------------------------------------------------------------------

    async def _settle_void(self, entry: VoidEntry) -> SettlementResult:
        uow = self.uow
        if await uow.session.get(Void, (uow.township, entry.id)) is not None:
            return SettlementResult("known")
        attendant = await find_attendant(uow, self.kiosk, entry.attendant)
        if attendant is None:
            return as_exception("作废的不是本超市的管理员。")
        doubt = doubt_attendant(entry.at, attendant.ended_at)
        if doubt:
            return as_exception(doubt)
        redemption = await uow.session.get(Redemption, (uow.township, entry.id))
        if redemption is not None and not is_current(self.enrolment):
            return SettlementResult("late", LATE)
        # What never came may be given up at any time: that moves nothing.
        if redemption is not None and await was_kiosk_frozen(uow, self.kiosk.id, entry.at):
            return as_exception(WHILE_FROZEN)
        if redemption is not None and (redemption.kiosk != self.kiosk.id or redemption.shift != entry.shift):
            return as_exception("只能作废本终端本班次的兑换。")
        shift = await find_shift(uow, self.kiosk, entry.shift)
        doubt = doubt_shift(
            to_shift_facts(shift),
            entry.attendant,
            # One that was never answered is given up at the next sign-in: its shift may be over by then.
            in_shift=is_in_shift(self.enrolment, shift) or not await self._was_reported(entry.id),
        )
        if doubt:
            return as_exception(doubt)
        if redemption is None:
            return await self.write_off(entry)
        return await self.reverse(entry, redemption, lease_again=True)

    async def write_off(self, entry: VoidEntry) -> SettlementResult:
        """Void a redemption that never arrived, so that it is refused if it still does."""
        annulled = await self._annul_undecided(entry.id)
        self._add_void(entry)
        return SettlementResult("annulled" if annulled else "settled")

    async def reverse(self, entry: VoidEntry, redemption: Redemption, *, lease_again: bool) -> SettlementResult:
        """Points and goods go back together. `lease_again`: leased points that paid are leased again."""
        reversal = Transaction.settle(
            TransactionId(entry.id),
            Phase.REVERSAL,
            kind=KIND,
            person=str(entry.attendant),
            reason=entry.reason,
        )
        receipt = msgspec.convert(redemption.receipt, wire.Receipt)
        returned = {goods.product: -goods.quantity for goods in count_handed_out(receipt.lines)}
        code = (await read_households(self.uow, [redemption.household]))[redemption.household].code
        shelves = [accounts.shelf(redemption.supermarket, product).id for product in returned]
        # All at once, in the books' own order, which prevents deadlocks.
        escrow = accounts.escrow(code, self.kiosk.id, self.enrolment.epoch).id
        await self.uow.books.lock_balances([accounts.household(code).id, escrow, *shelves])
        shift = await find_shift(self.uow, self.kiosk, entry.shift)
        counted = await self._undo_counted(entry, returned, to_shift_facts(shift))
        await self.uow.books.open_accounts(map(accounts.difference, counted), self.uow.now)
        failure = await self._post([reversal, *counted.values()])
        if failure is not None:
            return failure
        self._add_void(entry)
        remarks = [COUNTED] if counted else []
        if lease_again and redemption.leased:
            grant = lease_grant(
                TransactionId(uuid5(entry.id, "lease-again")),
                code,
                self.kiosk.id,
                self.enrolment.epoch,
                redemption.leased,
            )
            failure = await self._post([grant])
            if failure is not None:
                remarks.append("积分已退回账户，没能再留在终端")
        return SettlementResult("settled", join(remarks) if remarks else "")

    async def _undo_counted(
        self, entry: SaleEntry | VoidEntry, pieces: Mapping[str, int], shift: ShiftFacts | None
    ) -> dict[str, Transaction]:
        """What keeps the shelf at what was counted after this. The caller holds the shelves' locks."""
        at = estimate_movement(entry.at, shift, self.enrolment.enrolled_at, self.uow.now)
        movement = ReportedMovement(entry.id, self.kiosk.id, self.enrolment.epoch, self.number, at)
        return await undo_counted(self.uow, self.kiosk.supermarket, movement, pieces, str(entry.attendant))

    def _add_void(self, entry: VoidEntry) -> None:
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

    async def _annul_undecided(self, id: UUID) -> bool:
        """Annul an undecided entry of this redemption; whether there was one."""
        annulled = await self.uow.session.scalars(
            update(JournalEntry)
            .where(
                JournalEntry.township == self.uow.township,
                JournalEntry.kiosk == self.kiosk.id,
                JournalEntry.redemption == id,
                JournalEntry.status.in_(("exception", "late")),
                JournalEntry.decided_at.is_(None),
            )
            .values(status="annulled")
            .returning(JournalEntry.number)
        )
        return bool(annulled.all())

    async def _settle_return(self, entry: ReturnEntry) -> SettlementResult:
        uow = self.uow
        household = (await read_households(uow, [entry.household])).get(entry.household)
        if household is None:
            return as_exception("登记册里没有这一户。")
        if not is_current(self.enrolment):
            # All of its leased points went back when the enrolment ended.
            return SettlementResult("known")
        id = TransactionId(uuid5(self.kiosk.id, f"{self.enrolment.epoch}:{self.number}"))
        returned = await self._return_leased(id, household.code, entry.points, "终端退回")
        await recalls.answer(uow, self.kiosk.id, self.enrolment.epoch, household.id, returned)
        if returned < entry.points:
            return SettlementResult(
                "settled", f"终端报退 {entry.points} 分，实有 {returned} 分。", {"returned": returned}
            )
        return SettlementResult("settled")

    async def _return_leased(self, id: TransactionId, household: str, points: int, reason: str) -> int:
        escrow = accounts.escrow(household, self.kiosk.id, self.enrolment.epoch)
        held = (await self.uow.books.lock_balances([escrow.id])).get(escrow.id, Balance(0)).available
        back = min(points, held)
        if back:
            epoch = self.enrolment.epoch
            batch = [lease_return(id, household, self.kiosk.id, epoch, back, str(self.kiosk.id), reason)]
            if await self._post(batch) is not None:
                return 0
        return back

    # --- helpers ----------------------------------------------------------------------------------------

    async def _post(self, batch: list[Transaction]) -> SettlementResult | None:
        """All of it or nothing: then the result says why."""
        async with self.uow.session.begin_nested() as savepoint:
            postings = await self.uow.books.post(batch, self.uow.now)
            refused = next((p for p in postings if not p.accepted), None)
            if refused is not None:
                await savepoint.rollback()
                return await self._explain_posting(refused)
        return None

    async def _explain_posting(self, posting: PostingResult) -> SettlementResult:
        names = await self.uow.books.read_names([posting.account]) if posting.account is not None else {}
        where = "、".join(accounts.describe_account(name) for name in names.values())
        match posting.status:
            case Status.CLOSED:
                return as_exception(f"{where or '有一个账户'}已关闭，没有入账。")
            case Status.UNKNOWN_ACCOUNT:
                return as_exception("本超市没有其中的物品，没有入账。")
            case Status.OVERFLOW:
                return as_exception(f"{where}的余额会超出账本能记的最大数，没有入账。")
            case Status.ALREADY_REVERSED:
                return as_exception("这一笔已经更正过，没有再作废。")
            case _:
                return as_exception(f"账上记不进去（{posting.status}），请核对。", missing=posting.missing)

    async def _was_reported(self, redemption: UUID) -> bool:
        """Whether this kiosk's journal said already that the goods were handed over."""
        earlier = exists().where(
            JournalEntry.township == self.uow.township,
            JournalEntry.redemption == redemption,
            JournalEntry.kiosk == self.kiosk.id,
        )
        return bool(await self.uow.session.scalar(select(earlier)))
