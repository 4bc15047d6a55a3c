"""Simulates a draft rulebook over the recorded claims of a period."""

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
from api.awards.claims.recorded_claims import rulebook_versions
from api.awards.rulebooks.draft_checks import DRAFT_CHECKER
from api.awards.rulebooks.use_cases import books_by_version, load_base_text
from api.awards.simulation.claim_reader import VillageClaims, list_villages
from api.awards.simulation.worker import MAX_LINE_BYTES, DraftSource, Job, Message, Progress, VillageFinished
from api.bookkeeping.reports.liability import calculate_liability
from api.platform.access import Role, Staff, require, require_serves
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.process_limits import OUT_OF_MEMORY
from api.platform.services import Services, UnitOfWork

MAX_CLAIMS = 300_000
"""Limit on a server while somebody waits for a page: some seconds of one processor."""
MAX_SECONDS = 60.0

_TOO_LARGE = "这段时间的申报太多，网页上算不完。请把时间缩短或只选一个村，或者在服务器上用 jimei rules simulate。"
# One simulation at a time in a township, on all servers together.
_LOCK = 7_403_001

ProgressCallback: TypeAlias = Callable[[int, int], None]


def _ignore_progress(done: int, claims: int) -> None:
    """The default callback."""


@dataclass(frozen=True, slots=True)
class SimulationRequest:
    """By default the last twelve months and all villages; `village` is a code. `source` is what the author calls
    the text. An overlay is simulated for its own village only."""

    text: str
    first: date | None = None
    last: date | None = None
    village: str | None = None
    source: str = "rulebook.toml"


def choose_village(staff: Staff, village: str | None) -> str | None:
    """The village to simulate: whoever serves one sees its households alone; None for all of them.

    Raises Refused: not-allowed.
    """
    require(staff, Role.PARTY_BRANCH, Role.OFFICE)
    if village is not None:
        require_serves(staff, village)
    return village or staff.village


async def simulate(
    services: Services,
    request: SimulationRequest,
    *,
    processes: int | None = None,
    max_claims: int | None = None,
    on_progress: ProgressCallback = _ignore_progress,
) -> rules.Simulation:
    """Simulate with as many processes as there are processors by default, and with at most `max_claims`.

    Raises Refused: rulebook-wrong, unknown, malformed, too-large.
    """
    async with services.snapshot() as uow:
        plan = await _make_plan(uow, request)
        if max_claims is not None and sum(village.claims for village in plan.villages) > max_claims:
            raise Refused(ErrorCode.TOO_LARGE, _TOO_LARGE)
        results = await _run_workers(services, uow, plan, processes or _processor_count(), on_progress)
        rule_titles, category_titles = await _load_titles(uow)
    rate = (await calculate_liability(services)).fen_per_point
    return rules.summarize(
        rules.backdate(plan.book, plan.last),
        plan.first,
        plan.last,
        results,
        rule_titles,
        category_titles,
        Fraction(str(rate)) if rate is not None else None,
    )


def _processor_count() -> int:
    """Processors that this process may use, if the system knows."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


async def simulate_bounded(services: Services, request: SimulationRequest) -> rules.Simulation:
    """Simulate on a server, beside its other work: one at a time, in one process, with limited claims and time.

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
            async with asyncio.timeout(MAX_SECONDS):
                return await simulate(services, request, processes=1, max_claims=MAX_CLAIMS)
        except TimeoutError:
            raise Refused(ErrorCode.TOO_LARGE, _TOO_LARGE) from None


@dataclass(frozen=True, slots=True)
class _Plan:
    draft: DraftSource
    book: rules.Rulebook
    first: date
    last: date
    relevant_days: tuple[date, date]
    villages: Sequence[VillageClaims]


async def _make_plan(uow: UnitOfWork, request: SimulationRequest) -> _Plan:
    first, last = resolve_period(request.first, request.last, local_date(uow.now))
    draft = DraftSource(request.text, request.source, await load_base_text(uow, rules.read_header(request.text)))
    problems = await DRAFT_CHECKER.check_text(draft.text, draft.source, draft.base, only_load=True)
    if problems:
        more = f"（共 {len(problems)} 处）" if len(problems) > 1 else ""
        raise Refused(
            ErrorCode.RULEBOOK_WRONG,
            f"草案有问题，先改好再试算{more}：{problems[0]}",
            problems=[str(problem) for problem in problems],
        )
    book = draft.parse()
    days = rules.relevant_days(book, first, last)
    villages = _select_villages(await list_villages(uow, *days), request, book)
    return _Plan(draft, book, first, last, days, villages)


def resolve_period(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """The days to simulate, both inclusive; by default the twelve months up to today. Raises Refused:
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


def _select_villages(
    all_villages: Sequence[VillageClaims], request: SimulationRequest, book: rules.Rulebook
) -> list[VillageClaims]:
    if request.village and request.village not in {v.code for v in all_villages}:
        raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {request.village} 的村。")
    if book.village and not any(book.village in (v.name, v.code) for v in all_villages):
        raise Refused(ErrorCode.UNKNOWN, f"草案是{book.village}的补充办法，登记簿里没有这个村。")
    selected = [
        v
        for v in all_villages
        if (not request.village or v.code == request.village)
        and (not book.village or book.village in (v.name, v.code))
    ]
    if all_villages and not selected:
        raise Refused(ErrorCode.MALFORMED, f"草案是{book.village}的补充办法，只能按这个村试算。")
    return selected


async def _run_workers(
    services: Services, uow: UnitOfWork, plan: _Plan, processes: int, on_progress: ProgressCallback
) -> list[rules.VillageResult]:
    """Distribute the villages over processes so that each gets about the same number of claims."""
    snapshot = await uow.session.scalar(text("select pg_export_snapshot()"))
    shares: list[list[VillageClaims]] = [[] for _ in range(min(processes, len(plan.villages)))]
    for village in sorted(plan.villages, key=lambda v: (-v.claims, v.code)):
        min(shares, key=lambda share: sum(v.claims for v in share)).append(village)
    claims, done = sum(village.claims for village in plan.villages), 0
    results: list[rules.VillageResult] = []

    async def run_worker(share: Sequence[VillageClaims]) -> None:
        nonlocal done
        job = Job(
            database=services.database.engine.url.render_as_string(hide_password=False),
            snapshot=str(snapshot),
            township=uow.township,
            data=str(services.data),
            draft=plan.draft,
            first=plan.first,
            last=plan.last,
            relevant_days=plan.relevant_days,
            villages=share,
        )
        async with _worker_process(job) as lines:
            async for line in lines:
                match msgspec.json.decode(line, type=Message):
                    case Progress(more):
                        done += more
                        on_progress(done, claims)
                    case VillageFinished(result):
                        results.append(result)

    try:
        async with asyncio.TaskGroup() as group:
            for share in shares:
                group.create_task(run_worker(share))
    except BaseExceptionGroup as failed:
        refusals, others = failed.split(Refused)
        if refusals is None or others is not None:
            raise
        raise refusals.exceptions[0] from None
    return results


async def _load_titles(uow: UnitOfWork) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The titles of rules and categories in the books that claims were declared under, the newest ones."""
    books = (await books_by_version(uow, await rulebook_versions(uow))).values()
    oldest_first = sorted(books, key=lambda book: (book.effective_from, book.version))
    rules = {rule.id: rule.title for book in oldest_first for rule in book.rules.values()}
    return rules, {category.id: category.title for book in oldest_first for category in book.categories}


@asynccontextmanager
async def _worker_process(job: Job) -> AsyncIterator[asyncio.StreamReader]:
    """Start a worker with this job and yield its output; it is always ended with the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.awards.simulation.worker"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=MAX_LINE_BYTES,
        # Ctrl-C goes to this process, which ends the worker.
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(job))
        process.stdin.close()
        yield process.stdout
        code = await process.wait()
        if code == OUT_OF_MEMORY:
            raise Refused(ErrorCode.TOO_LARGE, "试算用的内存太多，请把时间缩短或只选一个村。")
        if code != 0:
            raise RuntimeError(f"the simulation's process ended with {code}")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
