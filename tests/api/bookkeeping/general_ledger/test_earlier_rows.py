"""However often a file is edited and imported again, each of its rows stands in the books once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from api.bookkeeping.general_ledger.earlier_rows import EarlierRow, ImportedRow, plan_rows
from ledger.transactions import TransactionId

DAY = date(2025, 3, 1)
rows = st.lists(
    st.builds(
        ImportedRow,
        line=st.just(0),
        household=st.sampled_from(["hp-1", "hp-2"]),
        on=st.sampled_from([DAY + timedelta(days=n) for n in range(3)]),
        points=st.sampled_from([5, 8, -3]),
        what=st.sampled_from(["修路", "修渠"]),
    ),
    min_size=1,
    max_size=8,
)
Books = dict[TransactionId, EarlierRow]


def book(books: Books, file: list[ImportedRow], *, whole: bool = True) -> list[EarlierRow]:
    """Import a file as somebody does who says that changed rows replace those of before; what it tells as gone."""
    plan = plan_rows("台账", file, books, whole=whole)
    for each in plan.rows:
        if each.id not in books:
            books[each.id] = EarlierRow(each.id, each.row.household, each.row.on, each.row.points, each.row.what)
            if each.instead_of is not None:
                old = books[each.instead_of.id]
                assert old.stands
                books[old.id] = replace(old, reversed=abs(old.points), replaced=True)
    return list(plan.gone)


def content(row: ImportedRow | EarlierRow) -> tuple[Any, ...]:
    return row.household, row.on, row.points, row.what


def standing(books: Books) -> Counter[tuple[Any, ...]]:
    return Counter(content(row) for row in books.values() if row.stands)


@given(st.lists(rows, min_size=1, max_size=5))
def test_the_last_file_stands_and_beside_it_only_what_is_gone(files: list[list[ImportedRow]]) -> None:
    books: Books = {}
    for file in files:
        days = [row.on for row in file]
        gone = book(books, file)
        wanted = Counter(map(content, file))
        assert wanted <= standing(books)
        beside = standing(books) - wanted
        within = Counter({row: n for row, n in beside.items() if min(days) <= row[1] <= max(days)})
        assert within == Counter(map(content, gone))
        before = dict(books)
        book(books, file)
        assert books == before


@given(rows, st.integers(0, 8))
def test_a_month_after_its_first_half_changes_nothing_of_it(month: list[ImportedRow], until: int) -> None:
    books: Books = {}
    half = month[:until]
    if half:
        book(books, half)
    plan = plan_rows("台账", month, books, whole=True)
    assert (plan.gone, [each for each in plan.rows if each.instead_of]) == ([], [])
    book(books, month)
    assert standing(books) == Counter(map(content, month))


@given(rows)
def test_another_week_is_no_change_of_the_first(week: list[ImportedRow]) -> None:
    books: Books = {}
    book(books, week)
    following = [replace(row, on=row.on + timedelta(days=7)) for row in week]
    plan = plan_rows("台账", following, books, whole=True)
    assert (plan.gone, [each for each in plan.rows if each.instead_of]) == ([], [])
