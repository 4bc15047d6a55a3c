"""The members of the bodies that decide: who of them has to keep out of a claim, and how many are needed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from api.awards.claims.tables import Claim
from api.awards.review.signatures import SIGNERS, Progress, Vote, find_obstacle
from api.platform.access import BODY_ROLES, Staff
from api.platform.services import UnitOfWork
from api.registry.founding.defaults import read_defaults
from api.registry.people.queries import list_staff

Ground: TypeAlias = Literal["own", "relative"]


@dataclass(frozen=True, slots=True)
class Recusal:
    person: UUID
    name: str
    ground: Ground


class Bodies:
    """Everybody who may sign claims, and how many of the moral council decide one together."""

    def __init__(self, members: Sequence[Staff], council_quorum: int) -> None:
        self._members = members
        self._council_quorum = council_quorum
        # By the household that they keep out of: most claims concern nobody's.
        self._concerned: defaultdict[str, list[tuple[Staff, Ground]]] = defaultdict(list)
        for member in members:
            for code in member.own:
                self._concerned[code].append((member, "own"))
            for code in member.relatives - member.own:
                self._concerned[code].append((member, "relative"))

    @classmethod
    async def load(cls, uow: UnitOfWork) -> Bodies:
        return cls(await list_staff(uow, SIGNERS), (await read_defaults(uow)).council_quorum)

    def find_recusals(self, claim: Claim, place: int, household: str) -> list[Recusal]:
        """Who of the body that decides in this place keeps out."""
        return [
            Recusal(member.id, member.name, ground)
            for member, ground in self._concerned.get(household, ())
            if member.serves(claim.village) and member.may(*BODY_ROLES[claim.signers[place]])
        ]

    def quorum_of(self, claim: Claim, place: int) -> int:
        """How many members decide in this place by the township's policy."""
        return self._council_quorum if claim.signers[place] == "council" else 1

    def list_able(self, claim: Claim, progress: Progress, household: str) -> set[UUID]:
        """Who may decide this claim in its present place: who has done so, and who still can."""
        voted = {vote.person for vote in progress.given}
        return voted | {member.id for member in self._free_members(claim, progress, household)}

    def count_needed(self, claim: Claim, progress: Progress, household: str) -> int:
        """How many have to vote now: the quorum, or all whom nothing keeps out where they are fewer; at least
        one."""
        quorum = self.quorum_of(claim, progress.place)
        if quorum == 1:
            return 1
        return max(1, min(quorum, len(self.list_able(claim, progress, household))))

    def _free_members(self, claim: Claim, progress: Progress, household: str) -> Iterator[Staff]:
        for member in self._members:
            if member.serves(claim.village) and not find_obstacle(member, claim, progress, household):
                yield member


def count_votes(votes: Collection[Vote], needed: int) -> bool | None:
    """Whether a body approves, once as many as are needed have voted: by a majority of them."""
    if len(votes) < needed:
        return None
    return 2 * sum(vote.approves for vote in votes) > len(votes)
