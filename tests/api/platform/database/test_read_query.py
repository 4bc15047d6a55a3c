"""Looks: what they answer, as of which moment, and how many at a time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import httpx
import msgspec
import pytest
from sqlalchemy import bindparam, column, text
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from api.household.passbook import read_passbook
from api.platform import accounts
from api.platform.database import engine
from api.platform.database.engine import MAX_READS, READS, Database
from api.platform.database.read_query import ReadQuery
from api.platform.services import Services
from ledger.transactions import Phase, Status, Transaction, TransactionId, Transfer
from tests.api.asking import rows
from tests.conftest import LiveTown

READING = f"datname = current_database() and application_name = '{READS}'"
"""Their connections."""
AWARDS = 12
"""A page shows more entries than these."""


class _Row(msgspec.Struct):
    n: int
    at: datetime
    id: UUID


class _Answer(msgspec.Struct):
    many: list[_Row]
    none: list[_Row]


_SOME = """
    select n, timestamptz '2026-03-01 00:00+08' + n * interval '1 day' as at, cast(:id as uuid) as id
      from generate_series(1, cast(:{last} as int)) as n order by n desc
"""
_COLUMNS = (column("n"), column("at"), column("id"))
_QUERY = ReadQuery(
    _Answer,
    many=text(_SOME.format(last="three")).bindparams(bindparam("three", 3)).columns(*_COLUMNS),
    none=text(_SOME.format(last="last")).columns(*_COLUMNS),
)


_HANGING = ReadQuery(_Answer, many=text("select 1 as n from pg_sleep(600)").columns(column("n")))


async def test_rows_come_in_their_order_with_their_types(town: LiveTown) -> None:
    id = uuid7()
    answer = await town.town.read(_QUERY, id=id, last=0)
    assert answer.none == []
    assert [(row.n, row.id) for row in answer.many] == [(3, id), (2, id), (1, id)]
    assert answer.many[0].at == datetime(2026, 3, 3, 16, tzinfo=UTC)


async def test_a_look_that_is_asked_too_little_says_so(town: LiveTown) -> None:
    with pytest.raises(KeyError, match="last"):
        await town.town.read(_QUERY, id=uuid7())


async def test_a_page_adds_up_while_the_books_go_on(town: LiveTown) -> None:
    """Its balance and its entries are of one moment."""
    account = accounts.household((await read_passbook(town.town, town.card)).holder.code)

    async def award() -> None:
        for _ in range(AWARDS):
            move = Transfer(accounts.ISSUING.id, account.id, accounts.POINTS, 1)
            one = Transaction(TransactionId(uuid7()), "award", Phase.POSTED, (move,))
            async with town.town.unit_of_work() as uow:
                [posting] = await uow.books.post([one], uow.now)
            assert posting.status is Status.OK

    before = (await read_passbook(town.town, town.card)).balance.posted
    awarding = asyncio.create_task(award())
    seen = set()
    while not awarding.done():
        for page in await asyncio.gather(*(read_passbook(town.town, town.card) for _ in range(3))):
            assert page.balance.posted == page.lifetime_points == sum(line.points for line in page.lines)
            seen.add(page.balance.posted)
    await awarding
    assert len(seen) > 1
    assert (await read_passbook(town.town, town.card)).balance.posted == before + AWARDS


async def test_however_many_look_few_connections_are_opened(town: LiveTown) -> None:
    pages = await asyncio.gather(*(read_passbook(town.town, town.card) for _ in range(10 * MAX_READS)))
    assert len({page.balance.posted for page in pages}) == 1
    [opened] = await rows(town, f"select count(*) from pg_stat_activity where {READING}")
    assert 1 < opened.count <= MAX_READS


async def test_looks_go_on_after_their_connections_died(town: LiveTown) -> None:
    before = await read_passbook(town.town, town.card)
    died = await rows(
        town,
        f"select pg_terminate_backend(pid) from pg_stat_activity where {READING}",
    )
    assert died
    async with asyncio.timeout(15):
        # The driver hears of it in a moment.
        while (page := await _page(town)).status_code != 200:
            problem_page(page)
    assert await read_passbook(town.town, town.card) == before


async def test_no_turn_in_time_is_told_and_the_next_is_served(
    town: LiveTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "READ_TIMEOUT", 0.05)
    turns = town.town.database._free_readers
    for _ in range(MAX_READS):
        await turns.acquire()
    for _ in range(2 * MAX_READS):
        problem_page(await _page(town))
    for _ in range(MAX_READS):
        turns.release()
    for _ in range(2 * MAX_READS):
        assert (await _page(town)).status_code == 200


async def test_an_address_may_have_words_for_sessions_alone(town: LiveTown) -> None:
    database = Database(town.clone.app.update_query_dict({"prepared_statement_cache_size": "0"}))
    try:
        elsewhere = replace(town.town, database=database)
        assert await read_passbook(elsewhere, town.card) == await read_passbook(town.town, town.card)
    finally:
        await database.close()


async def test_closing_does_not_wait_for_a_look_that_hangs(
    base: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "CLOSE_TIMEOUT", 0.05)
    hanging = asyncio.create_task(base.read(_HANGING))
    async with asyncio.timeout(20):
        async with base.unit_of_work() as uow:
            while not await uow.session.scalar(text(f"select count(*) from pg_stat_activity where {READING}")):
                await uow.session.execute(text("select pg_stat_clear_snapshot()"))
        await base.database.close()
        with pytest.raises((DBAPIError, OSError)):
            await hanging


async def _page(town: LiveTown) -> httpx.Response:
    async with httpx.AsyncClient(base_url=town.url, verify=False, timeout=30) as http:
        return await http.get(f"/c/{town.card}")


def problem_page(page: httpx.Response) -> None:
    assert page.status_code == 503
    assert "数据库暂时连不上，请稍候再试。" in page.text
    assert int(page.headers["retry-after"]) > 0
