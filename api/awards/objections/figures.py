"""How many objections there were in a year, how long they took, how they ended, and how many were late."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median

from sqlalchemy import func, select

from api import wire
from api.awards.claims.tables import Claim
from api.awards.objections.tables import Objection
from api.awards.objections.working_days import count_days_late, count_working_days
from api.platform.clock import local_date, start_of_day
from api.platform.services import Services, UnitOfWork
from api.registry.register.queries import list_villages

ANSWERED = ("upheld", "dismissed")


@dataclass(frozen=True, slots=True)
class _Course:
    """When an objection was raised, due and ended, and how."""

    raised_at: datetime
    due_on: date
    outcome: str | None
    ended_at: datetime | None


async def list_figures(services: Services, year: int | None = None) -> list[wire.ObjectionFigures]:
    """Of every village, by code; of this year if none is said."""
    async with services.unit_of_work() as uow:
        return await read_figures(uow, local_date(uow.now).year if year is None else year)


async def read_figures(uow: UnitOfWork, year: int) -> list[wire.ObjectionFigures]:
    rows = await uow.session.execute(
        select(Claim.village, Objection.raised_at, Objection.due_on, Objection.outcome, Objection.ended_at)
        .join(Claim, (Claim.township == Objection.township) & (Claim.id == Objection.claim))
        .where(
            Objection.township == uow.township,
            Objection.raised_at >= start_of_day(date(year, 1, 1)),
            Objection.raised_at < start_of_day(date(year + 1, 1, 1)),
        )
    )
    by_village: defaultdict[str, list[_Course]] = defaultdict(list)
    for village, raised_at, due_on, outcome, ended_at in rows:
        by_village[village].append(_Course(raised_at, due_on, outcome, ended_at))
    today = local_date(uow.now)
    return [_add_up(village.code, year, by_village[village.code], today) for village in await list_villages(uow)]


async def list_years(uow: UnitOfWork) -> list[int]:
    """Those in which there were objections, and this one; the latest first."""
    first = await uow.session.scalar(
        select(func.min(Objection.raised_at)).where(Objection.township == uow.township)
    )
    this = local_date(uow.now).year
    return list(range(this, (this if first is None else local_date(first).year) - 1, -1))


def _add_up(village: str, year: int, courses: Sequence[_Course], today: date) -> wire.ObjectionFigures:
    outcomes = Counter(course.outcome or "open" for course in courses)
    took = [
        count_working_days(local_date(course.raised_at), local_date(course.ended_at))
        for course in courses
        if course.ended_at is not None and course.outcome in ANSWERED
    ]
    return wire.ObjectionFigures(
        village=village,
        year=year,
        raised=len(courses),
        open=outcomes["open"],
        upheld=outcomes["upheld"],
        dismissed=outcomes["dismissed"],
        withdrawn=outcomes["withdrawn"],
        late=sum(count_days_late(course.due_on, course.ended_at, today) > 0 for course in courses),
        median_days=median(took) if took else None,
        most_days=max(took, default=None),
    )
