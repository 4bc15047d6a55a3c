"""Who declares: a person at the desk, or a household itself."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from api.awards.claims.declarers import DeclaredWith
from api.bookkeeping.general_ledger.disclosure import Outsider, Viewer
from api.platform.access import Role, Staff
from api.registry.register.moves import Moves
from api.registry.register.queries import HouseholdFacts, tell_ended
from rules import PointsByMeeting, Rule


@dataclass(frozen=True, slots=True)
class Declarer:
    """A member of staff, also one who confirms what a household declared; or the household with this code, with
    its card's PIN."""

    staff: Staff | None
    household: str = ""
    declared_with: DeclaredWith | None = None

    @property
    def id(self) -> UUID | None:
        return self.staff.id if self.staff is not None else None

    @property
    def name(self) -> str:
        return self.staff.name if self.staff is not None else "这户自己"

    @property
    def viewer(self) -> Viewer:
        return self.staff if self.staff is not None else Outsider.CARD

    def find_obstacle(self, code: str, household: HouseholdFacts | None, moves: Moves) -> str:
        """Why they can't declare for the household with this code, one sentence; empty if they can."""
        unknown = f"没有编号为 {code} 的户。"
        if household is None:
            return unknown
        if self.staff is None:
            return "" if household.code == self.household and household.is_living else unknown
        if not knows(self.staff, household, moves):
            return unknown
        if not self.staff.serves(household.village):
            return f"{code} 户已经迁到别的村，请由那个村申报。"
        if not household.is_living:
            return tell_ended(household)
        return self.staff.find_recusal({household.code}, "不能为自己家申报，请由别人申报。")

    def find_obstacle_in(self, rule: Rule) -> str:
        """Why they can't declare under this rule; empty if they can."""
        if self.staff is None:
            return "" if is_open_to_households(rule) else f"「{rule.title}」由村里申报，请告诉网格员。"
        if rule.every_household and not self.staff.may(Role.COMMITTEE):
            return f"「{rule.title}」由村里统一申报，请找村委会。"
        return ""


def knows(staff: Staff, household: HouseholdFacts, moves: Moves) -> bool:
    """Whether it is, or was before it moved, of a village that this person serves."""
    villages = [household.village, *(village for _, village in moves.entered.get(household.id, ()))]
    return any(staff.serves(village) for village in villages)


def is_open_to_households(rule: Rule) -> bool:
    """Whether a household may declare under it itself: not what every household gets, what takes points, what is
    kept from publication, or what others score or decide."""
    return (
        not rule.every_household
        and rule.deduction is None
        and rule.publish
        and not isinstance(rule.points, PointsByMeeting)
        and all(input.type != "sheet" for input in rule.inputs)
    )
