"""What everybody may read of the rules: the book in force, what it changed, what will change, what was before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from sqlalchemy import select

import rules
from api.awards.rulebooks import sections
from api.awards.rulebooks.tables import Adoption, RulebookText
from api.awards.rulebooks.use_cases import adopted, in_force
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.register.queries import list_villages
from rules import Rulebook


@dataclass(frozen=True, slots=True)
class Edition:
    """One version in the list of them all."""

    version: str
    title: str
    effective_from: date


@dataclass(frozen=True, slots=True)
class Shelf:
    """The adopted books around a day. `wanted` is the version asked for, or else the book of the day, or else the
    first to come, in force `since`; `before` was in force until then, `coming` takes effect next after the day, on
    `coming_on`; `base` is the township's book where `wanted` is a village's own. `editions` are all that ever
    counted, newest first."""

    wanted: Rulebook
    since: date
    base: Rulebook | None
    before: Rulebook | None
    in_force: Rulebook | None
    coming: Rulebook | None
    coming_on: date | None
    editions: list[Edition]


@dataclass(frozen=True, slots=True)
class Published:
    """The page of the rules. `standing` says when its book counts; `village` is empty for the whole township."""

    shelf: Shelf
    standing: Literal["in-force", "coming", "past"]
    code: str
    village: str
    notice_days: int


async def published(services: Services, village: str = "", version: str = "") -> Published:
    """The rules of a village, or of the township, today or in an adopted version. Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        name, notice_days = await _village(uow, village) if village else ("", 0)
        today = local_date(uow.now)
        shelf = await _shelf(uow, today, village, version)
        return Published(shelf, _standing(shelf, today), village, name, notice_days)


async def compared(services: Services, old: str, new: str) -> tuple[rules.Difference, ...]:
    """What is different between two adopted versions. Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        books = await adopted(uow, {old, new})
    for version in (old, new):
        if version not in books:
            raise Refused(ErrorCode.UNKNOWN, f"没有版本为 {version} 的积分办法。")
    return rules.compare_books(books[old], books[new])


@dataclass(frozen=True, slots=True)
class Change:
    """What a book would change: `before` counts until then, None where it is the first."""

    before: Rulebook | None
    differences: list[rules.Difference]


async def change(services: Services, book: Rulebook, village: str, day: date | None = None) -> Change:
    """What `book` changes for a village, '' for all, from `day` on; from today where it isn't given."""
    async with services.unit_of_work() as uow:
        eve = day - timedelta(days=1) if day else local_date(uow.now)
        before = await in_force(uow, eve, village)
    return Change(before, sections.of_substance(before, book) if before else [])


async def _shelf(uow: UnitOfWork, day: date, village: str, version: str) -> Shelf:
    """All that the pages need of the adopted books. Raises Refused: unknown."""
    editions = await _editions(uow, village)
    starts = [edition.effective_from for edition in editions if edition.effective_from > day]
    current = await in_force(uow, day, village)
    next_day = min(starts, default=None)
    coming = await in_force(uow, next_day, village) if next_day else None
    wanted = (await adopted(uow, {version})).get(version) if version else current or coming
    # What was never adopted here is nobody's but its authors'.
    days = [edition.effective_from for edition in editions if wanted and edition.version == wanted.version]
    if wanted is None or not days:
        raise Refused(
            ErrorCode.UNKNOWN, f"没有版本为 {version} 的积分办法。" if version else "还没有通过积分办法。"
        )
    since = max((begun for begun in days if begun <= day), default=min(days))
    return Shelf(
        wanted=wanted,
        since=since,
        base=(await adopted(uow, {wanted.base_version})).get(wanted.base_version),
        before=await in_force(uow, since - timedelta(days=1), village) if since > date.min else None,
        in_force=current,
        coming=coming,
        coming_on=next_day,
        editions=editions,
    )


async def _editions(uow: UnitOfWork, village: str) -> list[Edition]:
    """Of several that were to begin on the same day, the one confirmed last is the one that did."""
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
    kept = {(row.effective_from, row.village): Edition(row.version, row.title, row.effective_from) for row in rows}
    return list(kept.values())


def _standing(shelf: Shelf, day: date) -> Literal["in-force", "coming", "past"]:
    current = shelf.in_force
    if current is not None and current.version == shelf.wanted.version and current.is_in_force(day):
        return "in-force"
    return "coming" if shelf.since > day else "past"


async def _village(uow: UnitOfWork, code: str) -> tuple[str, int]:
    # Compared here: a code from an address may hold what the database can't.
    for village in await list_villages(uow):
        if village.code == code:
            return village.name, village.notice_days
    raise Refused(ErrorCode.UNKNOWN, "没有这个村。")
