"""Ticks: which forbidden subjects the delicate rules of a book don't concern, said by whoever confirms it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import insert, select

from api import wire
from api.awards.rulebooks.tables import Adoption, RulebookConcern
from api.awards.rulebooks.use_cases import books_by_version
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.registry.people.queries import read_names
from rules import FORBIDDEN_SUBJECTS, find_delicate


async def list_delicate(uow: UnitOfWork, version: str) -> list[wire.DelicateRule]:
    """The rules of a version that have to be ticked."""
    book = (await books_by_version(uow, {version}))[version]
    base = (await books_by_version(uow, {book.base_version})).get(book.base_version) if book.base_version else None
    return [wire.DelicateRule(rule=item.key, title=item.title) for item in find_delicate(book, base)]


async def keep_ticks(
    uow: UnitOfWork, adoption: Adoption, ticks: Mapping[str, Collection[str]], person: UUID
) -> None:
    """Keep what the confirming person ticked. Raises Refused: concerns-missing (missing)."""
    delicate = await list_delicate(uow, adoption.version)
    missing = {
        item.rule: [subject for subject in FORBIDDEN_SUBJECTS if subject not in ticks.get(item.rule, ())]
        for item in delicate
    }
    missing = {rule: subjects for rule, subjects in missing.items() if subjects}
    if missing:
        titles = "、".join(f"「{item.title}」" for item in delicate if item.rule in missing)
        raise Refused(
            ErrorCode.CONCERNS_MISSING,
            "扣分和带“不、未、没、拒、零”的项目，要逐项勾选确认不涉及禁止的内容；"
            f"还没有勾全的有 {len(missing)} 项：{titles}。",
            missing=missing,
        )
    if delicate:
        ticked = {"township": uow.township, "adoption": adoption.id, "ticked_by": person, "ticked_at": uow.now}
        await uow.session.execute(
            insert(RulebookConcern),
            [{**ticked, "rule": d.rule, "title": d.title, "subjects": list(FORBIDDEN_SUBJECTS)} for d in delicate],
        )


@dataclass(frozen=True, slots=True)
class PublishedTicks:
    """What one person confirmed on one day of these rules, as people read it."""

    rules: tuple[str, ...]
    subjects: tuple[str, ...]
    person: str
    day: date


async def read_ticks(uow: UnitOfWork, adoptions: Sequence[UUID]) -> list[PublishedTicks]:
    """The ticks kept with these adoptions."""
    rows = await uow.session.scalars(
        select(RulebookConcern)
        .where(RulebookConcern.township == uow.township, RulebookConcern.adoption.in_(adoptions))
        .order_by(RulebookConcern.ticked_at, RulebookConcern.rule)
    )
    groups: dict[tuple[UUID, UUID, tuple[str, ...], date], list[str]] = {}
    for row in rows:
        key = row.adoption, row.ticked_by, tuple(row.subjects), local_date(row.ticked_at)
        groups.setdefault(key, []).append(row.title)
    names = await read_names(uow, [person for _, person, _, _ in groups]) if groups else {}
    return [
        PublishedTicks(
            tuple(titles), tuple(FORBIDDEN_SUBJECTS.get(subject, subject) for subject in subjects), names[by], day
        )
        for (_, by, subjects, day), titles in groups.items()
    ]
