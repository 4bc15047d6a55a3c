"""The same deed declared twice: claims of one household under one rule for one day, by whomever. The declarer is
told before a second one is taken, and every queue marks both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from api import wire
from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.corrections import net_points, points_taken_back
from api.awards.claims.declarers import declarer_name
from api.awards.claims.statuses import COUNTS, FALLEN
from api.awards.claims.tables import Claim
from api.bookkeeping.general_ledger.disclosure import Viewer, disclose
from api.platform.services import UnitOfWork
from api.registry.register.merged import read_absorbed

Deed: TypeAlias = tuple[UUID, str, date]
"""Household, rule, day."""

# Built once, as every look at a queue asks for them.
_OWN = aliased(Claim)
_SAME = select(_OWN.id).where(
    _OWN.township == Claim.township,
    _OWN.household == Claim.household,
    _OWN.rule == Claim.rule,
    _OWN.deed_on == Claim.deed_on,
    _OWN.id != Claim.id,
)


@dataclass(frozen=True, slots=True)
class SameDeed:
    """Another claim for the same deed."""

    id: UUID
    status: str
    declared_by: str


def tell_declared(twins: Iterable[SameDeed]) -> str:
    """Why another isn't taken just so."""
    by = "、".join(dict.fromkeys(twin.declared_by for twin in twins))
    return f"这户当天已有这一项的申报（{by}申报）。确是另一件事的，请写明理由再提交。"


@dataclass(frozen=True, slots=True)
class EarlierDeed:
    """What a household has under a rule already."""

    deed_on: date
    declared_by: str


async def find_declared(
    uow: UnitOfWork, viewer: Viewer, households: Collection[UUID], claims: Iterable[wire.NewClaim]
) -> defaultdict[Deed, list[SameDeed]]:
    """The claims that these households have for such deeds, as far as the viewer may know of them."""
    rules, days = {claim.rule for claim in claims}, {claim.deed_on for claim in claims}
    found: defaultdict[Deed, list[SameDeed]] = defaultdict(list)
    absorbed = await read_absorbed(uow, households)
    for claim, declared_by in await _read(
        uow, viewer, Claim.household.in_([*households, *absorbed]), Claim.rule.in_(rules), Claim.deed_on.in_(days)
    ):
        deed = absorbed.get(claim.household, claim.household), claim.rule, claim.deed_on
        found[deed].append(SameDeed(claim.id, claim.status, declared_by))
    return found


async def find_earlier(
    uow: UnitOfWork, viewer: Viewer, households: Collection[UUID], rule: str, since: date, until: date
) -> defaultdict[UUID, list[EarlierDeed]]:
    """What these households have under a rule for deeds of these days, the latest first, as far as the viewer may
    know of it."""
    absorbed = await read_absorbed(uow, households)
    earlier: defaultdict[UUID, list[EarlierDeed]] = defaultdict(list)
    for claim, declared_by in await _read(
        uow,
        viewer,
        Claim.household.in_([*households, *absorbed]),
        Claim.rule == rule,
        Claim.deed_on.between(since, until),
    ):
        earlier[absorbed.get(claim.household, claim.household)].append(EarlierDeed(claim.deed_on, declared_by))
    for deeds in earlier.values():
        deeds.sort(key=lambda deed: deed.deed_on, reverse=True)
    return earlier


async def find_same_deeds(
    uow: UnitOfWork, viewer: Viewer, claims: Sequence[Claim]
) -> dict[UUID, tuple[SameDeed, ...]]:
    """For each of these claims the others for the same deed, as far as the viewer may know of both."""
    same = _SAME.where(_OWN.id.in_([claim.id for claim in claims])).exists()
    households = Claim.household.in_({claim.household for claim in claims})
    others: defaultdict[Deed, list[SameDeed]] = defaultdict(list)
    for claim, declared_by in await _read(uow, viewer, households, same) if claims else ():
        others[claim.household, claim.rule, claim.deed_on].append(SameDeed(claim.id, claim.status, declared_by))
    return {
        claim.id: tuple(
            other for other in others.get((claim.household, claim.rule, claim.deed_on), ()) if other.id != claim.id
        )
        if claim.status not in FALLEN and disclose(viewer, confidentiality_of(claim)).subject
        else ()
        for claim in claims
    }


async def _read(uow: UnitOfWork, viewer: Viewer, *conditions: ColumnElement[bool]) -> list[tuple[Claim, str]]:
    """Claims that count, with their declarers: neither come to nothing nor taken back altogether."""
    counting = [Claim.township == uow.township, COUNTS, *conditions]
    rows = await uow.session.execute(
        select(Claim, declarer_name()).where(*counting).order_by(Claim.declared_at, Claim.id)
    )
    taken_back = await points_taken_back(uow, *conditions)
    return [
        (claim, name)
        for claim, name in rows
        if net_points(claim.points, taken_back.get(claim.id, 0))
        and disclose(viewer, confidentiality_of(claim)).subject
    ]
