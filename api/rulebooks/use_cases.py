"""Adopt a rulebook; find the one in force on a day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import lru_cache

from sqlalchemy import select

import rules
from api import wire
from api.access import Role, Staff, require
from api.problems import Refused
from api.rulebooks.tables import AdoptedRulebook
from api.town import Town, Work


async def adopt(town: Town, staff: Staff, text: str) -> wire.RulebookView:
    """Check a rulebook and keep it; it counts from its own effective date.

    Raises Refused: not-allowed, rulebook-wrong (problems), already-there.
    """
    require(staff, Role.PARTY_BRANCH)
    try:
        book = _parsed(text)
    except rules.RulebookError as error:
        raise Refused(
            "rulebook-wrong", f"规则有问题：{error.problems[0]}", problems=[str(p) for p in error.problems]
        ) from None
    async with town.work() as work:
        known = await work.session.get(AdoptedRulebook, (work.township, book.version))
        if known is not None and known.text != text:
            raise Refused("already-there", f"已有版本为 {book.version} 的规则，请换一个版本号。")
        if known is None:
            known = AdoptedRulebook(
                township=work.township,
                version=book.version,
                title=book.title,
                text=text,
                effective_from=book.effective_from,
                adopted_by=staff.id,
                adopted_at=work.now,
            )
            work.session.add(known)
        return wire.RulebookView(
            title=book.title, version=book.version, rules=len(book.rules), adopted_at=known.adopted_at
        )


async def in_force(work: Work, day: date) -> rules.Rulebook | None:
    """The rulebook that counts for a deed of this day: the latest to have taken effect by then."""
    text = await work.session.scalar(
        select(AdoptedRulebook.text)
        .where(AdoptedRulebook.township == work.township, AdoptedRulebook.effective_from <= day)
        .order_by(AdoptedRulebook.effective_from.desc(), AdoptedRulebook.adopted_at.desc())
        .limit(1)
    )
    return _parsed(text) if text is not None else None


async def adopted(work: Work, versions: Collection[str]) -> dict[str, rules.Rulebook]:
    """Rulebooks by version, as they were adopted."""
    rows = await work.session.execute(
        select(AdoptedRulebook.version, AdoptedRulebook.text).where(
            AdoptedRulebook.township == work.township, AdoptedRulebook.version.in_(versions)
        )
    )
    return {version: _parsed(text) for version, text in rows}


@lru_cache(maxsize=32)
def _parsed(text: str) -> rules.Rulebook:
    return rules.load(text, "rulebook.toml")
