"""Every duty at every step of every body, for one's own village or another, and whoever's household it is: who may
decide is in one table, and what isn't listed there is refused."""

from __future__ import annotations

from itertools import cycle, product
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from api.awards.review.returning import send_back
from api.awards.review.use_cases import refuse
from api.awards.review.voting import Ballot, lock_claims, vote
from api.platform.access import BODY_ROLES, Role, Staff
from api.platform.errors import Refused
from tests.api.awards.claims.conftest import review
from tests.api.awards.review.conftest import for_council, staff_of
from tests.conftest import LiveTown
from tests.databases import owner_engine

VILLAGES = {"hp": True, None: True, "other": False}
RELATIONS = {"none": True, "own": False, "relative": False}
LAST = ("council", "committee", "supervisors")
"""The bodies that sign last."""


def everybody(id: UUID) -> list[tuple[Staff, bool]]:
    """One person in turn with each duty, village and relation to hp-3; and whether these two let them."""
    found = []
    for role, (village, serves), (relation, free) in product(Role, VILLAGES.items(), RELATIONS.items()):
        own, relatives = (frozenset({"hp-3"} if relation == kind else ()) for kind in ("own", "relative"))
        found.append((Staff(id, "某人", frozenset({role}), village, own, relatives), serves and free))
    return found


async def claims_of_bodies(town: LiveTown, place: int) -> dict[UUID, str]:
    """For each body a claim of hp-3 that waits for it in this place."""
    bodies = tuple(BODY_ROLES) if place == 0 else LAST
    claims = {UUID(await for_council(town)): body for body in bodies}
    if place == 1:
        await review(town, *map(str, claims))
    async with owner_engine(town.clone).begin() as owner:
        for claim, body in claims.items():
            signers = [body, "committee"] if place == 0 else ["grid", body]
            await owner.execute(text("update claim set signers = :s where id = :id"), {"s": signers, "id": claim})
    return claims


@pytest.mark.parametrize(("place", "step"), [(0, "review"), (1, "approve")])
async def test_every_duty_at_every_step(town: LiveTown, place: int, step: str) -> None:
    claims = await claims_of_bodies(town, place)
    tan = await staff_of(town, "tan")
    async with town.town.unit_of_work() as uow:
        for staff, free in everybody(tan.id):
            async with uow.session.begin_nested() as attempt:
                ballot = Ballot(staff, step="review" if step == "review" else "approve")
                outcomes = await vote(uow, ballot, list(claims), await lock_claims(uow, list(claims)))
                await attempt.rollback()
            for outcome in outcomes:
                may = free and staff.may(*BODY_ROLES[claims[outcome.id]])
                assert (outcome.status != "refused") == may, (staff, claims[outcome.id], outcome)
                assert bool(outcome.reason) != may
            uow.session.expunge_all()


@pytest.mark.parametrize("act", [send_back, refuse])
async def test_who_may_not_sign_may_neither_return_nor_refuse(town: LiveTown, act: Any) -> None:
    claims = await claims_of_bodies(town, 0)
    tan = await staff_of(town, "tan")
    for (staff, free), (claim, body) in zip(everybody(tan.id), cycle(claims.items()), strict=False):
        if not (free and staff.may(*BODY_ROLES[body])):
            with pytest.raises(Refused):
                await act(town.town, staff, claim, "不实")
