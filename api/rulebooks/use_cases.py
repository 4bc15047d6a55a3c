"""Rulebooks as everybody else asks for them: the one in force on a day, those of known versions, and the check."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from datetime import date
from functools import lru_cache
from uuid import UUID

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

import rules
from api import wire
from api.access import Role, Staff, require
from api.problems import Refused
from api.rulebooks.tables import Adoption, RulebookText
from api.town import Town, Work
from rules.locator import Locator

LONGEST_VERSION = 40


async def in_force(work: Work, day: date, village: str) -> rules.Rulebook | None:
    """The rulebook that counts for a deed of this day: the township's, under the village's overlay where the one
    in force there was written for that very version. `village` is empty for the township's book alone."""
    rows = await work.session.execute(
        chosen(work, day)
        .add_columns(RulebookText.text, RulebookText.base)
        .join(
            RulebookText,
            (RulebookText.township == Adoption.township) & (RulebookText.version == Adoption.version),
        )
        .where(Adoption.village.in_({"", village}))
    )
    found = {row.village: row for row in rows}
    base, overlay = found.get(""), found.get(village)
    if base is None:
        return None
    if overlay is not None and overlay.base == base.version:
        return _parsed(overlay.text, base.text)
    return _parsed(base.text, "")


def chosen(work: Work, day: date) -> Select[UUID, str, str]:
    """Of each village, and of the township under the empty name, the adoption that counts on this day: the latest
    to have taken effect by then, of those of one day the one confirmed last."""
    return (
        select(Adoption.id, Adoption.village, Adoption.version)
        .ext(distinct_on(Adoption.village))
        .where(
            Adoption.township == work.township,
            Adoption.confirmed_at.is_not(None),
            Adoption.withdrawn_at.is_(None),
            Adoption.effective_from <= day,
        )
        .order_by(
            Adoption.village, Adoption.effective_from.desc(), Adoption.confirmed_at.desc(), Adoption.id.desc()
        )
    )


async def adopted(work: Work, versions: Collection[str]) -> dict[str, rules.Rulebook]:
    """Rulebooks by version, as they were adopted."""
    base = aliased(RulebookText)
    rows = await work.session.execute(
        select(RulebookText.version, RulebookText.text, base.text.label("base_text"))
        .outerjoin(base, (base.township == RulebookText.township) & (base.version == RulebookText.base))
        .where(RulebookText.township == work.township, RulebookText.version.in_(versions))
    )
    return {row.version: _parsed(row.text, row.base_text or "") for row in rows}


async def check(town: Town, staff: Staff, text: str) -> wire.BookCheck:
    """Everything that is wrong with a text, and whether its version is taken. Raises Refused: not-allowed."""
    require(staff, Role.PARTY_BRANCH)
    title, version = heading(text)
    problems = _problems(text)
    async with town.work() as work:
        known = await work.session.get(RulebookText, (work.township, version))
    if known is not None and known.text != text:
        line, column = Locator(text).find(("book", "version"))
        taken = wire.BookProblem(line=line, column=column, kind="error", message=version_taken(version).detail)
        problems = sorted([*problems, taken], key=lambda p: (p.line, p.column))
    return wire.BookCheck(problems=problems, title=title, version=version)


def version_taken(version: str) -> Refused:
    return Refused("already-there", f"已有版本为 {version} 的规则，内容不同，请换一个版本号。")


def read(text: str) -> rules.Rulebook:
    """A text that may be proposed. Raises Refused: rulebook-wrong (problems)."""
    problems = _problems(text)
    if problems:
        first = problems[0]
        raise Refused(
            "rulebook-wrong",
            f"规则有 {len(problems)} 处问题，先改好再提议。第 {first.line} 行：{first.message}",
            problems=msgspec.to_builtins(problems),
        )
    book = _parsed(text, "")
    if len(book.version) > LONGEST_VERSION:
        raise Refused("rulebook-wrong", f"版本号最多 {LONGEST_VERSION} 个字，请写短一些。")
    return book


def heading(text: str) -> tuple[str, str]:
    """Title and version as far as the text can be read."""
    try:
        book = tomllib.loads(text).get("book")
    except tomllib.TOMLDecodeError:
        return "", ""
    found = book if isinstance(book, dict) else {}
    title, version = (value if isinstance(value := found.get(key), str) else "" for key in ("title", "version"))
    return title, version


def _problems(text: str) -> list[wire.BookProblem]:
    try:
        _read(text, "")
    except rules.RulebookError as error:
        return [
            wire.BookProblem(line=p.line, column=p.column, kind="error", message=p.message) for p in error.problems
        ]
    return []


def _read(text: str, base_text: str) -> rules.Rulebook:
    """The one place where texts become books; `base_text` is empty but for an overlay."""
    base = rules.load(base_text, "base.toml") if base_text else None
    return rules.load(text, "rulebook.toml", base)


# For texts that don't change any more: one that is being typed would only push the others out.
_parsed = lru_cache(maxsize=32)(_read)
