"""However often a file is edited and imported again, each of its rows stands in the books once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from api.bookkeeping.general_ledger.earlier_rows import (
    EarlierRow,
    ImportedRow,
    ImportPlan,
    plan_rows,
)
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
            row = each.row
            books[each.id] = EarlierRow(each.id, row.household, row.on, row.points, row.what, "台账", plan.series)
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
        told = Counter(map(content, gone))
        assert within <= told <= beside
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
    following = [replace(row, on=row.on + timedelta(days=7)) for row in [*week, week[0]]]
    plan = plan_rows("台账", following, books, whole=True)
    assert (plan.gone, [each for each in plan.rows if each.instead_of]) == ([], [])


def earlier_of(plan: ImportPlan) -> list[tuple[Any, ...]]:
    return [content(each.instead_of) for each in plan.rows if each.instead_of]


@given(rows, st.integers(0, 7), st.sampled_from([-40, 40]))
def test_a_day_that_was_mended_is_told_wherever_it_was(file: list[ImportedRow], place: int, by: int) -> None:
    """Also where the file has no other row, where all have another day, and once it was mended before."""
    right = file[place % len(file)]
    wrong = replace(right, on=right.on + timedelta(days=by))
    others = [row for row in file if content(row) != content(right)]
    books: Books = {}
    book(books, [*others, wrong])
    mended = plan_rows("台账", [*others, right], books, whole=True)
    assert len(earlier_of(mended)) == 1
    book(books, [*others, right])
    assert standing(books) == Counter(map(content, [*others, right]))
    again = replace(right, on=right.on - timedelta(days=by))
    book(books, [*others, again])
    assert standing(books) == Counter(map(content, [*others, again]))


def test_a_row_that_is_gone_from_the_end_of_a_file_is_told() -> None:
    books: Books = {}
    file = [ImportedRow(0, "hp-1", DAY + timedelta(days=n), 5, f"修路 {n}") for n in range(3)]
    book(books, file)
    assert [content(row) for row in plan_rows("台账", file[:2], books, whole=True).gone] == [content(file[2])]


def test_a_mended_household_of_a_file_is_a_change_and_that_of_another_file_is_none() -> None:
    books: Books = {}
    file = [ImportedRow(0, household, DAY, 5, "修路") for household in ("hp-1", "hp-2")]
    book(books, file)
    mended = [file[0], replace(file[1], household="hp-3")]
    assert earlier_of(plan_rows("台账", mended, books, whole=True)) == [content(file[1])]
    village = [replace(row, household=f"ly-{n}") for n, row in enumerate(file)]
    assert earlier_of(plan_rows("台账", village, books, whole=True)) == []


@given(rows)
def test_rows_that_another_source_has_brought_are_told(file: list[ImportedRow]) -> None:
    books: Books = {}
    book(books, file)
    plan = plan_rows("旧台账", file, books, whole=True)
    assert (sorted(earlier_of(plan)), plan.gone) == (sorted(map(content, file)), [])
