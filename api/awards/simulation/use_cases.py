"""What a draft rulebook would have given for the recorded claims of a period."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import TypeAlias

import msgspec
from sqlalchemy import text

import rules
from api.awards.claims.recorded import versions
from api.awards.rulebooks.use_cases import adopted, base_text
from api.awards.simulation.records import VillageClaims, villages
from api.awards.simulation.worker import LONGEST_LINE, Draft, Finished, Job, Progress, Told
from api.bookkeeping.reports.liability import calculate_liability
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork

MOST_CLAIMS = 300_000
"""Claims that a server simulates while somebody waits at a page: some seconds of one processor."""
LONGEST = 60.0
"""Seconds that it takes at most."""

_TOO_LARGE = "这段时间的申报太多，网页上算不完。请把时间缩短或只选一个村，或者在服务器上用 jimei rules simulate。"
# One at a time of a township, whichever server it is.
_LOCK = 7_403_001

Watch: TypeAlias = Callable[[int, int], None]


def _untold(done: int, claims: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Without days it is the last twelve months, without `village` (its code) all of them. `source` is what the
    text's author calls it. Of an overlay only its own village can be simulated, and is."""

    text: str
    first: date | None = None
    last: date | None = None
    village: str | None = None
    source: str = "rulebook.toml"


async def simulate(
    services: Services,
    wanted: Wanted,
    *,
    processes: int | None = None,
    most: int | None = None,
    told: Watch = _untold,
) -> rules.Simulation:
    """Takes as many processes as there are processors, unless told otherwise, and at most so many claims.

    Raises Refused: rulebook-wrong, unknown, malformed, too-large.
    """
    async with services.snapshot() as uow:
        plan = await _plan(uow, wanted)
        if most is not None and sum(village.claims for village in plan.villages) > most:
            raise Refused(ErrorCode.TOO_LARGE, _TOO_LARGE)
        parts = await _run(services, uow, plan, processes or _processors(), told)
        rule_titles, category_titles = await _titles(uow)
    rate = (await calculate_liability(services)).fen_per_point
    return rules.summarize(
        rules.backdate(plan.book, plan.last),
        plan.first,
        plan.last,
        parts,
        rule_titles,
        category_titles,
        Fraction(str(rate)) if rate is not None else None,
    )


def _processors() -> int:
    """Those that this process may use, where the system says so."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


async def simulate_bounded(services: Services, wanted: Wanted) -> rules.Simulation:
    """As a server does it, beside its other work: one at a time, in one process, within bounds.

    Raises Refused: rulebook-wrong, unknown, malformed, too-large, busy.
    """
    async with services.unit_of_work() as uow:
        free = await uow.session.scalar(
            text("select pg_try_advisory_xact_lock(:kind, :township)"),
            {"kind": _LOCK, "township": uow.township},
        )
        if not free:
            raise Refused(ErrorCode.BUSY, "正在试算另一份草案，请过一会儿再试。")
        try:
            async with asyncio.timeout(LONGEST):
                return await simulate(services, wanted, processes=1, most=MOST_CLAIMS)
        except TimeoutError:
            raise Refused(ErrorCode.TOO_LARGE, _TOO_LARGE) from None


@dataclass(frozen=True, slots=True)
class _Plan:
    draft: Draft
    book: rules.Rulebook
    first: date
    last: date
    reach: tuple[date, date]
    villages: Sequence[VillageClaims]


async def _plan(uow: UnitOfWork, wanted: Wanted) -> _Plan:
    first, last = period(wanted.first, wanted.last, local_date(uow.now))
    draft = Draft(wanted.text, wanted.source, await base_text(uow, rules.read_header(wanted.text)))
    try:
        book = draft.book()
    except rules.RulebookError as error:
        more = f"（共 {len(error.problems)} 处）" if len(error.problems) > 1 else ""
        raise Refused(
            ErrorCode.RULEBOOK_WRONG,
            f"草案有问题，先改好再试算{more}：{error.problems[0]}",
            problems=[str(p) for p in error.problems],
        ) from None
    reach = rules.relevant_days(book, first, last)
    return _Plan(draft, book, first, last, reach, _chosen(await villages(uow, *reach), wanted, book))


def period(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """The days to simulate, both inclusive: the twelve months up to today where nobody says. Raises Refused:
    malformed."""
    last = last or today
    for day in (first, last):
        if day is not None and not 1900 <= day.year <= 2999:
            raise Refused(ErrorCode.MALFORMED, f"日期 {day} 不对，请核对年份。")
    if first is None:
        leap = (last.month, last.day) == (2, 29)
        first = last.replace(year=last.year - 1, day=28 if leap else last.day) + timedelta(days=1)
    if first > last:
        raise Refused(ErrorCode.MALFORMED, f"起始日期 {first} 晚于截止日期 {last}。")
    return first, last


def _chosen(all_villages: Sequence[VillageClaims], wanted: Wanted, book: rules.Rulebook) -> list[VillageClaims]:
    if wanted.village and wanted.village not in {v.code for v in all_villages}:
        raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {wanted.village} 的村。")
    if book.village and not any(book.village in (v.name, v.code) for v in all_villages):
        raise Refused(ErrorCode.UNKNOWN, f"草案是{book.village}的补充办法，登记簿里没有这个村。")
    chosen = [
        v
        for v in all_villages
        if (not wanted.village or v.code == wanted.village)
        and (not book.village or book.village in (v.name, v.code))
    ]
    if all_villages and not chosen:
        raise Refused(ErrorCode.MALFORMED, f"草案是{book.village}的补充办法，只能按这个村试算。")
    return chosen


async def _run(
    services: Services, uow: UnitOfWork, plan: _Plan, processes: int, told: Watch
) -> list[rules.VillageResult]:
    """The villages, spread over processes so that each has about as many claims."""
    snapshot = await uow.session.scalar(text("select pg_export_snapshot()"))
    shares: list[list[VillageClaims]] = [[] for _ in range(min(processes, len(plan.villages)))]
    for village in sorted(plan.villages, key=lambda v: (-v.claims, v.code)):
        min(shares, key=lambda share: sum(v.claims for v in share)).append(village)
    claims, done = sum(village.claims for village in plan.villages), 0
    parts: list[rules.VillageResult] = []

    async def follow(share: Sequence[VillageClaims]) -> None:
        nonlocal done
        job = Job(
            database=services.database.engine.url.render_as_string(hide_password=False),
            snapshot=str(snapshot),
            township=uow.township,
            data=str(services.data),
            draft=plan.draft,
            first=plan.first,
            last=plan.last,
            reach=plan.reach,
            villages=share,
        )
        async with _working(job) as lines:
            async for line in lines:
                match msgspec.json.decode(line, type=Told):
                    case Progress(more):
                        done += more
                        told(done, claims)
                    case Finished(part):
                        parts.append(part)

    async with asyncio.TaskGroup() as group:
        for share in shares:
            group.create_task(follow(share))
    return parts


async def _titles(uow: UnitOfWork) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What rules and categories were called by the books that claims were declared under, in the newest words."""
    books = (await adopted(uow, await versions(uow))).values()
    oldest_first = sorted(books, key=lambda book: (book.effective_from, book.version))
    rules = {rule.id: rule.title for book in oldest_first for rule in book.rules.values()}
    return rules, {category.id: category.title for book in oldest_first for category in book.categories}


@asynccontextmanager
async def _working(job: Job) -> AsyncIterator[asyncio.StreamReader]:
    """A process at this job, and its lines. It ends with the block, whatever happens."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.awards.simulation.worker"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
        # A Ctrl-C is for us, and we end it.
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(job))
        process.stdin.close()
        yield process.stdout
        if await process.wait() != 0:
            raise RuntimeError(f"the simulation's process ended with {process.returncode}")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
