"""A deduction goes a longer way than an award: two bodies sign it, and it never takes what isn't there."""

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
BODIES: Mapping[Reviewer, Role] = {
    "council": Role.COUNCIL,
    "committee": Role.COMMITTEE,
    "supervisors": Role.SUPERVISOR,
}


def signers(rule: Rule) -> list[str]:
    """The two bodies that sign a deduction under this rule, first and last as the rule names them; none for an
    award."""
    bodies = [reviewer for reviewer in rule.reviewers if reviewer in BODIES]
    return [bodies[0], bodies[-1]] if rule.deduction else []


def may_sign(staff: Staff, claim: Claim, place: int) -> str:
    """Why this person can't sign a deduction at the first (0) or second (1) place, empty if they can."""
    body = cast(Reviewer, claim.signers[place])
    if staff.may(BODIES[body]):
        return ""
    return f"扣分要由{REVIEWER_TITLES[body]}{'审核' if place == 0 else '签认'}，您办不了。"


def waiting_for(staff: Staff, place: int) -> ColumnElement[bool]:
    """The deductions that this person may sign at that place."""
    mine = [body for body, role in BODIES.items() if staff.may(role)]
    # Arrays count from one in SQL.
    return or_(false(), *(Claim.signers[place + 1] == body for body in mine))


def is_award() -> ColumnElement[bool]:
    return func.cardinality(Claim.signers) == 0


async def available(uow: UnitOfWork, households: Iterable[str]) -> dict[str, int]:
    """What could be taken from each household now, by code: its balance less what is reserved. What kiosks hold
    for it is theirs to spend already, and not taken."""
    ids: dict[str, AccountId] = {code: accounts.household(code).id for code in households}
    balances = await uow.books.read_balances(list(ids.values()))
    return {code: balances[id].available if id in balances else 0 for code, id in ids.items()}
