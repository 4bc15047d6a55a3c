"""Whoever can do everything in the database changes something behind the books' back: it is found, and named.

One book with something of everything, sealed and signed; each case changes it inside a database transaction,
verifies there, and rolls back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
    Uuid,
    insert,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool
from uuid_utils.compat import uuid7

from api.platform.database.embedded import Embedded
from ledger.books import Books
from ledger.commitments import commit, open_commitment
from ledger.expiries import Expiries
from ledger.expiry import Policy, PolicyKind
from ledger.heads import SealKey, SignedHead
from ledger.proofs import Proof, verify_documents
from ledger.seals import Seals
from ledger.tables import act, metadata
from ledger.transactions import Phase, Status, Transaction
from ledger.verify import verify
from tests.databases import EMPTY, Clone, cloned
from tests.ledger.conftest import (
    ACCOUNTS,
    HOUSEHOLD,
    ISSUING,
    NEIGHBOUR,
    NOW,
    SHELF,
    SUPPLY,
    TILL,
    TOWNSHIP,
    move,
    part,
    settle,
)

KEY = SealKey.generate("示范乡")
DAY = timedelta(days=1)
MAY, JUNE = NOW - 45 * DAY, NOW - 14 * DAY

# What a discrepancy about a row may call it, one of several: by table, in SQL.
CALLED = {
    "unit": "array['unit ' || code]",
    "account": "array[name, id::text]",
    "account_closing": "array['account-closing ' || account]",
    "balance": "array[(select name from ledger.account a where a.id = account)]",
    "transaction": "array[id::text]",
    "transfer": "array[transaction::text]",
    "withheld": "array[transaction::text]",
    "period_closing": "array['period-closing ' || ledger.utc(until)]",
    "checkpoint": "array[(select name from ledger.account a where a.id = account)]",
    "expiry_policy": "array['expiry-policy ' || effective_on || ' ' || unit]",
    "leaf": "array[key, 'leaf ' || position, 'leaf ' || position + 1, 'node 0/' || position]",
    "node": (
        "array['node ' || level || '/' || position, 'node ' || level + 1 || '/' || position / 2]"
        " || (select array_agg(key) from ledger.leaf l where level = 0 and l.position = node.position)"
    ),
    "seal_key": "array[key]",
    "restore": "array['restore ' || id]",
    "act": "array['act ' || key]",
    "tree_head": "array[ledger.utc(signed_at), left(ledger.utc(signed_at), 19)]",
}


@dataclass(frozen=True)
class Sealed:
    """The book, and what somebody took home from it: an old notice's head and a proof under it."""

    clone: Clone
    poster: SignedHead
    redemption: Transaction
    runner: asyncio.Runner

    def tampered(self, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
        """Do this as the superuser, and forget it."""

        async def forgotten() -> Any:
            engine = create_async_engine(self.clone.owner, poolclass=NullPool)
            async with engine.connect() as connection:
                await connection.execute(text("set local session_replication_role = replica"))
                try:
                    return await work(connection)
                finally:
                    await connection.rollback()
                    await engine.dispose()

        return self.runner.run(forgotten())


@pytest.fixture(scope="module")
def book(server: Embedded) -> Iterator[Sealed]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        clone = runner.run(stack.enter_async_context(cloned(server, EMPTY)))
        try:
            poster, redemption = runner.run(_story(clone))
            yield Sealed(clone, poster, redemption, runner)
        finally:
            runner.run(stack.aclose())


async def _story(clone: Clone) -> tuple[SignedHead, Transaction]:
    award, other_award, notice = (
        move(ISSUING, HOUSEHOLD, 100),
        move(ISSUING, NEIGHBOUR, 100),
        move(ISSUING, HOUSEHOLD, 7, Phase.PENDING),
    )
    goods = move(SHELF, SUPPLY, 2).transfers
    redemption = replace(move(HOUSEHOLD, TILL, 20), transfers=(*move(HOUSEHOLD, TILL, 20).transfers, *goods))
    held, expiring = (
        move(HOUSEHOLD, TILL, 9, Phase.PENDING),
        replace(move(NEIGHBOUR, TILL, 4, Phase.PENDING), expires_at=NOW - 20 * DAY),
    )
    late = replace(move(ISSUING, NEIGHBOUR, 3), effective_at=MAY - DAY)
    engine = create_async_engine(clone.app)

    async def use(work: Callable[[Books], Awaitable[Any]]) -> Any:
        async with engine.begin() as connection:
            return await work(Books(connection, TOWNSHIP))

    async def accept(*batch: Transaction, now: Any) -> None:
        assert {p.status for p in await use(lambda b: b.post(batch, now))} == {Status.OK}

    async def sealed(now: Any) -> SignedHead:
        async with engine.begin() as connection:
            await Seals(connection, TOWNSHIP).append(limit=1000)
            return await Seals(connection, TOWNSHIP).sign(KEY, now)

    await use(lambda b: b.open_accounts(ACCOUNTS, MAY - 10 * DAY))
    await accept(award, other_award, notice, move(SUPPLY, SHELF, 10), now=MAY - 2 * DAY)
    await accept(settle(notice, Phase.POST), redemption, now=MAY - DAY)
    await use(lambda b: b.close_period(MAY, MAY, person="li", reason="四月月结"))
    await use(lambda b: b.checkpoint(MAY))
    await accept(held, expiring, late, now=MAY + DAY)
    await accept(part(held, Phase.POST, move(HOUSEHOLD, TILL, 5)), now=MAY + 2 * DAY)
    await accept(
        part(redemption, Phase.REVERSAL, move(TILL, HOUSEHOLD, 10), move(SUPPLY, SHELF, 1)), now=MAY + DAY
    )
    await accept(settle(late, Phase.REVERSAL), now=MAY + 3 * DAY)
    for subject in ("反映污染", "说亲"):
        opening = open_commitment(["committee"], {"reason": subject})
        kept_back = commit(move(ISSUING, NEIGHBOUR, 1), opening)
        await accept(kept_back, now=MAY + 3 * DAY)
        await use(lambda b, id=kept_back.id, opening=opening: b.withhold({id: opening}))
    poster = await sealed(MAY + 4 * DAY)
    await use(lambda b: b.release_expired(JUNE, limit=10))
    await use(lambda b: b.close_period(JUNE, JUNE, person="li", reason="五月月结"))
    await use(lambda b: b.checkpoint(JUNE))
    async with engine.begin() as connection:
        for policy in (
            Policy(date(2027, 1, 1), PolicyKind.YEAR_END),
            Policy(date(2028, 1, 1), PolicyKind.ROLLING, 12),
        ):
            await Expiries(connection, TOWNSHIP).adopt("points", policy, NOW, person="li", reason="村民代表会议")
    await accept(move(HOUSEHOLD, NEIGHBOUR, 6), move(ISSUING, HOUSEHOLD, 8, Phase.PENDING), now=NOW)
    await use(lambda b: b.close_account(TILL.id, NOW, person="li", reason="停业"))
    await _act(clone)
    await sealed(NOW)
    async with engine.begin() as connection:
        mark = Seals(connection, TOWNSHIP).mark_restored
        await mark(uuid7(), backup_at=NOW, now=NOW + DAY, person="li", reason="硬盘坏了")
    async with engine.begin() as connection:
        await Seals(connection, TOWNSHIP).append(limit=1000)
        assert [str(d) async for d in verify(connection, TOWNSHIP)] == []
    await engine.dispose()
    owner = create_async_engine(clone.owner)
    async with owner.begin() as connection:
        for table, name in (
            await connection.execute(
                text(
                    "select conrelid::regclass::text, conname from pg_constraint"
                    " where contype = 'c' and connamespace = 'ledger'::regnamespace"
                )
            )
        ).all():
            await connection.execute(text(f'alter table {table} drop constraint "{name}"'))
    await owner.dispose()
    return poster, redemption


async def _act(clone: Clone) -> None:
    """Two acts, as the application's triggers write them."""
    owner = create_async_engine(clone.owner)
    rows = [
        {
            **{"township": TOWNSHIP, "key": f"claim-supported {number}", "kind": "claim-supported"},
            **{"person": "li", "scope": "v01", "about": f"claim:{number}", "detail": "", "reason": reason},
            "acted_at": NOW,
        }
        for number, reason in enumerate(("", "看过了"))
    ]
    async with owner.begin() as connection:
        await connection.execute(insert(act), rows)
    await owner.dispose()


async def _named(connection: AsyncConnection) -> set[str]:
    return {d.subject async for d in verify(connection, TOWNSHIP)}


def _names(subjects: set[str], called: Sequence[str]) -> bool:
    return any(name in subject for name in called if name for subject in subjects)


COLUMNS = [
    pytest.param(table.name, column, order, id=f"{table.name}.{column.name}-{order}")
    for table in metadata.sorted_tables
    for column in table.columns
    for order in ("asc", "desc")
]


def _other(column: Column[Any]) -> str:
    """Another value of the column's type, in SQL."""
    name = f'"{column.name}"'
    match column.type:
        case Boolean():
            return f"not {name}"
        case Integer() | BigInteger() | SmallInteger() | Numeric():
            return f"coalesce({name} + 1000, 1)"
        case DateTime():
            return f"coalesce({name} + interval '1 second', now())"
        case Date():
            return f"{name} + 1"
        case Uuid():
            return "gen_random_uuid()"
        case JSONB():
            return f"""{name} || '{{"other": 1}}'"""
        case LargeBinary():
            return f"set_byte({name}, 0, (get_byte({name}, 0) + 1) % 256)"
        case Text():
            return f"{name} || 'x'"
        case ARRAY():
            return f"{name} || array['x']"
    raise AssertionError(f"no other value for {column.type}")


async def _row(connection: AsyncConnection, table: str, order: str) -> tuple[str, list[str]]:
    """Which row is the first or last of the table, and what it may be called."""
    keys = ", ".join(f'"{c.name}" {order}' for c in metadata.tables[f"ledger.{table}"].primary_key.columns)
    row = (
        await connection.execute(
            text(f'select ctid::text, {CALLED[table]} as called from ledger."{table}" order by {keys} limit 1')
        )
    ).one_or_none()
    assert row is not None, f"the story has no row in {table}"
    return row.ctid, row.called


@pytest.mark.parametrize(("table", "column", "order"), COLUMNS)
def test_a_change_in_any_column_of_any_table_is_named(
    book: Sealed, table: str, column: Column[Any], order: str
) -> None:
    async def change(connection: AsyncConnection) -> tuple[set[str], list[str]]:
        ctid, called = await _row(connection, table, order)
        changed = f'update ledger."{table}" set "{column.name}" = {_other(column)}'
        await connection.execute(text(f"{changed} where ctid = cast(:ctid as text)::tid"), {"ctid": ctid})
        return await _named(connection), called

    subjects, called = book.tampered(change)
    assert _names(subjects, called), (subjects, called)


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("table", [table.name for table in metadata.sorted_tables])
def test_a_row_that_is_gone_is_missed(book: Sealed, table: str, order: str) -> None:
    async def drop(connection: AsyncConnection) -> tuple[set[str], list[str]]:
        ctid, called = await _row(connection, table, order)
        await connection.execute(
            text(f'delete from ledger."{table}" where ctid = cast(:ctid as text)::tid'), {"ctid": ctid}
        )
        return await _named(connection), called

    subjects, called = book.tampered(drop)
    assert _names(subjects, called), (subjects, called)


SWAPS = [
    ("transfer", "amount"),
    ("transfer", "debit"),
    ("transfer", "transaction"),
    ("transaction", "id"),
    ("transaction", "person"),
    ("transaction", "recorded_at"),
    ("account", "name"),
    ("balance", "posted"),
    ("checkpoint", "posted"),
    ("leaf", "key"),
    ("node", "hash"),
    ("tree_head", "note"),
    ("expiry_policy", "kind"),
    ("act", "reason"),
    ("withheld", "salt"),
    ("withheld", "subject"),
]


@pytest.mark.parametrize(("table", "column"), SWAPS)
def test_two_rows_that_change_places_are_named(book: Sealed, table: str, column: str) -> None:
    async def swap(connection: AsyncConnection) -> tuple[set[str], list[str]]:
        first, called = await _row(connection, table, "asc")
        second = await connection.scalar(
            text(
                f'select b.ctid::text from ledger."{table}" a, ledger."{table}" b'
                f' where a.ctid = cast(:ctid as text)::tid and a."{column}" <> b."{column}" limit 1'
            ),
            {"ctid": first},
        )
        assert second is not None, "nothing to swap"
        keys = await connection.scalars(
            text(
                "select conname from pg_constraint"
                f" where contype in ('p', 'u') and conrelid = 'ledger.\"{table}\"'::regclass"
            )
        )
        for key in keys.all():
            await connection.execute(text(f'alter table ledger."{table}" drop constraint "{key}" cascade'))
        await connection.execute(
            text(
                f'update ledger."{table}" a set "{column}" = b."{column}" from ledger."{table}" b'
                " where (a.ctid, b.ctid) in ((cast(:first as text)::tid, cast(:second as text)::tid),"
                " (cast(:second as text)::tid, cast(:first as text)::tid))"
            ),
            {"first": first, "second": second},
        )
        return await _named(connection), called

    subjects, called = book.tampered(swap)
    assert _names(subjects, called), (subjects, called)


BOGUS = {
    "a transfer": (
        "insert into ledger.transfer select township, transaction, 9, unit, debit, credit, 1, pending, recorded_at"
        " from ledger.transfer order by transaction limit 1 returning transaction::text"
    ),
    "a transaction that pretends to be old": (
        "insert into ledger.transaction (township, id, kind, phase, person, reason, effective_at, recorded_at,"
        " metadata, content, written_by) select township, gen_random_uuid(), kind, phase, person, reason,"
        " effective_at, recorded_at, metadata, content, written_by"
        " from ledger.transaction where phase = 'posted' limit 1 returning id::text"
    ),
    "an account that pretends to be old": (
        "insert into ledger.account select township, gen_random_uuid(), 'friend', unit, minimum, opened_at, 1"
        " from ledger.account limit 1 returning id::text"
    ),
    "a balance": (
        "insert into ledger.balance select township, id, 0, 5, 0, 0 from ledger.account"
        " where minimum is null limit 1 returning (select name from ledger.account where id = account)"
    ),
    "a leaf": (
        "insert into ledger.leaf select township, max(position) + 1, 'transaction', gen_random_uuid()::text"
        " from ledger.leaf group by township returning key"
    ),
    "a node": (
        "insert into ledger.node select township, 1, max(position) + 1, sha256('')"
        " from ledger.node where level = 1 group by township returning 'node 1/' || position"
    ),
    "a head that nobody signed": (
        "insert into ledger.tree_head select township, signed_at + interval '1 hour', size, note, 1"
        " from ledger.tree_head limit 1 returning to_char(signed_at at time zone 'UTC', 'HH24:MI:SS')"
    ),
    "a checkpoint": (
        "insert into ledger.checkpoint select township, account, until - interval '1 day', 77"
        " from ledger.checkpoint limit 1"
        " returning (select name from ledger.account where id = account)"
    ),
}


@pytest.mark.parametrize("what", BOGUS)
def test_what_was_slipped_in_is_named(book: Sealed, what: str) -> None:
    async def insert(connection: AsyncConnection) -> tuple[set[str], str]:
        called = (await connection.execute(text(BOGUS[what]))).scalar_one()
        return await _named(connection), called

    subjects, called = book.tampered(insert)
    assert _names(subjects, [called]), (subjects, called)


REBUILT = """
    update ledger.balance b
       set posted = m.posted, reserved = m.reserved, expected = m.expected
      from (select a.id, x.posted, x.reserved, x.expected
              from ledger.account a,
                   ledger.balances_at(7, array[a.id], 'infinity', 'effective') x) m
     where b.account = m.id
"""


async def _rewrite(connection: AsyncConnection, redemption: Transaction) -> None:
    """Somebody redeemed less, and every balance agrees with it."""
    await connection.execute(
        text("update ledger.transfer set amount = 15 where transaction = :id and unit = 'points'"),
        {"id": redemption.id},
    )
    await connection.execute(text("delete from ledger.checkpoint"))
    await connection.execute(text(REBUILT))
    for until in (MAY, JUNE):
        await Books(connection, TOWNSHIP).checkpoint(until)


def test_balances_made_to_match_do_not_hide_a_changed_transfer(book: Sealed) -> None:
    async def change(connection: AsyncConnection) -> set[str]:
        await _rewrite(connection, book.redemption)
        return await _named(connection)

    assert book.tampered(change) == {str(book.redemption.id)}


async def _replant(connection: AsyncConnection, redemption: Transaction) -> None:
    """The digest and the whole tree made anew: what is left of the truth are the signed heads."""
    await connection.execute(
        text(
            "update ledger.transaction x set content = ledger.content(id, kind, phase, target, person, reason,"
            " null, expires_at, metadata, m.unit, m.debit, m.credit, m.amount)"
            " from (select array_agg(unit order by ordinal) as unit, array_agg(debit order by ordinal) as debit,"
            " array_agg(credit order by ordinal) as credit, array_agg(amount::numeric order by ordinal) as amount"
            " from ledger.transfer where transaction = :id) m where x.id = :id"
        ),
        {"id": redemption.id},
    )
    await connection.execute(text("delete from ledger.leaf"))
    await connection.execute(text("delete from ledger.node"))
    await Seals(connection, TOWNSHIP).append(limit=10_000)


def test_a_tree_made_anew_is_not_the_one_that_was_signed(book: Sealed) -> None:
    async def change(connection: AsyncConnection) -> set[str]:
        await _rewrite(connection, book.redemption)
        await _replant(connection, book.redemption)
        return await _named(connection)

    subjects = book.tampered(change)
    assert subjects
    # A restore says, as a head does, what the tree was.
    assert all(subject.startswith(("head ", "restore ")) for subject in subjects), subjects


def test_whoever_has_the_key_too_is_found_out_by_an_old_notice(book: Sealed) -> None:
    """The books alone can't know any more; the villager with last month's notice can."""

    async def change(connection: AsyncConnection) -> tuple[set[str], Proof]:
        await _rewrite(connection, book.redemption)
        await connection.execute(text("delete from ledger.tree_head"))
        # It says what the tree was, and retires the key.
        await connection.execute(text("delete from ledger.restore"))
        await _replant(connection, book.redemption)
        seals = Seals(connection, TOWNSHIP)
        await seals.sign(KEY, NOW)
        return await _named(connection), await seals.prove(book.redemption.id, since=book.poster)

    subjects, proof = book.tampered(change)
    assert subjects == set()
    told = {one.code for one in verify_documents({"证明": proof, "公告": book.poster}, KEY.verifier) if not one.ok}
    assert told & {"not-consistent", "not-connected", "rewritten"}
