"""Rulebooks for other packages: the one in force on a day, those of known versions, and the check of a text."""

from __future__ import annotations

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
from api.awards.rulebooks.draft_checks import DRAFT_CHECKER
from api.awards.rulebooks.tables import Adoption, RulebookText
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.register.queries import list_villages
from api.wire.text import search_form
from rules.parser.locator import Locator

MAX_VERSION_LENGTH = 40


def _select_adoptions_in_force() -> Select[UUID, str, str]:
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


_CacheKey: TypeAlias = tuple[str, str, str | None]


class Edition(msgspec.Struct, frozen=True):
    """A version with the digests of its text and of its base's. `village` is where it is in force, empty for the
    whole township."""

    village: str
    version: str
    base: str
    digest: str
    base_digest: str | None

    @property
    def cache_key(self) -> _CacheKey:
        """Identifies the book, so that its text need not be read again."""
        return self.version, self.digest, self.base_digest


MAX_CACHED_BOOKS = 32
_cache: dict[_CacheKey, rules.Rulebook] = {}


def _select_edition(
    village: InstrumentedAttribute[str] | ColumnElement[str],
) -> Select[str, str, str, str, str | None]:
    base = aliased(RulebookText)
    return select(
        village.label("village"),
        RulebookText.version,
        RulebookText.base,
        RulebookText.digest,
        base.digest.label("base_digest"),
    ).outerjoin_from(
        RulebookText, base, (base.township == RulebookText.township) & (base.version == RulebookText.base)
    )


def _select_texts() -> Select[str, str, str | None]:
    base = aliased(RulebookText)
    return (
        select(RulebookText.version, RulebookText.text, base.text.label("base_text"))
        .outerjoin(base, (base.township == RulebookText.township) & (base.version == RulebookText.base))
        .where(
            RulebookText.township == bindparam("township"),
            RulebookText.version.in_(bindparam("versions", expanding=True)),
        )
    )


# Built once: every household's page and every declaration use them.
_TEXTS = _select_texts()
_ADOPTIONS_IN_FORCE = _select_adoptions_in_force()
_ALL_EDITIONS = _select_edition(RulebookText.village).where(RulebookText.township == bindparam("township"))


def select_editions(versions: Select[str]) -> Select[str, str, str, str, str | None]:
    """A query for `Edition`s of these versions."""
    return _ALL_EDITIONS.where(RulebookText.version.in_(versions))


def _select_editions_in_force() -> Select[str, str, str, str, str | None]:
    # Adoptions first: of all that were ever confirmed, few are in force.
    adoptions = _select_adoptions_in_force().where(Adoption.village.in_(["", bindparam("village")])).subquery()
    return _select_edition(adoptions.c.village).join(
        adoptions, (RulebookText.township == bindparam("township")) & (RulebookText.version == adoptions.c.version)
    )


EDITIONS_IN_FORCE = _select_editions_in_force()
"""A query for the `Edition`s that `effective_edition` chooses from."""


async def book_in_force(uow: UnitOfWork, day: date, village: str) -> rules.Rulebook | None:
    """The rulebook that applies to a deed of this day: the township's, or the village's overlay if the one in
    force was written for that version. `village` is empty for the township's own book."""
    rows = await uow.session.execute(EDITIONS_IN_FORCE, {"township": uow.township, "day": day, "village": village})
    edition = effective_edition([Edition(*row) for row in rows], village)
    if edition is None:
        return None
    cached = _cache.get(edition.cache_key)
    return cached if cached is not None else (await _load_books(uow, [edition]))[edition.version]


async def books_in_force(
    uow: UnitOfWork, days: Collection[date], village: str
) -> dict[date, rules.Rulebook | None]:
    """`book_in_force` for many days, with one query for each period between two changes of the book."""
    rows = await uow.session.scalars(
        select(Adoption.effective_from)
        .distinct()
        .where(Adoption.township == uow.township, Adoption.village.in_(["", village]))
        .order_by(Adoption.effective_from)
    )
    starts = rows.all()
    periods: dict[int, list[date]] = {}
    for day in days:
        periods.setdefault(bisect_right(starts, day), []).append(day)
    books: dict[date, rules.Rulebook | None] = {}
    for same_book in periods.values():
        books |= dict.fromkeys(same_book, await book_in_force(uow, same_book[0], village))
    return books


def effective_edition(editions: Iterable[Edition], village: str) -> Edition | None:
    """Of the editions in force, the one that applies: the village's if it was written for the township's."""
    by_village = {edition.village: edition for edition in editions}
    base, overlay = by_village.get(""), by_village.get(village)
    return overlay if base is not None and overlay is not None and overlay.base == base.version else base


async def load_books(services: Services, editions: Collection[Edition]) -> dict[str, rules.Rulebook]:
    """Rulebooks by version; those that aren't cached are loaded from the database."""
    books = {each.version: _cache[each.cache_key] for each in editions if each.cache_key in _cache}
    missing = [each for each in editions if each.version not in books]
    if missing:
        async with services.unit_of_work() as uow:
            books |= await _load_books(uow, missing)
    return books


async def _load_books(uow: UnitOfWork, editions: Collection[Edition]) -> dict[str, rules.Rulebook]:
    books = await books_by_version(uow, {each.version for each in editions})
    _cache.update((each.cache_key, books[each.version]) for each in editions)
    while len(_cache) > MAX_CACHED_BOOKS:
        del _cache[next(iter(_cache))]
    return books


async def adoptions_in_force(uow: UnitOfWork, day: date) -> list[Row[UUID, str, str]]:
    """The adoption in force on this day (id, village, version) for each village, and under the empty name for the
    township: the latest to have taken effect, of several on one day the one confirmed last."""
    return list(await uow.session.execute(_ADOPTIONS_IN_FORCE, {"township": uow.township, "day": day}))


async def books_by_version(uow: UnitOfWork, versions: Collection[str]) -> dict[str, rules.Rulebook]:
    """The adopted rulebooks of these versions."""
    rows = await uow.session.execute(_TEXTS, {"township": uow.township, "versions": list(versions)})
    return {row.version: _parse_cached(row.text, row.base_text or "") for row in rows}


async def find_rules(uow: UnitOfWork, text: str) -> list[tuple[str, str]]:
    """The rules with this text in their title, each by its version and id, in all books that were ever adopted."""
    adopted = await uow.session.scalars(
        select(Adoption.version)
        .distinct()
        .where(Adoption.township == uow.township, Adoption.confirmed_at.is_not(None))
    )
    wanted = search_form(text)
    return [
        (version, rule.id)
        for version, book in (await books_by_version(uow, adopted.all())).items()
        for rule in book.rules.values()
        if wanted in search_form(rule.title)
    ]


async def check_text(services: Services, staff: Staff, text: str) -> wire.BookCheck:
    """All problems of a text, and whether its version is taken. Raises Refused: not-allowed."""
    require(staff, Role.PARTY_BRANCH)
    header = rules.read_header(text)
    async with services.unit_of_work() as uow:
        base = await load_base_text(uow, header)
    problems = await _check(text, base)
    async with services.unit_of_work() as uow:
        existing = await uow.session.get(RulebookText, (uow.township, header.version))
        if header.is_overlay:
            try:
                await resolve_village(uow, staff, header.village)
            except Refused as refused:
                problems.append(_problem_at(text, header, "village", refused.detail))
    if existing is not None and existing.text != text:
        problems.append(_problem_at(text, header, "version", version_taken(header.version).detail))
    problems.sort(key=lambda problem: (problem.line, problem.column))
    return wire.BookCheck(problems=problems, title=header.title, version=header.version)


def version_taken(version: str) -> Refused:
    return Refused(ErrorCode.ALREADY_THERE, f"已有版本为 {version} 的规则，内容不同，请换一个版本号。")


async def parse_proposal(text: str, base: str = "") -> rules.Rulebook:
    """Parse a text to be proposed, an overlay on its base's text. Raises Refused: rulebook-wrong (problems),
    busy."""
    errors = [problem for problem in await _check(text, base) if problem.kind == "error"]
    if errors:
        first = errors[0]
        raise Refused(
            ErrorCode.RULEBOOK_WRONG,
            f"规则有 {len(errors)} 处问题，先改好再提议。第 {first.line} 行：{first.message}",
            problems=msgspec.to_builtins(errors),
        )
    book = _parse_cached(text, base)
    if len(book.version) > MAX_VERSION_LENGTH:
        raise Refused(ErrorCode.RULEBOOK_WRONG, f"版本号最多 {MAX_VERSION_LENGTH} 个字，请写短一些。")
    return book


async def parse_text(services: Services, text: str) -> rules.Rulebook:
    """`parse_proposal`; an overlay is parsed on the base that it names."""
    async with services.unit_of_work() as uow:
        return await parse_proposal(text, await load_base_text(uow, rules.read_header(text)))


async def find_village(services: Services, staff: Staff, text: str) -> str:
    """The code of the village where a text would be in force, '' for the whole township.

    Raises Refused: as `resolve_village`.
    """
    header = rules.read_header(text)
    if not header.is_overlay:
        return ""
    async with services.unit_of_work() as uow:
        return await resolve_village(uow, staff, header.village)


async def load_base_text(uow: UnitOfWork, header: rules.Header) -> str:
    """The text of the book that an overlay was written for; empty for the township's own books and for an unknown
    version."""
    if not header.is_overlay:
        return ""
    base = await uow.session.get(RulebookText, (uow.township, header.base))
    return base.text if base is not None and not base.village else ""


async def resolve_village(uow: UnitOfWork, staff: Staff, name: str) -> str:
    """The code of the village that an overlay names, by its name or its code. Raises Refused: unknown,
    not-allowed."""
    code = next((v.code for v in await list_villages(uow) if name in (v.name, v.code)), None)
    if code is None:
        raise Refused(ErrorCode.UNKNOWN, f"没有叫「{name}」的村，请写村名，例如“河畔村”。")
    if not staff.serves(code):
        raise Refused(ErrorCode.NOT_ALLOWED, f"{name}的补充办法由{name}的支委提议。")
    return code


def _problem_at(text: str, header: rules.Header, key: str, message: str) -> wire.BookProblem:
    line, column = Locator(text).find(("overlay" if header.is_overlay else "book", key))
    return wire.BookProblem(line=line, column=column, kind="error", message=message)


async def _check(text: str, base: str) -> list[wire.BookProblem]:
    problems = await DRAFT_CHECKER.check_text(text, "rulebook.toml", base)
    return [wire.BookProblem(line=p.line, column=p.column, kind=p.kind, message=p.message) for p in problems]


def _parse(text: str, base_text: str) -> rules.Rulebook:
    """Parse a text that was checked before; `base_text` is that of an overlay's base."""
    base = rules.load(base_text, "base.toml", adopted=True) if base_text else None
    return rules.load(text, "rulebook.toml", base, adopted=True)


# Not for texts that are being typed, which would displace the others.
_parse_cached = lru_cache(maxsize=32)(_parse)
