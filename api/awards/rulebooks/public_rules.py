"""The public view of the rules: the book in force, the one before, the next one, and their differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import select

import rules
from api.awards.rulebooks import sections
from api.awards.rulebooks.concerns import PublishedTicks, read_ticks
from api.awards.rulebooks.tables import Adoption, RulebookText
from api.awards.rulebooks.use_cases import book_in_force, books_by_version
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.freezes.queries import FreezeFacts, read_rule_freezes
from api.registry.register.queries import list_villages
from rules import Rulebook


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """An entry in the list of all versions."""

    version: str
    title: str
    effective_from: date


@dataclass(frozen=True, slots=True)
class BookTimeline:
    """A book among the adopted ones. `book` is the requested version, else the one in force on the day, else the
    first upcoming one; it is in force since `since`, and `previous` was until then. `current` is in force on the
    day; `upcoming` takes effect next, on `upcoming_from`. `base` is the township's book where `book` is a
    village's. `versions` are all that were ever in force, newest first."""

    book: Rulebook
    since: date
    base: Rulebook | None
    previous: Rulebook | None
    current: Rulebook | None
    upcoming: Rulebook | None
    upcoming_from: date | None
    versions: list[ListedVersion]


@dataclass(frozen=True, slots=True)
class PublicRules:
    """The content of the public page. `status` says when its book applies; `village_code` and `village` are empty
    for the whole township. `frozen`: by rule, which of them supervisors have frozen."""

    timeline: BookTimeline
    status: Literal["in-force", "coming", "past"]
    village_code: str
    village: str
    notice_days: int
    ticks: list[PublishedTicks]
    frozen: Mapping[str, FreezeFacts]


async def load_public_rules(services: Services, village: str = "", version: str = "") -> PublicRules:
    """The rules of a village or of the township, those in force today or an adopted version. Raises Refused:
    unknown."""
    async with services.unit_of_work() as uow:
        name, notice_days = await _find_village(uow, village) if village else ("", 0)
        today = local_date(uow.now)
        timeline = await _load_timeline(uow, today, village, version)
        ticks = await read_ticks(uow, await _adoptions_of(uow, timeline, village))
        frozen = (await read_rule_freezes(uow)).find_in(village)
        return PublicRules(timeline, _status(timeline, today), village, name, notice_days, ticks, frozen)


async def compare_versions(services: Services, old: str, new: str) -> tuple[rules.Difference, ...]:
    """The differences of two adopted versions. Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        books = await books_by_version(uow, {old, new})
    for version in (old, new):
        if version not in books:
            raise Refused(ErrorCode.UNKNOWN, f"没有版本为 {version} 的积分办法。")
    return rules.compare_books(books[old], books[new])


@dataclass(frozen=True, slots=True)
class BookChange:
    """The changes that a book would make; `previous` is the book before it, None if it is the first."""

    previous: Rulebook | None
    differences: list[rules.Difference]


async def preview_change(services: Services, book: Rulebook, village: str, day: date | None = None) -> BookChange:
    """What `book` would change for a village, '' for the township, from `day` on; from today by default."""
    async with services.unit_of_work() as uow:
        eve = day - timedelta(days=1) if day else local_date(uow.now)
        previous = await book_in_force(uow, eve, village)
    return BookChange(previous, sections.compare_content(previous, book) if previous else [])


async def _load_timeline(uow: UnitOfWork, day: date, village: str, version: str) -> BookTimeline:
    """Raises Refused: unknown."""
    versions = await _list_versions(uow, village)
    starts = [each.effective_from for each in versions if each.effective_from > day]
    current = await book_in_force(uow, day, village)
    next_day = min(starts, default=None)
    upcoming = await book_in_force(uow, next_day, village) if next_day else None
    book = (await books_by_version(uow, {version})).get(version) if version else current or upcoming
    # A book that was never adopted here isn't public.
    days = [each.effective_from for each in versions if book and each.version == book.version]
    if book is None or not days:
        raise Refused(
            ErrorCode.UNKNOWN, f"没有版本为 {version} 的积分办法。" if version else "还没有通过积分办法。"
        )
    since = max((start for start in days if start <= day), default=min(days))
    return BookTimeline(
        book=book,
        since=since,
        base=(await books_by_version(uow, {book.base_version})).get(book.base_version),
        previous=await book_in_force(uow, since - timedelta(days=1), village) if since > date.min else None,
        current=current,
        upcoming=upcoming,
        upcoming_from=next_day,
        versions=versions,
    )


async def _adoptions_of(uow: UnitOfWork, timeline: BookTimeline, village: str) -> Sequence[UUID]:
    """The adoptions by which the book, and the base of a village's, are in force: of each the latest."""
    versions = {timeline.book.version, timeline.book.base_version}
    rows = await uow.session.execute(
        select(Adoption.version, Adoption.id)
        .where(
            Adoption.township == uow.township,
            Adoption.village.in_({"", village}),
            Adoption.version.in_(versions),
            Adoption.confirmed_at.is_not(None),
            Adoption.withdrawn_at.is_(None),
        )
        .order_by(Adoption.confirmed_at)
    )
    latest: dict[str, UUID] = dict(rows.all())
    return list(latest.values())


async def _list_versions(uow: UnitOfWork, village: str) -> list[ListedVersion]:
    """The adopted versions; of several that begin on the same day, the one confirmed last."""
    rows = await uow.session.execute(
        select(Adoption.version, RulebookText.title, Adoption.effective_from, Adoption.village)
        .join(
            RulebookText,
            (RulebookText.township == Adoption.township) & (RulebookText.version == Adoption.version),
        )
        .where(
            Adoption.township == uow.township,
            Adoption.village.in_({"", village}),
            Adoption.confirmed_at.is_not(None),
            Adoption.withdrawn_at.is_(None),
        )
        .order_by(Adoption.effective_from.desc(), Adoption.confirmed_at, Adoption.id)
    )
    last_confirmed = {
        (row.effective_from, row.village): ListedVersion(row.version, row.title, row.effective_from)
        for row in rows
    }
    return list(last_confirmed.values())


def _status(timeline: BookTimeline, day: date) -> Literal["in-force", "coming", "past"]:
    current = timeline.current
    if current is not None and current.version == timeline.book.version and current.is_in_force(day):
        return "in-force"
    return "coming" if timeline.since > day else "past"


async def _find_village(uow: UnitOfWork, code: str) -> tuple[str, int]:
    # Compared in Python, since a code from a URL may contain characters that the database refuses.
    for village in await list_villages(uow):
        if village.code == code:
            return village.name, village.notice_days
    raise Refused(ErrorCode.UNKNOWN, "没有这个村。")
