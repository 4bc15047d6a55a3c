"""What a household sees of itself: balance, what is on its way, its last entries, and how to earn more.

Whoever holds the card sees it, so it names nobody beyond the masked head of the household, and awards that the
rulebook keeps off the notice stay without their subject here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, bindparam, case, func, select, true
from sqlalchemy.sql.selectable import LateralFromClause

from api import wire
from api.awards.claims import deductions
from api.awards.claims.of_household import ON_NOTICE, VERSIONS_ON_NOTICE, subject_of
from api.awards.rulebooks.use_cases import IN_FORCE, Edition, counting, editions, opened
from api.bookkeeping.exports.titles import UNPUBLISHED
from api.bookkeeping.general_ledger import imports
from api.bookkeeping.general_ledger.holds import OPEN_HOLDS
from api.platform import accounts
from api.platform.clock import SHANGHAI, local_date
from api.platform.database.read_query import ReadQuery
from api.platform.services import Services
from api.registry.cards.pins import LAST_RESET, SHOWN_FOR
from api.registry.cards.use_cases import CardHolder
from api.shop.kiosks.escrow import LEASE, RETURN
from api.shop.promises import queries
from api.shop.till.card import CardSnapshot, bind_to_card, read_card
from ledger.expiries import EXPIRY_KIND
from ledger.lookup import lateral_one
from ledger.tables import entry, transaction, transfer
from ledger.transactions import Balance, Phase
from rules import Rulebook

ENTRIES = 20


@dataclass(frozen=True, slots=True)
class Pending:
    """An award, or a deduction with negative `points`, on public notice."""

    title: str
    points: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Reserved:
    """CardSnapshot set aside for a supermarket, which can't be spent otherwise `until` then."""

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

    holder: CardHolder
    balance: Balance
    held: int
    expiring: wire.ExpiringPoints | None
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


async def passbook(services: Services, card: str) -> Passbook:
    """Raises MalformedCard, and Refused: card-unknown, card-revoked."""
    now = services.clock.now()
    holder, facts, expiring = await read_card(
        services, card, _FACTS, now, day=local_date(now), resets_since=now - SHOWN_FOR
    )
    current = counting(facts.in_force, holder.village)
    books = await opened(services, [*facts.noticed, *([current] if current is not None else [])])
    return Passbook(
        holder=holder,
        balance=facts.balance,
        held=sum(each.points for each in facts.leases),
        expiring=expiring,
        honour=facts.issued[0].points,
        pending=[_pending(award, books[award.rulebook]) for award in facts.awards],
        reserved=[Reserved(hold.reason, -hold.amount, hold.expires_at) for hold in facts.holds],
        promised=[_promised(promise) for promise in facts.promises],
        lines=[_line(each) for each in facts.entries],
        book=books[current.version] if current is not None else None,
        pin_reset_at=facts.resets[0].recorded_at if facts.resets else None,
    )


# All that was issued to the household, here or in an earlier scheme, less what a correction took back to where it
# came from. What was spent in the earlier scheme lowers it as little as what is spent here.
def _issued() -> Select[Any]:
    def moved(own: ColumnElement[UUID], other: ColumnElement[UUID], back: bool) -> ScalarSelect[Any]:
        phase = (
            select(transaction.c.phase)
            .where(transaction.c.township == transfer.c.township, transaction.c.id == transfer.c.transaction)
            .scalar_subquery()
        )
        # Whom it came from is weighed row by row: no plan can go by that, which is one account for the whole
        # township. So all is read from the index of the household's own account.
        counted = case(
            (other == accounts.ISSUING.id, transfer.c.amount),
            (and_(other == accounts.IMPORTED.id, (phase == Phase.REVERSAL).is_(back)), transfer.c.amount),
        )
        return (
            select(func.coalesce(func.sum(counted), 0))
            .where(
                transfer.c.township == bindparam("township"),
                own == bindparam("account"),
                transfer.c.pending.is_(False),
            )
            .scalar_subquery()
        )

    given = moved(transfer.c.credit, transfer.c.debit, back=False)
    taken_back = moved(transfer.c.debit, transfer.c.credit, back=True)
    return select((given - taken_back).label("points"))


class _Issued(msgspec.Struct):
    points: int


class _Award(msgspec.Struct):
    rule: str
    rulebook: str
    points: int
    published: bool
    notice_until: datetime


def _pending(award: _Award, book: Rulebook) -> Pending:
    title = UNPUBLISHED
    if award.published:
        title = book.get_rule(award.rule).title
        title = title if award.points > 0 else f"扣分：{title}"
    return Pending(title, award.points, award.notice_until)


def _promised(promise: queries.OpenPromise) -> Promised:
    line = promise.slip.line
    return Promised(
        what=f"{line.name} {line.quantity} 件",
        supermarket=promise.slip.supermarket,
        points=line.points,
        arrived=promise.arrival is not None,
        until=promise.expires_at,
    )


def _entries_in_words() -> Select[Any]:
    """What an entry was for stands in the transaction that began it: the award behind its posting, and the
    posting or the redemption behind its reversal."""

    def found(id: ColumnElement[UUID], name: str) -> LateralFromClause:
        return lateral_one(
            select(transaction).where(transaction.c.township == entry.c.township, transaction.c.id == id), name
        )

    own = found(entry.c.transaction, "own")
    target = found(own.c.target, "target")
    root = found(target.c.target, "root")
    began = func.coalesce(root.c.id, target.c.id, own.c.id)
    claim = subject_of(entry.c.township, began)
    # What a correction takes back of, as this account saw it.
    original = entry.alias("original")
    whole = (
        select(func.sum(original.c.amount))
        .where(
            original.c.township == entry.c.township,
            original.c.account == entry.c.account,
            original.c.transaction == own.c.target,
        )
        .correlate(entry, own)
        .scalar_subquery()
    )
    return (
        select(
            entry.c.amount,
            entry.c.transaction,
            entry.c.recorded_at,
            own.c.phase,
            own.c.effective_at,
            own.c.deferred_from,
            case((own.c.phase == Phase.REVERSAL, whole)).label("whole"),
            own.c.reason.label("own_reason"),
            func.coalesce(root.c.kind, target.c.kind, own.c.kind).label("kind"),
            func.coalesce(root.c.reason, target.c.reason, own.c.reason).label("reason"),
            func.coalesce(root.c.metadata, target.c.metadata, own.c.metadata).label("metadata"),
            claim.c.published,
            claim.c.explanation,
        )
        .select_from(entry)
        .join(own, true())
        .outerjoin(target, true())
        .outerjoin(root, true())
        .outerjoin(claim, true())
        .where(
            entry.c.township == bindparam("township"),
            entry.c.account == bindparam("account"),
            entry.c.pending.is_(False),
            # Between the household and a kiosk that keeps it for the household: nothing came or went.
            own.c.kind != LEASE,
            own.c.kind != RETURN,
        )
        # What was imported together was recorded together, and happened on many days.
        .order_by(
            entry.c.recorded_at.desc(),
            func.coalesce(own.c.deferred_from, own.c.effective_at).desc(),
            entry.c.transaction.desc(),
            entry.c.ordinal,
        )
        .limit(ENTRIES)
    )


class _Entry(msgspec.Struct):
    amount: int
    transaction: UUID
    recorded_at: datetime
    phase: Phase
    effective_at: datetime
    deferred_from: datetime | None
    whole: int | None
    own_reason: str
    kind: str
    reason: str
    metadata: dict[str, Any]
    published: bool | None
    explanation: list[str] | None


class _Hold(msgspec.Struct):
    reason: str
    amount: int
    expires_at: datetime


class _Reset(msgspec.Struct):
    recorded_at: datetime


class _Facts(CardSnapshot):
    issued: list[_Issued]
    awards: list[_Award]
    noticed: list[Edition]
    holds: list[_Hold]
    entries: list[_Entry]
    in_force: list[Edition]
    resets: list[_Reset]


_FACTS = ReadQuery(
    _Facts,
    **bind_to_card(
        issued=_issued(),
        awards=ON_NOTICE,
        noticed=editions(VERSIONS_ON_NOTICE),
        holds=OPEN_HOLDS,
        entries=_entries_in_words(),
        in_force=IN_FORCE,
        resets=LAST_RESET,
    ),
)


def _line(row: _Entry) -> Line:
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


def _words(row: _Entry) -> str:
    if row.kind == "redemption":
        what = "兑换 " + "、".join(f"{g['name']} {g['quantity']} 件" for g in row.metadata.get("goods", ()))
        if "promise" in row.metadata:
            what += "（预订）"
        if "collector" in row.metadata:
            what += f"，由{row.metadata['collector']}代领"
    elif row.kind == EXPIRY_KIND:
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
