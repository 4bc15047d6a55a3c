"""The household's passbook: balance, pending awards, latest entries, and the rules by which to earn more.

Anybody who holds the card sees it, so it names nobody but the masked head of the household, and doesn't show the
subject of awards that the rulebook excludes from public notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import CTE, ColumnElement, ScalarSelect, Select, and_, bindparam, case, func, select, true
from sqlalchemy.sql.selectable import LateralFromClause

from api import wire
from api.awards.claims import deductions
from api.awards.claims.household_claims import ON_NOTICE, VERSIONS_ON_NOTICE, claim_of
from api.awards.evidence.queries import ShownPhoto, photos_subquery
from api.awards.objections.household_objections import (
    OBJECTED_VERSIONS,
    OBJECTIONS,
    HouseholdObjection,
    ObjectionRow,
    tell_objection,
)
from api.awards.objections.queries import SHOWN_FOR
from api.awards.rulebooks.use_cases import (
    EDITIONS_IN_FORCE,
    Edition,
    effective_edition,
    load_books,
    select_editions,
)
from api.bookkeeping.general_ledger import earlier_rows
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED, Confidentiality, Outsider, disclose
from api.bookkeeping.general_ledger.holds import OPEN_HOLDS
from api.platform import accounts
from api.platform.clock import local_date, local_time
from api.platform.database.read_query import ReadQuery
from api.platform.services import Services
from api.registry.cards.pins import LAST_RESET, RESETS_SHOWN_FOR
from api.registry.cards.use_cases import CardHolder
from api.registry.founding.defaults import DEFAULT, LATEST_PIN_ABOVE
from api.shop.kiosks.escrow import LEASE, RETURN
from api.shop.reservations import queries
from api.shop.supermarkets.hours import ToldHours, tell_hours
from api.shop.supermarkets.queries import HOURS_OF_VILLAGE, ShopHours
from api.shop.till.card import CardSnapshot, bind_to_card, read_card
from api.wire.card_token import digest, parse
from ledger.expiries import EXPIRY_KIND
from ledger.lookup import lateral_one
from ledger.tables import account, entry, transaction, transfer, withheld
from ledger.transactions import Balance, Phase
from rules import Rulebook

MAX_LINES = 20


@dataclass(frozen=True, slots=True)
class PendingAward:
    """An award, or a deduction with negative `points`, on public notice, which an objection has `stopped`."""

    title: str
    points: int
    until: datetime
    stopped: bool
    photos: Sequence[ShownPhoto] = ()


@dataclass(frozen=True, slots=True)
class Reservation:
    """Points reserved for a supermarket `until` then."""

    what: str
    points: int
    until: datetime

    @property
    def whole_days(self) -> bool:
        return local_time(self.until).time() == time()


@dataclass(frozen=True, slots=True)
class PassbookPromise:
    """Goods promised to the household, which can be collected `until` then once they have arrived; `points` are
    reserved for them."""

    what: str
    supermarket: str
    points: int
    arrived: bool
    until: datetime


@dataclass(frozen=True, slots=True)
class PassbookLine:
    """One entry: `points` is signed. `happened`: when, if that month's books were closed already. `why`: how the
    points of an award or deduction were calculated, and `photos` its evidence; both are empty if its subject is
    excluded from public notice.
    `handed_over`: when the goods were, by the kiosk's clock, if the kiosk reported it later."""

    what: str
    points: int
    at: datetime
    happened: datetime | None
    transaction: UUID
    why: tuple[str, ...] = ()
    photos: Sequence[ShownPhoto] = ()
    handed_over: datetime | None = None


@dataclass(frozen=True, slots=True)
class HeldPoints:
    """Points that a kiosk holds, at `place`. Unless it is `online`, they can be spent there alone, and without the
    network `until` then; after that they have `expired` there, and still belong to the household."""

    place: str
    points: int
    online: bool
    until: datetime
    expired: bool


@dataclass(frozen=True, slots=True)
class Passbook:
    """`held`: the household's points held by kiosks, by place. `lifetime_points`: all points ever earned, which
    spending doesn't lower. `expiring`: what of the balance expires next. `book`: the rules in force today.
    `pin_reset_at`: when the card's PIN was reset, if recently. `pin_default`: the threshold that the township
    proposes. `objections`: those of the household and to its entries. `shops`: when those of the village are
    open."""

    holder: CardHolder
    balance: Balance
    held: list[HeldPoints]
    expiring: wire.ExpiringPoints | None
    lifetime_points: int
    pending: list[PendingAward]
    reservations: list[Reservation]
    promises: list[PassbookPromise]
    lines: list[PassbookLine]
    book: Rulebook | None
    pin_reset_at: datetime | None
    pin_default: int
    objections: list[HouseholdObjection]
    shops: list[ToldHours]

    @property
    def spendable(self) -> int:
        return self.balance.available + self.leased

    @property
    def leased(self) -> int:
        return sum(held.points for held in self.held)


async def read_passbook(services: Services, card: str) -> Passbook:
    """Raises MalformedCard, and Refused: card-unknown, card-revoked, card-frozen."""
    now = services.clock.now()
    holder, facts, expiring = await read_card(
        services,
        digest(parse(card)),
        _FACTS,
        now,
        day=local_date(now),
        resets_since=now - RESETS_SHOWN_FOR,
        objections_since=now - SHOWN_FOR,
    )
    current = effective_edition(facts.in_force, holder.village)
    cited = [*facts.notice_editions, *facts.objected_editions]
    books = await load_books(services, [*cited, *([current] if current is not None else [])])
    return Passbook(
        holder=holder,
        balance=facts.balance,
        held=[
            HeldPoints(
                place=lease.describe_place(),
                points=lease.points,
                online=lease.is_online(now),
                until=lease.usable_until,
                expired=lease.usable_until <= now,
            )
            for lease in facts.leases
        ],
        expiring=expiring,
        lifetime_points=facts.lifetime_points[0].points,
        pending=[_to_pending(award, books[award.rulebook]) for award in facts.awards],
        reservations=[Reservation(hold.reason, -hold.amount, hold.expires_at) for hold in facts.holds],
        promises=[_to_promise(promise) for promise in facts.promises],
        lines=[_to_line(entry) for entry in facts.entries],
        book=books[current.version] if current is not None else None,
        pin_reset_at=facts.resets[0].recorded_at if facts.resets else None,
        pin_default=facts.pin_defaults[0].pin_above if facts.pin_defaults else DEFAULT.pin_above,
        objections=[tell_objection(each, books[each.rulebook], local_date(now)) for each in facts.objections],
        shops=[tell_hours(shop.name, shop.hours, local_date(now)) for shop in facts.shops],
    )


# All points issued to the household, here or in an earlier scheme, less corrections. Spending doesn't lower them,
# neither here nor in the earlier scheme.
def _select_lifetime_points() -> Select[Any]:
    absorbed = _select_absorbed_accounts()
    of_absorbed = select(func.sum(_earned(absorbed.c.id))).select_from(absorbed).scalar_subquery()
    return select((_earned(bindparam("account")) + func.coalesce(of_absorbed, 0)).label("points"))


def _select_absorbed_accounts() -> CTE:
    """The accounts of the households that were merged into this one."""
    absorbed = func.absorbed_households(bindparam("township"), bindparam("household"))
    codes = absorbed.table_valued("code", name="code")
    return (
        select(account.c.id)
        .select_from(codes)
        .join(account, account.c.name == accounts.household_name(codes.c.code))
        .where(account.c.township == bindparam("township"))
        .cte("absorbed_account")
    )


def _earned(of: ColumnElement[UUID]) -> ColumnElement[Any]:
    def total(own: ColumnElement[UUID], other: ColumnElement[UUID], reversal: bool) -> ScalarSelect[Any]:
        phase = (
            select(transaction.c.phase)
            .where(transaction.c.township == transfer.c.township, transaction.c.id == transfer.c.transaction)
            .scalar_subquery()
        )
        # The other account, one for the whole township, is tested per row and not in `where`, so that the planner
        # uses the index of the household's account.
        amount = case(
            (other == accounts.ISSUING.id, transfer.c.amount),
            (and_(other == accounts.IMPORTED.id, (phase == Phase.REVERSAL).is_(reversal)), transfer.c.amount),
        )
        return (
            select(func.coalesce(func.sum(amount), 0))
            .where(
                transfer.c.township == bindparam("township"),
                own == of,
                transfer.c.pending.is_(False),
            )
            .correlate_except(transfer)
            .scalar_subquery()
        )

    issued = total(transfer.c.credit, transfer.c.debit, reversal=False)
    corrected = total(transfer.c.debit, transfer.c.credit, reversal=True)
    return issued - corrected


class _LifetimePoints(msgspec.Struct):
    points: int


class _Award(msgspec.Struct):
    rule: str
    rulebook: str
    points: int
    published: bool
    notice_until: datetime
    notice_stopped_at: datetime | None
    photos: list[ShownPhoto]


def _shows_subject(published: bool) -> bool:
    return disclose(Outsider.CARD, Confidentiality("", published)).subject


def _photos_shown(published: bool, photos: Sequence[ShownPhoto]) -> Sequence[ShownPhoto]:
    return photos if disclose(Outsider.CARD, Confidentiality("", published)).evidence else ()


def _to_pending(award: _Award, book: Rulebook) -> PendingAward:
    title = UNPUBLISHED
    if _shows_subject(award.published):
        title = book.get_rule(award.rule).title
        title = title if award.points > 0 else f"扣分：{title}"
    photos = _photos_shown(award.published, award.photos)
    return PendingAward(title, award.points, award.notice_until, award.notice_stopped_at is not None, photos)


def _to_promise(promise: queries.OpenPromise) -> PassbookPromise:
    line = promise.slip.line
    return PassbookPromise(
        what=f"{line.name} {line.quantity} 件",
        supermarket=promise.slip.supermarket,
        points=line.points,
        arrived=promise.arrival is not None,
        until=promise.expires_at,
    )


def _select_entries() -> Select[Any]:
    """Kind and reason of an entry come from its original transaction: the award for a posting, the posting or
    redemption for a reversal."""

    def find(id: ColumnElement[UUID], name: str) -> LateralFromClause:
        return lateral_one(
            select(transaction).where(transaction.c.township == entry.c.township, transaction.c.id == id), name
        )

    own = find(entry.c.transaction, "own")
    target = find(own.c.target, "target")
    root = find(target.c.target, "root")
    began = func.coalesce(root.c.id, target.c.id, own.c.id)
    claim = claim_of(entry.c.township, began)
    kept_back = lateral_one(
        select(withheld.c.transaction).where(
            withheld.c.township == entry.c.township, withheld.c.transaction == began
        ),
        "kept_back",
    )
    # The amount of a reversal's target in this account.
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
            kept_back.c.transaction.is_(None).label("published"),
            claim.c.explanation,
            photos_subquery(entry.c.township, began).label("photos"),
        )
        .select_from(entry)
        .join(own, true())
        .outerjoin(target, true())
        .outerjoin(root, true())
        .outerjoin(claim, true())
        .outerjoin(kept_back, true())
        .where(
            entry.c.township == bindparam("township"),
            entry.c.account == bindparam("account"),
            entry.c.pending.is_(False),
            # Leases aren't shown: the points still belong to the household.
            own.c.kind != LEASE,
            own.c.kind != RETURN,
        )
        # Imported entries are recorded together but took effect on many days.
        .order_by(
            entry.c.recorded_at.desc(),
            func.coalesce(own.c.deferred_from, own.c.effective_at).desc(),
            entry.c.transaction.desc(),
            entry.c.ordinal,
        )
        .limit(MAX_LINES)
    )


def _select_on_notice() -> Select[Any]:
    on_notice = ON_NOTICE.subquery()
    photos = photos_subquery(bindparam("township"), on_notice.c.id)
    return select(on_notice, photos.label("photos")).order_by(on_notice.c.notice_until, on_notice.c.id)


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
    published: bool
    explanation: list[str] | None
    photos: list[ShownPhoto]


class _Hold(msgspec.Struct):
    reason: str
    amount: int
    expires_at: datetime


class _Reset(msgspec.Struct):
    recorded_at: datetime


class _PinDefault(msgspec.Struct):
    pin_above: int


class _Facts(CardSnapshot):
    lifetime_points: list[_LifetimePoints]
    awards: list[_Award]
    notice_editions: list[Edition]
    holds: list[_Hold]
    entries: list[_Entry]
    in_force: list[Edition]
    resets: list[_Reset]
    pin_defaults: list[_PinDefault]
    objections: list[ObjectionRow]
    objected_editions: list[Edition]
    shops: list[ShopHours]


_FACTS = ReadQuery(
    _Facts,
    **bind_to_card(
        lifetime_points=_select_lifetime_points(),
        awards=_select_on_notice(),
        notice_editions=select_editions(VERSIONS_ON_NOTICE),
        holds=OPEN_HOLDS,
        entries=_select_entries(),
        in_force=EDITIONS_IN_FORCE,
        resets=LAST_RESET,
        pin_defaults=LATEST_PIN_ABOVE,
        objections=OBJECTIONS,
        objected_editions=select_editions(OBJECTED_VERSIONS),
        shops=HOURS_OF_VILLAGE,
    ),
)


def _to_line(row: _Entry) -> PassbookLine:
    imported = row.kind == earlier_rows.KIND and row.phase != Phase.REVERSAL
    handed_over = row.metadata.get("handed_over") if row.phase != Phase.REVERSAL else None
    return PassbookLine(
        what=_describe(row),
        points=row.amount,
        at=row.deferred_from or row.effective_at if imported else row.recorded_at,
        happened=row.deferred_from,
        transaction=row.transaction,
        why=tuple(row.explanation or ()) if _shows_subject(row.published) and row.phase != Phase.REVERSAL else (),
        photos=_photos_shown(row.published, row.photos) if row.phase != Phase.REVERSAL else (),
        handed_over=datetime.fromisoformat(handed_over) if handed_over else None,
    )


def _tell_identified(by: Mapping[str, str]) -> str:
    return "凭密码领取" if by["by"] == "pin" else f"由{by['witness']}证明"


def _describe(row: _Entry) -> str:
    if row.kind == "redemption":
        what = "兑换 " + "、".join(f"{g['name']} {g['quantity']} 件" for g in row.metadata.get("goods", ()))
        if "promise" in row.metadata:
            what += "（预订）"
        if "collector" in row.metadata:
            what += f"，由{row.metadata['collector']}代领"
        if "identified" in row.metadata:
            what += f"，没带卡，{_tell_identified(row.metadata['identified'])}"
    elif row.kind == EXPIRY_KIND:
        what = f"到期未用，已过期：{row.reason}"
    elif not _shows_subject(row.published):
        what = UNPUBLISHED
    elif row.kind == earlier_rows.KIND:
        what = f"导入：{row.reason}"
    else:
        what = row.reason
    if row.kind == deductions.KIND:
        what = f"扣分：{what}"
    if row.phase != Phase.REVERSAL:
        return what
    correction = "更正" if row.whole == -row.amount else "部分更正"
    # The reason for the correction could reveal the subject.
    return (
        f"{correction}：{what}（{row.own_reason}）" if _shows_subject(row.published) else f"{correction}：{what}"
    )
