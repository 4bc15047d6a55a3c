"""Deductions: two bodies sign one, and it never takes more than the household has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from sqlalchemy import ColumnElement, false, func, or_

from api.awards.claims.tables import Claim
from api.platform import accounts
from api.platform.access import Role, Staff
from api.platform.services import UnitOfWork
from ledger.transactions import AccountId
from rules import REVIEWER_TITLES, Reviewer, Rule

KIND = "deduction"
SIGNING_BODIES: Mapping[Reviewer, Role] = {
    "council": Role.COUNCIL,
    "committee": Role.COMMITTEE,
    "supervisors": Role.SUPERVISOR,
}


def signing_bodies(rule: Rule) -> list[str]:
    """The two bodies that sign a deduction, the first and the last that the rule names; none for an award."""
    bodies = [reviewer for reviewer in rule.reviewers if reviewer in SIGNING_BODIES]
    return [bodies[0], bodies[-1]] if rule.deduction else []


def signing_error(staff: Staff, claim: Claim, place: int) -> str:
    """Why this person can't sign a deduction as first (0) or second (1), empty if they can."""
    body = cast(Reviewer, claim.signers[place])
    if staff.may(SIGNING_BODIES[body]):
        return ""
    return f"扣分要由{REVIEWER_TITLES[body]}{'审核' if place == 0 else '签认'}，您办不了。"


def awaiting_signature(staff: Staff, place: int) -> ColumnElement[bool]:
    """The condition for deductions that this person may sign as first (0) or second (1)."""
    own_bodies = [body for body, role in SIGNING_BODIES.items() if staff.may(role)]
    # SQL arrays are indexed from one.
    return or_(false(), *(Claim.signers[place + 1] == body for body in own_bodies))


def is_award() -> ColumnElement[bool]:
    return func.cardinality(Claim.signers) == 0


async def available_points(uow: UnitOfWork, households: Iterable[str]) -> dict[str, int]:
    """What could be deducted from each household now, by code: the balance without reserved points. Points leased
    to kiosks may already be spent, so they are not included."""
    ids: dict[str, AccountId] = {code: accounts.household(code).id for code in households}
    balances = await uow.books.read_balances(list(ids.values()))
    return {code: balances[id].available if id in balances else 0 for code, id in ids.items()}
