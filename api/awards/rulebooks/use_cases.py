"""Rulebooks as everybody else asks for them: the one in force on a day, those of known versions, and the check."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Collection, Iterable
from datetime import date
from functools import lru_cache
from typing import TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, Select, bindparam, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import InstrumentedAttribute, aliased

import rules
from api import wire
from api.awards.rulebooks.tables import Adoption, RulebookText
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.register.queries import list_villages
from rules.parser.locator import Locator

LONGEST_VERSION = 40


def _chosen() -> Select[UUID, str, str]:
    return (
        select(Adoption.id, Adoption.village, Adoption.version)
        .ext(distinct_on(Adoption.village))
        .where(
            Adoption.township == bindparam("township"),
            Adoption.confirmed_at.is_not(None),
            Adoption.withdrawn_at.is_(None),
            Adoption.effective_from <= bindparam("day"),
        )
        .order_by(
            Adoption.village, Adoption.effective_from.desc(), Adoption.confirmed_at.desc(), Adoption.id.desc()
        )
    )


_Key: TypeAlias = tuple[str, str, str | None]


class Edition(msgspec.Struct, frozen=True):
    """A version, and the digests of its text and of its base's. `village`: where it is in force, empty for the
    whole township."""

    village: str
    version: str
    base: str
    digest: str
    base_digest: str | None

    @property
    def known_by(self) -> _Key:
        """By this it is known again without being read."""
        return self.version, self.digest, self.base_digest


KEPT = 32
_kept: dict[_Key, rules.Rulebook] = {}


def _edition(village: InstrumentedAttribute[str] | ColumnElement[str]) -> Select[str, str, str, str, str | None]:
    below = aliased(RulebookText)
    return select(
        village.label("village"),
        RulebookText.version,
        RulebookText.base,
        RulebookText.digest,
        below.digest.label("base_digest"),
    ).outerjoin_from(
        RulebookText, below, (below.township == RulebookText.township) & (below.version == RulebookText.base)
    )


# Made once: each household's page asks for them.
_CHOSEN = _chosen()
_EDITIONS = _edition(RulebookText.village).where(RulebookText.township == bindparam("township"))


def editions(versions: Select[str]) -> Select[str, str, str, str, str | None]:
    """Rows of `Edition` for these versions."""
    return _EDITIONS.where(RulebookText.version.in_(versions))


def _in_force() -> Select[str, str, str, str, str | None]:
    # Chosen first: of all that were ever adopted, few are looked at.
    chosen = _chosen().where(Adoption.village.in_(["", bindparam("village")])).subquery()
    return _edition(chosen.c.village).join(
        chosen, (RulebookText.township == bindparam("township")) & (RulebookText.version == chosen.c.version)
    )


IN_FORCE = _in_force()
"""Rows of `Edition` for `counting`."""


async def in_force(uow: UnitOfWork, day: date, village: str) -> rules.Rulebook | None:
    """The rulebook that counts for a deed of this day: the township's, under the village's overlay where the one
    in force there was written for that very version. `village` is empty for the township's book alone."""
    rows = await uow.session.execute(IN_FORCE, {"township": uow.township, "day": day, "village": village})
    edition = counting([Edition(*row) for row in rows], village)
    if edition is None:
        return None
    kept = _kept.get(edition.known_by)
    return kept if kept is not None else (await _open(uow, [edition]))[edition.version]


async def in_force_on(uow: UnitOfWork, days: Collection[date], village: str) -> dict[date, rules.Rulebook | None]:
    """`in_force` for many days; the database is asked once for each time that a book gave way to another."""
    found = await uow.session.scalars(
        select(Adoption.effective_from)
        .distinct()
        .where(Adoption.township == uow.township, Adoption.village.in_(["", village]))
        .order_by(Adoption.effective_from)
    )
    starts = found.all()
    # Between one start and the next the days are alike.
    eras: dict[int, list[date]] = {}
    for day in days:
        eras.setdefault(bisect_right(starts, day), []).append(day)
    books: dict[date, rules.Rulebook | None] = {}
    for alike in eras.values():
        books |= dict.fromkeys(alike, await in_force(uow, alike[0], village))
    return books


def counting(editions: Iterable[Edition], village: str) -> Edition | None:
    """Of those in force the one that counts: the village's where it was written for the township's own one."""
    found = {edition.village: edition for edition in editions}
    base, overlay = found.get(""), found.get(village)
    return overlay if base is not None and overlay is not None and overlay.base == base.version else base


async def opened(services: Services, editions: Collection[Edition]) -> dict[str, rules.Rulebook]:
    """Rulebooks by version; the database is asked only for those that weren't opened here before."""
    found = {each.version: _kept[each.known_by] for each in editions if each.known_by in _kept}
    missing = [each for each in editions if each.version not in found]
    if missing:
        async with services.unit_of_work() as uow:
            found |= await _open(uow, missing)
    return found


async def _open(uow: UnitOfWork, editions: Collection[Edition]) -> dict[str, rules.Rulebook]:
    books = await adopted(uow, {each.version for each in editions})
    _kept.update((each.known_by, books[each.version]) for each in editions)
    while len(_kept) > KEPT:
        del _kept[next(iter(_kept))]
    return books


async def chosen(uow: UnitOfWork, day: date) -> list[Row[UUID, str, str]]:
    """Of each village, and of the township under the empty name, the adoption that counts on this day (its id,
    village and version): the latest to have taken effect by then, of those of one day the one confirmed last."""
    return list(await uow.session.execute(_CHOSEN, {"township": uow.township, "day": day}))


async def adopted(uow: UnitOfWork, versions: Collection[str]) -> dict[str, rules.Rulebook]:
    """Rulebooks by version, as they were adopted."""
    base = aliased(RulebookText)
    rows = await uow.session.execute(
        select(RulebookText.version, RulebookText.text, base.text.label("base_text"))
        .outerjoin(base, (base.township == RulebookText.township) & (base.version == RulebookText.base))
        .where(RulebookText.township == uow.township, RulebookText.version.in_(versions))
    )
    return {row.version: _parsed(row.text, row.base_text or "") for row in rows}


async def check(services: Services, staff: Staff, text: str) -> wire.BookCheck:
    """Everything that is wrong with a text, and whether its version is taken. Raises Refused: not-allowed."""
    require(staff, Role.PARTY_BRANCH)
    head = rules.read_header(text)
    async with services.unit_of_work() as uow:
        base = await base_text(uow, head)
    # Trying out what a book's expressions may come to takes its time: others are answered meanwhile.
    problems = await asyncio.to_thread(_problems, text, base)
    async with services.unit_of_work() as uow:
        known = await uow.session.get(RulebookText, (uow.township, head.version))
        if head.is_overlay:
            try:
                await village_of(uow, staff, head.village)
            except Refused as refused:
                problems.append(_at(text, head, "village", refused.detail))
    if known is not None and known.text != text:
        problems.append(_at(text, head, "version", version_taken(head.version).detail))
    problems.sort(key=lambda problem: (problem.line, problem.column))
    return wire.BookCheck(problems=problems, title=head.title, version=head.version)


def version_taken(version: str) -> Refused:
    return Refused(ErrorCode.ALREADY_THERE, f"已有版本为 {version} 的规则，内容不同，请换一个版本号。")


def read(text: str, base: str = "") -> rules.Rulebook:
    """A text that may be proposed, an overlay on its base's text. Raises Refused: rulebook-wrong (problems)."""
    errors = [problem for problem in _problems(text, base) if problem.kind == "error"]
    if errors:
        first = errors[0]
        raise Refused(
            ErrorCode.RULEBOOK_WRONG,
            f"规则有 {len(errors)} 处问题，先改好再提议。第 {first.line} 行：{first.message}",
            problems=msgspec.to_builtins(errors),
        )
    book = _parsed(text, base)
    if len(book.version) > LONGEST_VERSION:
        raise Refused(ErrorCode.RULEBOOK_WRONG, f"版本号最多 {LONGEST_VERSION} 个字，请写短一些。")
    return book


async def book_of(services: Services, text: str) -> rules.Rulebook:
    """`read`, an overlay on the base that it names."""
    async with services.unit_of_work() as uow:
        return read(text, await base_text(uow, rules.read_header(text)))


async def place_of(services: Services, staff: Staff, text: str) -> str:
    """Where a text would be in force: the code of an overlay's village, else '' for the whole township.

    Raises Refused: as `village_of`.
    """
    head = rules.read_header(text)
    if not head.is_overlay:
        return ""
    async with services.unit_of_work() as uow:
        return await village_of(uow, staff, head.village)


async def base_text(uow: UnitOfWork, head: rules.Header) -> str:
    """The text of the book that an overlay was written for; empty for the township's own books, and where there is
    no such version."""
    if not head.is_overlay:
        return ""
    found = await uow.session.get(RulebookText, (uow.township, head.base))
    return found.text if found is not None and not found.village else ""


async def village_of(uow: UnitOfWork, staff: Staff, name: str) -> str:
    """The code of the village that an overlay names, by its name or its code. Raises Refused: unknown,
    not-allowed."""
    code = next((v.code for v in await list_villages(uow) if name in (v.name, v.code)), None)
    if code is None:
        raise Refused(ErrorCode.UNKNOWN, f"没有叫「{name}」的村，请写村名，例如“河畔村”。")
    if not staff.serves(code):
        raise Refused(ErrorCode.NOT_ALLOWED, f"{name}的补充办法由{name}的支委提议。")
    return code


def _at(text: str, head: rules.Header, key: str, message: str) -> wire.BookProblem:
    line, column = Locator(text).find(("overlay" if head.is_overlay else "book", key))
    return wire.BookProblem(line=line, column=column, kind="error", message=message)


def _problems(text: str, base: str) -> list[wire.BookProblem]:
    below = _parsed(base, "") if base else None
    _, found = rules.check(text, "rulebook.toml", below)
    return [wire.BookProblem(line=p.line, column=p.column, kind=p.kind, message=p.message) for p in found]


def _read(text: str, base_text: str) -> rules.Rulebook:
    """The one place where texts become books; `base_text` is empty but for an overlay."""
    base = rules.load(base_text, "base.toml") if base_text else None
    return rules.load(text, "rulebook.toml", base)


# For texts that don't change any more: one that is being typed would only push the others out.
_parsed = lru_cache(maxsize=32)(_read)
