"""How soon members of the bodies approve, and whose approvals they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from api import wire
from api.awards.patterns.awards import Scope, claims_address, sort_into_tenths
from api.awards.patterns.periods import Period
from api.awards.patterns.thresholds import BODY_APPROVALS, BODY_PERCENT, QUICK_SECONDS, RUN_BATCHES, RUN_GAP
from api.awards.review.decisions import approvals
from api.platform.access import BODY_ROLES, Staff
from api.platform.services import UnitOfWork

BINS: Final[Sequence[tuple[str, float]]] = (
    ("10秒内", QUICK_SECONDS.number),
    ("1分钟内", 60),
    ("10分钟内", 600),
    ("1小时内", 3600),
    ("1天内", 86_400),
    ("1周内", 604_800),
    ("更久", float("inf")),
)
"""Each up to so many seconds, from the one before on."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Claims of a village that a member approved for a body at one moment: `within` each of the `BINS`; the first
    of them `seconds` after it could first be seen."""

    village: str
    body: str
    person: UUID
    decided_at: datetime
    seconds: float
    within: Sequence[int]

    @property
    def claims(self) -> int:
        return sum(self.within)


async def read_batches(uow: UnitOfWork, scope: Scope) -> list[Batch]:
    """Of the period, the earliest first."""
    given = approvals(uow.township, *scope.claims, since=scope.period.begins, until=scope.period.ends)
    key = (given.c.village, given.c.body, given.c.person, given.c.decided_at)
    # Up to each edge, so that every approval is compared with one number alone.
    up_to = [func.count().filter(given.c.seconds < edge) for _, edge in BINS[:-1]]
    rows = await uow.session.execute(
        select(*key, func.min(given.c.seconds), *up_to, func.count())
        .group_by(*key)
        .order_by(given.c.decided_at, given.c.village, given.c.body, given.c.person)
    )
    return [
        Batch(
            village,
            body,
            person,
            decided_at,
            float(seconds),
            [number - before for number, before in zip(numbers, [0, *numbers], strict=False)],
        )
        for village, body, person, decided_at, seconds, *numbers in rows
    ]


def count_by_time(batches: Sequence[Batch]) -> list[wire.PatternBin]:
    """Approvals by how long they took; those of the first bar are all listed."""
    numbers = [sum(batch.within[place] for batch in batches) for place in range(len(BINS))]
    return [
        wire.PatternBin(label=label, number=number, listed=0 if place else number)
        for place, ((label, _), number) in enumerate(zip(BINS, numbers, strict=True))
    ]


def list_quick(batches: Sequence[Batch], names: Mapping[UUID, str]) -> list[wire.QuickApprovals]:
    """With at least one quick approval, the earliest first."""
    return [
        wire.QuickApprovals(
            village=batch.village,
            body=batch.body,
            person=batch.person,
            name=names[batch.person],
            decided_at=batch.decided_at,
            claims=batch.claims,
            quick=batch.within[0],
            seconds=batch.seconds,
            claims_at=claims_address(
                village=batch.village,
                approved_by=batch.person,
                body=batch.body,
                decided_since=batch.decided_at.isoformat(),
                decided_until=batch.decided_at.isoformat(),
            ),
        )
        for batch in batches
        if batch.within[0]
    ]


def list_runs(batches: Sequence[Batch], names: Mapping[UUID, str]) -> list[wire.ApprovalRun]:
    """The earliest first."""
    by_person = sorted(batches, key=lambda batch: (batch.person, batch.village, batch.decided_at))
    runs = [
        run
        for _, own in groupby(by_person, key=lambda batch: (batch.person, batch.village))
        for run in _split(list(own))
        # What was approved for two bodies by one press of a button is one moment.
        if len({batch.decided_at for batch in run}) >= RUN_BATCHES.number
    ]
    runs.sort(key=lambda run: (run[0].decided_at, run[0].village, names[run[0].person]))
    return [
        wire.ApprovalRun(
            village=run[0].village,
            person=run[0].person,
            name=names[run[0].person],
            since=run[0].decided_at,
            until=run[-1].decided_at,
            batches=len({batch.decided_at for batch in run}),
            claims=sum(batch.claims for batch in run),
            claims_at=claims_address(
                village=run[0].village,
                approved_by=run[0].person,
                decided_since=run[0].decided_at.isoformat(),
                decided_until=run[-1].decided_at.isoformat(),
            ),
        )
        for run in runs
    ]


def _split(batches: Sequence[Batch]) -> Iterator[list[Batch]]:
    """Acts of one person, wherever there was a pause."""
    run: list[Batch] = []
    for batch in batches:
        if run and batch.decided_at - run[-1].decided_at >= RUN_GAP:
            yield run
            run = []
        run.append(batch)
    if run:
        yield run


def compare_members(
    batches: Sequence[Batch], serving: Sequence[Staff], names: Mapping[UUID, str], period: Period
) -> tuple[list[wire.PatternBin], list[wire.MemberShare]]:
    """The bodies with several members (those of `serving` who serve the village alone, and whoever approved) by
    the largest share of one of them; and the members who pass the thresholds, by village and body."""
    bodies: defaultdict[tuple[str, str], defaultdict[UUID, int]] = defaultdict(lambda: defaultdict(int))
    for batch in batches:
        bodies[batch.village, batch.body][batch.person] += batch.claims
    shares: list[wire.MemberShare] = []
    for (village, body), own in sorted(bodies.items()):
        of_village = {each.id for each in serving if each.village == village and each.may(*BODY_ROLES[body])}
        members, number = len(of_village | own.keys()), sum(own.values())
        if members == 1:
            continue
        person = max(own, key=lambda person: own[person])
        shares.append(
            wire.MemberShare(
                village=village,
                body=body,
                person=person,
                name=names[person],
                members=members,
                approvals=own[person],
                of_body=number,
                percent=100 * own[person] // number,
                claims_at=claims_address(
                    village=village,
                    approved_by=person,
                    body=body,
                    decided_since=period.begins.isoformat(),
                    decided_until=period.ends.isoformat(),
                ),
            )
        )
    passing = [share.of_body >= BODY_APPROVALS.number and share.percent >= BODY_PERCENT.number for share in shares]
    return sort_into_tenths([share.percent for share in shares], passing), [
        share for share, passes in zip(shares, passing, strict=True) if passes
    ]
