"""What was brought in before, and what a file means now: rows that are booked, changed, or new."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import String, and_, case, cast, func, or_, select

from api.platform import accounts
from api.platform.clock import local_date
from api.platform.services import UnitOfWork
from ledger.tables import account, transaction, transfer
from ledger.transactions import Phase, TransactionId

KIND = "import"
REPLACED_BY = "replaced_by"
"""In the metadata of a reversal: the row that a changed file has in place of the reversed one."""
SERIES = "series"
"""In the metadata of a file's rows: which they share with those of its mended versions."""
_ROW_NAMESPACE = UUID("3f0c7a0e-5f0b-5b8c-8a39-6f0d3c1f9a52")


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """A row of the earlier scheme: `points` earned, or spent if negative."""

    line: int
    household: str
    on: date
    points: int
    what: str


@dataclass(frozen=True, slots=True)
class EarlierRow:
    """A row in the books. `series`: what it shares with rows of the same file and of its mended versions.
    `reversed`: how much of it was taken back; `replaced`: by a changed file."""

    id: TransactionId
    household: str
    on: date
    points: int
    what: str
    source: str
    series: str
    reversed: int = 0
    replaced: bool = False

    @property
    def stands(self) -> bool:
        return self.reversed < abs(self.points)


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """`instead_of`: the row in the books that this one looks like, if that isn't in the file any more, or came
    from another source."""

    id: TransactionId
    row: ImportedRow
    instead_of: EarlierRow | None = None


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """`gone`: what stands in the books and is in the file no more, of its days or of the file that was mended.
    `series`: that of the new rows."""

    rows: Sequence[PlannedRow]
    gone: Sequence[EarlierRow]
    series: str = ""


_AnyRow = ImportedRow | EarlierRow
_SAME_DEED: tuple[Callable[[_AnyRow], Any], ...] = (
    lambda row: (row.household, row.on, row.points),
    lambda row: (row.household, row.on, row.what),
)
# Of a whole file alone: a part of it may have rows like those of another part.
_SAME_PLACE: tuple[Callable[[_AnyRow], Any], ...] = (
    lambda row: (row.household, row.points, row.what),
    lambda row: (row.household, row.on),
)
# Of a file that was mended alone: many households do the same on a day.
_SAME_EVENT: tuple[Callable[[_AnyRow], Any], ...] = (lambda row: (row.on, row.points, row.what),)
_SAME: tuple[Callable[[_AnyRow], Any], ...] = (lambda row: (row.household, row.on, row.points, row.what),)


def plan_rows(
    source: str, rows: Sequence[ImportedRow], earlier: Mapping[TransactionId, EarlierRow], *, whole: bool
) -> ImportPlan:
    """Compare rows with what stands in the books, of every source. `whole`: they are all of a file."""
    if not rows:
        return ImportPlan([], [])
    ids = list(_identify(source, rows, earlier))
    known = set(ids)
    first, last = min(row.on for row in rows), max(row.on for row in rows)
    shared = Counter(earlier[id].series for id in ids if id in earlier)
    left = [each for each in earlier.values() if each.source == source and each.stands and each.id not in known]
    outside = [each for each in left if not first <= each.on <= last]
    mended = _find_mended(rows, shared, outside) if whole else set()
    left = [each for each in left if first <= each.on <= last or each.series in mended]
    elsewhere = [each for each in earlier.values() if each.source != source and each.stands]
    unknown = {place: rows[place] for place, id in enumerate(ids) if id not in earlier}
    instead_of: dict[int, EarlierRow] = {}

    def pair(keys: Sequence[Callable[[_AnyRow], Any]], candidates: Iterable[EarlierRow]) -> None:
        for key in keys:
            taken = {each.id for each in instead_of.values()}
            alike: defaultdict[Any, list[EarlierRow]] = defaultdict(list)
            for each in candidates:
                if each.id not in taken:
                    alike[key(each)].append(each)
            for place, row in unknown.items():
                if place not in instead_of and (found := alike.get(key(row))):
                    instead_of[place] = found.pop(0)

    pair(_SAME_DEED + (_SAME_PLACE if whole else ()), left)
    if whole:
        pair(_SAME_EVENT, [each for each in left if each.series in shared])
        pair(_SAME, elsewhere)
    replaced = {each.id for each in instead_of.values()}
    return ImportPlan(
        [
            PlannedRow(id, row, instead_of.get(place))
            for place, (id, row) in enumerate(zip(ids, rows, strict=True))
        ],
        [each for each in left if each.id not in replaced] if whole else [],
        shared.most_common(1)[0][0] if shared else str(ids[0]),
    )


def _find_mended(
    rows: Sequence[ImportedRow], shared: Mapping[str, int], outside: Iterable[EarlierRow]
) -> set[str]:
    """The series whose rows on other days than those of this file belong to it, too: it has at least as many of
    their rows, or all of them on another day. Else it goes on where they end."""
    beside: defaultdict[str, list[EarlierRow]] = defaultdict(list)
    for each in outside:
        beside[each.series].append(each)
    undated = _count_undated(rows)
    return {
        series
        for series, those in beside.items()
        if len(those) <= shared.get(series, 0) or (not shared and _count_undated(those) == undated)
    }


def _count_undated(rows: Iterable[_AnyRow]) -> Counter[tuple[str, int, str]]:
    return Counter((row.household, row.points, row.what) for row in rows)


def _identify(
    source: str, rows: Sequence[ImportedRow], earlier: Mapping[TransactionId, EarlierRow]
) -> Iterable[TransactionId]:
    """The id is derived from a row's content and the number of equal rows before it, so that each counts once. One
    that was replaced, and is in the file again, is new."""
    counts: Counter[str] = Counter()
    for row in rows:
        content = json.dumps([source, row.household, row.on.isoformat(), row.points, row.what], ensure_ascii=False)
        name = f"{content}{counts[content]}"
        id = TransactionId(uuid5(_ROW_NAMESPACE, name))
        times = 0
        while id in earlier and earlier[id].replaced:
            times += 1
            id = TransactionId(uuid5(_ROW_NAMESPACE, f"{name} {times}"))
        yield id
        counts[content] += 1


async def read_earlier_rows(
    uow: UnitOfWork, households: Collection[str] | None
) -> dict[TransactionId, EarlierRow]:
    """All rows that were brought in before, in the order in which they were recorded: of these households, or of
    all if that is None."""
    earned = transfer.c.debit == accounts.IMPORTED.id
    of_household = case((earned, transfer.c.credit), else_=transfer.c.debit)
    wanted = [] if households is None else [of_household.in_([accounts.household(code).id for code in households])]
    query = (
        select(
            transaction.c.id,
            account.c.name,
            func.coalesce(transaction.c.deferred_from, transaction.c.effective_at).label("on"),
            case((earned, transfer.c.amount), else_=-transfer.c.amount).label("points"),
            transaction.c.reason,
            transaction.c.metadata["source"].astext.label("source"),
            # Rows that came over HTTP have none: those of one request belong together.
            func.coalesce(transaction.c.metadata[SERIES].astext, cast(transaction.c.written_by, String)).label(
                "series"
            ),
        )
        .join(
            transfer,
            and_(transfer.c.township == transaction.c.township, transfer.c.transaction == transaction.c.id),
        )
        .join(account, and_(account.c.township == transaction.c.township, account.c.id == of_household))
        .where(
            transaction.c.township == uow.township,
            transaction.c.kind == KIND,
            or_(earned, transfer.c.credit == accounts.IMPORTED.id),
            *wanted,
        )
        .order_by(transaction.c.recorded_at, transaction.c.id)
    )
    found = (await uow.session.execute(query)).all()
    reversals = await _read_reversals(uow, [row.id for row in found])
    return {
        TransactionId(row.id): EarlierRow(
            TransactionId(row.id),
            row.name.removeprefix(accounts.HOUSEHOLDS),
            local_date(row.on),
            row.points,
            row.reason,
            row.source,
            row.series,
            *reversals.get(row.id, (0, False)),
        )
        for row in found
    }


async def _read_reversals(uow: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, tuple[int, bool]]:
    """How much of each was taken back, and whether a changed file did it."""
    query = (
        select(
            transaction.c.target,
            func.sum(transfer.c.amount).label("amount"),
            func.bool_or(transaction.c.metadata.has_key(REPLACED_BY)).label("replaced"),
        )
        .join(
            transfer,
            and_(transfer.c.township == transaction.c.township, transfer.c.transaction == transaction.c.id),
        )
        .where(
            transaction.c.township == uow.township,
            transaction.c.phase == Phase.REVERSAL,
            transaction.c.target.in_(ids),
        )
        .group_by(transaction.c.target)
    )
    if not ids:
        return {}
    return {row.target: (int(row.amount), row.replaced) for row in await uow.session.execute(query)}
