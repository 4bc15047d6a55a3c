"""The newest entries of a household as its passbook tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, case, func, select, true
from sqlalchemy.sql.selectable import LateralFromClause

from api.awards.claims import deductions
from api.awards.claims.household_claims import claim_of
from api.awards.evidence.queries import ShownPhoto, photos_subquery
from api.bookkeeping.general_ledger import earlier_rows
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED, Confidentiality, Outsider, disclose
from api.shop.kiosks.escrow import LEASE, RETURN
from ledger.expiries import EXPIRY_KIND
from ledger.lookup import lateral_one
from ledger.tables import entry, transaction, withheld
from ledger.transactions import Phase

MAX_LINES = 20


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


def select_newest_entries() -> Select[Any]:
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


class EntryRow(msgspec.Struct):
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


def shows_subject(published: bool) -> bool:
    return disclose(Outsider.CARD, Confidentiality("", published)).subject


def disclose_photos(published: bool, photos: Sequence[ShownPhoto]) -> Sequence[ShownPhoto]:
    return photos if disclose(Outsider.CARD, Confidentiality("", published)).evidence else ()


def to_line(row: EntryRow) -> PassbookLine:
    imported = row.kind == earlier_rows.KIND and row.phase != Phase.REVERSAL
    handed_over = row.metadata.get("handed_over") if row.phase != Phase.REVERSAL else None
    return PassbookLine(
        what=_describe(row),
        points=row.amount,
        at=row.deferred_from or row.effective_at if imported else row.recorded_at,
        happened=row.deferred_from,
        transaction=row.transaction,
        why=tuple(row.explanation or ()) if shows_subject(row.published) and row.phase != Phase.REVERSAL else (),
        photos=disclose_photos(row.published, row.photos) if row.phase != Phase.REVERSAL else (),
        handed_over=datetime.fromisoformat(handed_over) if handed_over else None,
    )


def _tell_identified(by: Mapping[str, str]) -> str:
    return "凭密码领取" if by["by"] == "pin" else f"由{by['witness']}证明"


def _describe(row: EntryRow) -> str:
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
    elif not shows_subject(row.published):
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
    return f"{correction}：{what}（{row.own_reason}）" if shows_subject(row.published) else f"{correction}：{what}"
