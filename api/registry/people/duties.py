"""Duties: what they are called, and which of them are given by two people."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from api.platform.access import Role

ROLE_TITLES = {
    Role.GRID_MEMBER: "网格员",
    Role.GRID_LEADER: "网格长",
    Role.GRID_GUIDE: "网格指导员",
    Role.CHIEF_GRID_LEADER: "总网格长",
    Role.COUNCIL: "道德评议会",
    Role.COMMITTEE: "村委会",
    Role.PARTY_BRANCH: "支委",
    Role.SUPERVISOR: "监委",
    Role.OFFICE: "乡镇办公室",
}
_GRID = (Role.GRID_MEMBER, Role.GRID_LEADER, Role.GRID_GUIDE, Role.CHIEF_GRID_LEADER)
# Their members sign last or confirm. Whoever could give these duties alone would be two people whenever they like.
DECIDING = frozenset(Role) - frozenset(_GRID)

# Who confirms that somebody comes to decide, for the whole township.
CONFIRMING = (Role.OFFICE, Role.PARTY_BRANCH, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class Duties:
    """What somebody does and where: `village` is None for the whole township."""

    name: str
    roles: frozenset[str]
    village: str | None
    grid: str | None
    household: str | None

    def tell(self, villages: Mapping[str, str]) -> str:
        """In words. `villages`: their names by code."""
        place = "全乡" if self.village is None else villages.get(self.village, self.village)
        told = [self.name, name_roles(self.roles), f"{place}{f'，网格 {self.grid}' if self.grid else ''}"]
        return "；".join([*told, *([f"户 {self.household}"] if self.household else [])])


def name_roles(roles: Collection[str]) -> str:
    return "、".join(title for role, title in ROLE_TITLES.items() if role in roles)


def need_two(before: Duties | None, after: Duties) -> bool:
    """Whether somebody comes to decide where they didn't. None: they had no duties."""
    gained = set(after.roles & DECIDING)
    if before is not None and (before.village is None or before.village == after.village):
        gained -= before.roles
    return bool(gained)
