"""Whoever is signed in as the application can read the books and call their functions, and nothing else."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from ledger.tables import metadata, sealer_metadata
from ledger.transactions import Phase
from tests.ledger.conftest import HOUSEHOLD, ISSUING, NOW, SHELF, TILL, TOWNSHIP, Book, move

TABLES = sorted([*metadata.tables, *sealer_metadata.tables])
# Every row as it is: right for any table, if only the right to write were there.
WRITES = [
    "insert into {table} select * from {table}",
    "update {table} set township = township",
    "delete from {table}",
    "truncate {table} cascade",
]


async def _state(book: Book, statement: str, *, owner: bool = False, **values: object) -> str:
    """The SQLSTATE with which the database refuses; empty when it doesn't."""
    engine = book.owner if owner else book.app
    try:
        async with engine.begin() as connection:
            await connection.execute(text(statement), values)
    except DBAPIError as error:
        return str(error.orig.sqlstate)
    return ""


@pytest.mark.parametrize("table", TABLES)
async def test_the_application_reads_and_never_writes(book: Book, table: str) -> None:
    await book.accept(move(ISSUING, HOUSEHOLD, 5))
    for write in WRITES:
        assert await _state(book, write.format(table=table)) == "42501", write
    assert await _state(book, f"select * from {table}") == ""


async def test_the_views_are_for_reading_only(book: Book) -> None:
    assert await _state(book, "select * from ledger.entry") == ""
    assert await _state(book, "delete from ledger.entry") != ""


@pytest.mark.parametrize(
    "statement",
    [
        "create table public.mine (n int)",
        "create table ledger.mine (n int)",
        "create function ledger.mine() returns int language sql as 'select 1'",
        "alter table ledger.balance drop constraint balance_limit",
        "alter table ledger.transfer disable trigger all",
        "drop table ledger.transfer cascade",
        "drop function ledger.post(integer, jsonb, timestamptz)",
        "create or replace view ledger.entry as select 1",
        "create index on ledger.transfer (amount)",
        "select * from ledger.post_together(7, '[]', now(), null)",
        "update sql_file set checksum = ''",
        "set session_replication_role = replica",
        "set role jimei_owner",
        "set session authorization jimei_owner",
        "alter role jimei_app superuser",
        "create role friend",
    ],
)
async def test_the_application_changes_no_schema_and_becomes_nobody_else(book: Book, statement: str) -> None:
    assert await _state(book, statement) in ("42501", "42P16"), statement


async def test_the_application_gives_itself_no_right(book: Book) -> None:
    """PostgreSQL only warns of a grant by somebody who has nothing to give."""
    await _state(book, "grant insert, update, delete, truncate on all tables in schema ledger to jimei_app")
    assert await _state(book, "delete from ledger.transfer") == "42501"


async def test_a_table_of_ones_own_does_not_stand_in_for_the_books(book: Book) -> None:
    """A temporary `balance` before the real one would lift every limit."""
    async with book.app.begin() as connection:
        await connection.execute(text("create temp table balance (like ledger.balance)"))
        await connection.execute(text("create temp table account (like ledger.account)"))
        rows = await connection.execute(
            text("select status from ledger.post(:township, cast(:items as jsonb), :now)"),
            {"township": TOWNSHIP, "now": NOW, "items": _item(5)},
        )
        assert rows.scalar_one() == "insufficient"


def _item(amount: int) -> str:
    transfer = {"unit": "points", "debit": str(HOUSEHOLD.id), "credit": str(TILL.id), "amount": amount}
    item = {"id": str(uuid7()), "kind": "test", "phase": "posted", "person": "", "reason": "", "metadata": {}}
    return json.dumps([{**item, "transfers": [transfer]}])


INSERT_TRANSFER = """
    insert into ledger.transfer (township, transaction, ordinal, unit, debit, credit, amount, pending, recorded_at)
    select township, id, 2, :unit, :debit, :credit, :amount, false, recorded_at from ledger.transaction
"""


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({"unit": "goods:soap"}, "23503"),
        ({"unit": "gold"}, "23503"),
        ({"debit": SHELF.id}, "23503"),
        ({"amount": 0}, "23514"),
        ({"amount": -5}, "23514"),
        ({"credit": ISSUING.id}, "23514"),
        ({}, ""),
    ],
)
async def test_even_the_owners_raw_sql_writes_no_impossible_transfer(
    book: Book, changed: dict[str, object], state: str
) -> None:
    await book.accept(move(ISSUING, HOUSEHOLD, 5))
    good = {"unit": "points", "debit": ISSUING.id, "credit": TILL.id, "amount": 5}
    assert await _state(book, INSERT_TRANSFER, owner=True, **(good | changed)) == state


async def test_even_the_owners_raw_sql_overdraws_nobody(book: Book) -> None:
    await book.accept(move(ISSUING, HOUSEHOLD, 5))
    overdraw = "update ledger.balance set {} where account = :account"
    for change in ("posted = -1", "reserved = 6", "reserved = -1", "expected = -1"):
        assert await _state(book, overdraw.format(change), owner=True, account=HOUSEHOLD.id) == "23514", change


async def test_even_the_owners_raw_sql_settles_nothing_twice(book: Book) -> None:
    pending = move(ISSUING, HOUSEHOLD, 5, Phase.PENDING)
    await book.accept(pending)
    settle = """
        insert into ledger.transaction (township, id, kind, phase, target, person, reason, effective_at,
                                        recorded_at, metadata, content)
        select township, gen_random_uuid(), kind, :phase, id, 'x', 'x', effective_at, recorded_at, metadata,
               content
          from ledger.transaction where phase = 'pending'
    """
    assert await _state(book, settle, owner=True, phase="post") == ""
    assert await _state(book, settle, owner=True, phase="void") == "23505"
