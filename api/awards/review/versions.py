"""The versions of a claim: each returned one and the corrected one that replaced it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from sqlalchemy import select, true

from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.tables import Claim
from api.awards.claims.version_chain import select_versions
from api.awards.evidence.naming import read_digests
from api.awards.rulebooks.use_cases import books_by_version
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED, disclose
from api.platform.access import Staff
from api.platform.services import UnitOfWork
from api.registry.people.queries import name_subquery
from api.registry.register.queries import lateral_household
from rules import Input, Rule, Rulebook


@dataclass(frozen=True, slots=True)
class Change:
    """What was corrected; empty for what wasn't filled in."""

    title: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version:
    """`changes`: against the version before. `reason`: why it was returned, by whom and when."""

    id: UUID
    declared_at: datetime
    status: str
    changes: list[Change]
    returned_by: str
    returned_at: datetime | None
    reason: str


async def load_versions(uow: UnitOfWork, staff: Staff, claim: Claim) -> list[Version]:
    """All of them, the first one first; of those that this person may not see, only that there are some."""
    household = lateral_household(Claim.township, Claim.household, said_at=Claim.declared_at)
    returner = name_subquery(Claim.township, Claim.returned_by).label("returner")
    rows = await uow.session.execute(
        select(Claim, household.c.code, household.c.head, returner)
        .join(household, true())
        .where(Claim.township == uow.township, Claim.id.in_(select_versions(uow, claim.id)))
        .order_by(Claim.declared_at, Claim.id)
    )
    found = [(each, f"{head} {code}", name or "") for each, code, head, name in rows]
    books = await books_by_version(uow, {each.rulebook for each, *_ in found})
    shown = {each.id: disclose(staff, confidentiality_of(each)).subject for each, *_ in found}
    told = [_describe(books, each, who) if shown[each.id] else {} for each, who, _ in found]
    changes = [[], *(_compare(before, after) for before, after in pairwise(told))]
    return [
        Version(
            each.id,
            each.declared_at,
            each.status,
            changes[n],
            name,
            each.returned_at,
            each.return_reason if shown[each.id] else UNPUBLISHED,
        )
        for n, (each, _, name) in enumerate(found)
    ]


def name_answers(rule: Rule, claim: Claim) -> dict[str, str]:
    """By the titles of the form; without photos, which are shown themselves."""
    options = {option.id: option.title for input in rule.inputs for option in input.options}
    return {
        input.title: options.get(str(claim.inputs[input.id]), str(claim.inputs[input.id]))
        for input in rule.inputs
        if input.id in claim.inputs and not _list_photos(input, claim)
    }


def _list_photos(input: Input, claim: Claim) -> Sequence[str]:
    return read_digests(claim.inputs.get(input.id, "")) if input.type == "photo" else ()


def _describe(books: Mapping[str, Rulebook], claim: Claim, household: str) -> dict[str, str]:
    """All that was declared."""
    rule = books[claim.rulebook].get_rule(claim.rule)
    return {
        "户": household,
        "事项": rule.title,
        "日期": f"{claim.deed_on.year}年{claim.deed_on.month}月{claim.deed_on.day}日",
        "谁做的": claim.person,
        **name_answers(rule, claim),
        **{
            input.title: f"{len(photos)} 张照片" for input in rule.inputs if (photos := _list_photos(input, claim))
        },
        "说明": claim.note,
        "另一件事": claim.again,
        "分值": str(claim.points),
    }


def _compare(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """Nothing where one of them isn't shown."""
    if not before or not after:
        return []
    return [
        Change(title, before.get(title, ""), after.get(title, ""))
        for title in dict.fromkeys([*before, *after])
        if before.get(title, "") != after.get(title, "")
    ]
