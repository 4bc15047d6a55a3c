"""What a household sees of itself: balance, what is on its way, its last entries, and how to earn more.

Whoever holds the card sees it, so it names nobody beyond the masked head of the household, and awards that the
rulebook keeps off the notice stay without their subject here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, func, or_, select

from api import accounts, wire
from api.cards.pins import last_reset
from api.cards.use_cases import Holder, holder
from api.claims import deductions
from api.claims.tables import Claim
from api.clock import SHANGHAI, local_date
from api.expiry.policies import coming
from api.journal import imports
from api.journal.holds import open_holds
from api.offline.holdings import held_by_all
from api.offline.leases import LEASE, RETURN
from api.promises.queries import promised_to, slip_of
from api.rulebooks.use_cases import adopted, in_force
from api.town import Town, Work
from ledger.expiries import EXPIRY
from ledger.tables import entry, transaction
from ledger.transactions import AccountId, Balance, Phase
from rules import Rulebook

UNPUBLISHED = "不公示的事项"
ENTRIES = 20


@dataclass(frozen=True, slots=True)
class Pending:
    """An award, or a deduction with negative `points`, on public notice."""

    title: str
    points: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Reserved:
    """Points set aside for a supermarket, which can't be spent otherwise `until` then."""

    what: str
    points: int
    until: datetime

    @property
    def whole_days(self) -> bool:
        return self.until.astimezone(SHANGHAI).time() == time()


@dataclass(frozen=True, slots=True)
class Promised:
    """Goods that a supermarket keeps for the household, or will once they have come, `until` then. `points` are
    set aside for them."""

    what: str
    supermarket: str
    points: int
    arrived: bool
    until: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in plain words: `points` is signed. `happened`: when, where that month's books were closed
    already. `why`: how an award or a deduction came to its points, nothing where the rulebook keeps its subject
    to itself. `handed_over`: when the goods were, by the kiosk's clock, where it was told only later."""

    what: str
    points: int
    at: datetime
    happened: datetime | None
    transaction: UUID
    why: tuple[str, ...] = ()
    handed_over: datetime | None = None


@dataclass(frozen=True, slots=True)
class Passbook:
    """`honour`: the points ever earned, which spending doesn't lower. `book`: the rules in force today.
    `expiring`: what of the balance expires next. `held`: points that kiosks hold, which are still the household's.
    `pin_reset_at`: when somebody took the card's PIN away lately."""

    holder: Holder
    balance: Balance
    held: int
    expiring: wire.Expiring | None
    honour: int
    pending: list[Pending]
    reserved: list[Reserved]
    promised: list[Promised]
    lines: list[Line]
    book: Rulebook | None
    pin_reset_at: datetime | None

    @property
    def spendable(self) -> int:
        return self.balance.available + self.held


async def passbook(town: Town, card: str) -> Passbook:
    """Raises MalformedCard, and Refused: card-unknown, card-revoked."""
    async with town.work() as work:
        found = await holder(work, card)
        account = accounts.household(found.code).id
        return Passbook(
            holder=found,
            balance=await work.books.balance(account),
            held=await held_by_all(work, found.id, found.code),
            expiring=await coming(work, account),
            honour=await _honour(work, account),
            pending=await _pending(work, found.id),
            reserved=[
                Reserved(hold.reason, hold.points, hold.expires_at) for hold in await open_holds(work, found.code)
            ],
            promised=await _promised(work, found.id),
            lines=await _lines(work, account),
            book=await in_force(work, local_date(work.now), found.village),
            pin_reset_at=await last_reset(work, found.id),
        )


# All that was issued to the household, here or in an earlier scheme, less what a correction took back to where it
# came from. What was spent in the earlier scheme lowers it as little as what is spent here.
def _issued() -> Select[Any]:
    # Materialized, so that no plan goes by the counterparty: that is one account for the whole township.
    moved = (
        select(entry.c.township, entry.c.transaction, entry.c.amount, entry.c.counterparty)
        .where(
            entry.c.township == bindparam("township"),
            entry.c.account == bindparam("account"),
            entry.c.pending.is_(False),
        )
        .cte("moved")
        .prefix_with("MATERIALIZED")
    )
    forth = (
        select(transaction.c.phase != Phase.REVERSAL)
        .where(transaction.c.township == moved.c.township, transaction.c.id == moved.c.transaction)
        .scalar_subquery()
    )
    return select(func.coalesce(func.sum(moved.c.amount), 0)).where(
        or_(
            moved.c.counterparty == accounts.ISSUING.id,
            and_(moved.c.counterparty == accounts.IMPORTED.id, (moved.c.amount > 0) == forth),
        )
    )


_HONOUR = _issued()


async def _honour(work: Work, account: AccountId) -> int:
    earned = await work.session.scalar(_HONOUR, {"township": work.township, "account": account})
    return int(earned or 0)


_PENDING = (
    select(Claim)
    .where(
        Claim.township == bindparam("township"),
        Claim.household == bindparam("household"),
        Claim.status == "approved",
    )
    .order_by(Claim.notice_until, Claim.id)
)


async def _pending(work: Work, household: UUID) -> list[Pending]:
    values = {"township": work.township, "household": household}
    claims = list(await work.session.scalars(_PENDING, values))
    if not claims:
        return []
    books = await adopted(work, {claim.rulebook for claim in claims})
    return [
        Pending(
            title=_title(claim, books[claim.rulebook]),
            points=claim.points,
            until=claim.notice_until,
        )
        for claim in claims
        if claim.notice_until is not None
    ]


async def _promised(work: Work, household: UUID) -> list[Promised]:
    promises = []
    for promise in await promised_to(work, household):
        slip = slip_of(promise)
        promises.append(
            Promised(
                what=f"{slip.line.name} {slip.line.quantity} 件",
                supermarket=slip.supermarket,
                points=slip.line.points,
                arrived=promise.arrival is not None,
                until=promise.expires_at,
            )
        )
    return promises


def _title(claim: Claim, book: Rulebook) -> str:
    if not claim.published:
        return UNPUBLISHED
    title = book.rule(claim.rule).title
    return title if claim.points > 0 else f"扣分：{title}"


def _entries_in_words() -> Select[Any]:
    """What an entry was for stands in the transaction that began it: the award behind its posting, and the
    posting or the redemption behind its reversal."""
    target, root = transaction.alias("target"), transaction.alias("root")
    began = func.coalesce(root.c.id, target.c.id, transaction.c.id)
    # What a correction takes back of, as this account saw it.
    original = entry.alias("original")
    whole = (
        select(func.sum(original.c.amount))
        .where(
            original.c.township == transaction.c.township,
            original.c.account == entry.c.account,
            original.c.transaction == transaction.c.target,
        )
        .correlate(entry, transaction)
        .scalar_subquery()
    )
    return (
        select(
            entry.c.amount,
            entry.c.transaction,
            entry.c.recorded_at,
            transaction.c.phase,
            transaction.c.effective_at,
            transaction.c.deferred_from,
            whole.label("whole"),
            transaction.c.reason.label("own_reason"),
            func.coalesce(root.c.kind, target.c.kind, transaction.c.kind).label("kind"),
            func.coalesce(root.c.reason, target.c.reason, transaction.c.reason).label("reason"),
            func.coalesce(root.c.metadata, target.c.metadata, transaction.c.metadata).label("metadata"),
            Claim.published,
            Claim.explanation,
        )
        .join(
            transaction,
            (transaction.c.township == entry.c.township) & (transaction.c.id == entry.c.transaction),
        )
        .outerjoin(target, (target.c.township == transaction.c.township) & (target.c.id == transaction.c.target))
        .outerjoin(root, (root.c.township == target.c.township) & (root.c.id == target.c.target))
        .outerjoin(Claim, (Claim.township == entry.c.township) & (Claim.id == began))
        .where(
            entry.c.township == bindparam("township"),
            entry.c.account == bindparam("account"),
            entry.c.pending.is_(False),
            # Between the household and a kiosk that keeps it for the household: nothing came or went.
            transaction.c.kind.not_in((LEASE, RETURN)),
        )
        # What was imported together was recorded together, and happened on many days.
        .order_by(
            entry.c.recorded_at.desc(),
            func.coalesce(transaction.c.deferred_from, transaction.c.effective_at).desc(),
            entry.c.transaction.desc(),
            entry.c.ordinal,
        )
        .limit(ENTRIES)
    )


# Making such a statement takes longer than running it.
_LINES = _entries_in_words()


async def _lines(work: Work, account: AccountId) -> list[Line]:
    rows = await work.session.execute(_LINES, {"township": work.township, "account": account})
    return [_line(row) for row in rows]


def _line(row: Row[*tuple[Any, ...]]) -> Line:
    imported = row.kind == imports.KIND and row.phase != Phase.REVERSAL
    handed_over = row.metadata.get("handed_over") if row.phase != Phase.REVERSAL else None
    return Line(
        what=_words(row),
        points=row.amount,
        at=row.deferred_from or row.effective_at if imported else row.recorded_at,
        happened=row.deferred_from,
        transaction=row.transaction,
        why=tuple(row.explanation or ()) if row.published and row.phase != Phase.REVERSAL else (),
        handed_over=datetime.fromisoformat(handed_over) if handed_over else None,
    )


def _words(row: Row[*tuple[Any, ...]]) -> str:
    if row.kind == "redemption":
        what = "兑换 " + "、".join(f"{g['name']} {g['quantity']} 件" for g in row.metadata.get("goods", ()))
        if "promise" in row.metadata:
            what += "（预订）"
        if "collector" in row.metadata:
            what += f"，由{row.metadata['collector']}代领"
    elif row.kind == EXPIRY:
        what = f"到期未用，已过期：{row.reason}"
    elif row.published is False:
        what = UNPUBLISHED
    elif row.kind == imports.KIND:
        what = f"导入：{row.reason}"
    else:
        what = row.reason
    if row.kind == deductions.KIND:
        what = f"扣分：{what}"
    if row.phase != Phase.REVERSAL:
        return what
    return f"{'更正' if row.whole == -row.amount else '部分更正'}：{what}（{row.own_reason}）"
