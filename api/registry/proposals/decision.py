"""Who may confirm a proposal: the one rule, from facts alone.

Whoever brings value in, writes it off or changes what everybody gets is not the one who confirms it; nobody
confirms what concerns their own household; a village's matter is confirmed by those who serve it, a township's by
those who serve the whole township; and where two bodies have to agree, the second is another than the first.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from api.platform.access import RESET_LATELY, Role, Staff
from api.platform.errors import ErrorCode

BODIES = {
    Role.COMMITTEE: "村委会",
    Role.PARTY_BRANCH: "支委",
    Role.SUPERVISOR: "监委",
    Role.OFFICE: "乡镇办公室",
}
"""The bodies that confirm proposals, as they are called on the screen."""


@dataclass(frozen=True, slots=True)
class Confirmers:
    """Who confirms proposals of a kind. `two_bodies`: of another of these bodies than the proposer."""

    bodies: tuple[Role, ...]
    two_bodies: bool = False


@dataclass(frozen=True, slots=True)
class ProposalFacts:
    """`village`: None for the whole township's. `roles`: the proposer's."""

    proposer: UUID
    roles: Collection[str]
    village: str | None
    households: Collection[str]


@dataclass(frozen=True, slots=True)
class Bar:
    """Why somebody can't confirm."""

    code: ErrorCode
    sentence: str


def find_bar(confirmers: Confirmers, facts: ProposalFacts, staff: Staff) -> Bar | None:
    names = "或".join(BODIES[body] for body in confirmers.bodies)
    if facts.proposer == staff.id:
        return Bar(ErrorCode.SAME_PERSON, "这是您提议的，请由另一个人确认。")
    if staff.is_same(facts.proposer):
        return Bar(ErrorCode.SAME_PERSON, RESET_LATELY)
    if not staff.may(*confirmers.bodies):
        return Bar(ErrorCode.NOT_ALLOWED, f"这份提议由{names}的人确认。")
    if not covers(staff, facts.village):
        if facts.village is None:
            return Bar(ErrorCode.NOT_ALLOWED, "这是全乡的事，请由服务全乡的人员确认。")
        return Bar(ErrorCode.NOT_ALLOWED, "这是别的村的事，请由那个村或服务全乡的人员确认。")
    if confirmers.two_bodies and not _differ(confirmers.bodies, facts.roles, staff.roles):
        return Bar(ErrorCode.NOT_ALLOWED, f"提议和确认要由{names}中不同的两方办理，请由另一方的人确认。")
    recusal = staff.find_recusal(facts.households, "这里面有您自己家的，请由别人确认。")
    return Bar(ErrorCode.NOT_ALLOWED, recusal) if recusal else None


def covers(staff: Staff, village: str | None) -> bool:
    """Whether they serve this village; None: the whole township."""
    return staff.serves_township if village is None else staff.serves(village)


def _differ(bodies: Collection[Role], first: Collection[str], second: Collection[str]) -> bool:
    """Whether the two people can act for two of these bodies."""
    return any(a != b for a in bodies if a in first for b in bodies if b in second)
