"""Books that have come from another server: its numbers mean nothing here, and everything is sealed all the same,
once and in an order that stays."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.os_user import binary_path
from ledger.books import Books
from ledger.heads import SealKey
from ledger.seals import Seals
from ledger.transactions import TownshipId
from tests.databases import EMPTY, Clone, cloned, maintain
from tests.ledger.conftest import ACCOUNTS, ISSUING, NOW, TILL, TOWNSHIP, Book, move
from tests.profile import many

KEY = SealKey.generate("示范乡")
UNSEALED = "早已登记，却没有封存"


def program(name: str, url: URL, *words: str | Path) -> None:
    server = ["--host", str(url.query["host"]), "--port", str(url.query["port"]), "--username", str(url.username)]
    subprocess.run([binary_path(name), *server, "--dbname", str(url.database), *words], check=True)


async def seal(book: Book, limit: int = 1000) -> int:
    async with book.app.begin() as connection:
        return await Seals(connection, TOWNSHIP).append(limit=limit)


async def seal_all(book: Book, limit: int) -> None:
    while await seal(book, limit) < await seal(book, limit):
        pass


async def sealed(connection: AsyncConnection, township: TownshipId = TOWNSHIP) -> list[str]:
    keys = await connection.scalars(
        text("select key from ledger.leaf where township = :t order by position"), {"t": township}
    )
    return list(keys)


async def unsealed(connection: AsyncConnection, township: TownshipId = TOWNSHIP) -> int:
    """How many records have no leaf."""
    found = await connection.scalar(
        text(
            "select (select count(*) from ledger.record where township = :t)"
            " - (select count(*) from ledger.leaf where township = :t)"
        ),
        {"t": township},
    )
    return int(found or 0)


@asynccontextmanager
async def opened(clone: Clone) -> AsyncIterator[Book]:
    app, owner = create_async_engine(clone.app, pool_size=2), create_async_engine(clone.owner, poolclass=NullPool)
    try:
        yield Book(app, owner)
    finally:
        await app.dispose()
        await owner.dispose()


async def count_up(clone: Clone, transactions: int) -> None:
    """Let the server's counter rise: each block that writes under an exception's handler takes a number."""
    engine = create_async_engine(clone.owner, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text("create temp table written (n integer)"))
        await connection.execute(
            text(
                f"do $$ begin for n in 1..{transactions} loop begin insert into written values (n);"
                " exception when others then raise; end; end loop; end $$"
            )
        )


@pytest.mark.slow
async def test_a_dump_restored_on_a_server_that_has_counted_less_is_sealed_to_its_end(
    server: Embedded, data: Path, tmp_path: Path
) -> None:
    """There and back again, with more records than one step seals."""
    dump = tmp_path / "books.dump"
    with Embedded(data, {"fsync": "off"}) as smaller:
        async with cloned(server, EMPTY) as there, opened(there) as old:
            await old.use(lambda books: books.open_accounts(ACCOUNTS, NOW))
            await count_up(there, 3_000)
            before = [move(ISSUING, TILL, n) for n in range(1, 9)]
            await old.accept(*before)
            await seal(old)
            async with old.app.begin() as connection:
                poster = await Seals(connection, TOWNSHIP).sign(KEY, NOW)
            tail = [move(ISSUING, TILL, n) for n in range(11, 31)]
            for each in tail:
                await old.accept(each)
            program("pg_dump", there.owner, "--format=custom", "--file", dump)
        await maintain(smaller, "create database restored")
        here = Clone(smaller.url(OWNER, "restored"), smaller.url(APP, "restored"))
        program("pg_restore", here.owner, "--exit-on-error", dump)
        async with opened(here) as new:
            async with new.owner.begin() as connection:
                kept = await sealed(connection)
                numbers = "select {}(written_by) from ledger.transaction"
                assert await connection.scalar(text(numbers.format("min"))) > await connection.scalar(
                    text("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
                )
            assert await new.faults() == []
            after = [move(ISSUING, TILL, n) for n in range(41, 45)]
            for each in after[:2]:
                await new.accept(each)
            sizes = [await seal(new, limit=6) for _ in range(2)]
            assert sizes == [len(kept) + 6, len(kept) + 12]
            for each in after[2:]:
                await new.accept(each)
            await seal_all(new, limit=6)
            async with new.app.begin() as connection:
                found = await sealed(connection)
                assert found[: len(kept)] == kept
                assert len(set(found)) == len(found)
                assert await unsealed(connection) == 0
                for moves in (tail, after):
                    order = [str(each.id) for each in moves]
                    assert [key for key in found if key in order] == order
                seals = Seals(connection, TOWNSHIP)
                head = await seals.sign(KEY, NOW)
                await seals.prove_consistency(poster.head.size, head.head.size)
            assert await new.faults() == []
            program("pg_dump", here.owner, "--format=custom", "--file", dump)
    await maintain(server, "create database came_back")
    back = Clone(server.url(OWNER, "came_back"), server.url(APP, "came_back"))
    try:
        program("pg_restore", back.owner, "--exit-on-error", dump)
        async with opened(back) as again:
            await again.accept(move(ISSUING, TILL, 51))
            await seal_all(again, limit=6)
            async with again.app.begin() as connection:
                assert await unsealed(connection) == 0
            assert await again.faults() == []
    finally:
        await maintain(server, "drop database came_back (force)")


async def test_what_was_left_behind_on_the_way_is_named(book: Book) -> None:
    """As a program that compares numbers of different servers leaves it."""
    await seal(book)
    left = [move(ISSUING, TILL, n) for n in (1, 2)]
    await book.accept(*left)
    async with book.behind_its_back() as connection:
        await connection.execute(text("update ledger.transaction set written_by = written_by + 1000000000"))
    assert await book.faults() == []
    async with book.behind_its_back() as connection:
        await connection.execute(text("update ledger.sealing set swept_to = 2000000000, size = size + 1"))
    assert {(d.subject, d.message) for d in await book.faults()} >= {(str(each.id), UNSEALED) for each in left}


STEPS = st.one_of(
    st.tuples(st.just("post"), st.integers(1, 4)),
    st.tuples(st.just("seal"), st.integers(1, 5)),
    # How much further the other server had counted than this one.
    st.tuples(st.just("move"), st.sampled_from([-300, -3, 0, 3, 300, 10**9])),
)


_townships = count(100)


async def test_no_move_leaves_a_record_behind_or_seals_one_twice(book: Book) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=many(15), suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(STEPS, max_size=8))
    def check(steps: list[tuple[str, int]]) -> None:
        asyncio.run_coroutine_threadsafe(_live(book, steps), loop).result(60)

    await asyncio.to_thread(check)


async def _live(book: Book, steps: list[tuple[str, int]]) -> None:
    township = TownshipId(next(_townships))
    found: list[str] = []
    async with book.app.begin() as connection:
        await Books(connection, township).open_accounts(ACCOUNTS[:2], NOW)
    for step, much in [*steps, ("seal", 100), ("seal", 100)]:
        if step == "post":
            for amount in range(1, much + 1):
                async with book.app.begin() as connection:
                    await Books(connection, township).post([move(ISSUING, TILL, amount)], NOW)
        elif step == "seal":
            async with book.app.begin() as connection:
                await Seals(connection, township).append(limit=much)
                longer = await sealed(connection, township)
            assert longer[: len(found)] == found
            found = longer
        else:
            async with book.behind_its_back() as connection:
                await connection.execute(text("update ledger.sealing set server = 'another'"))
                for table in ("unit", "account", "transaction"):
                    await connection.execute(
                        text(f"update ledger.{table} set written_by = written_by + :by where township = :t"),
                        {"by": much, "t": township},
                    )
    assert len(set(found)) == len(found)
    async with book.app.begin() as connection:
        assert await unsealed(connection, township) == 0
