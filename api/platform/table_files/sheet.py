"""A sheet of a file, as it was written: cells with their addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from api.wire.text import show_signs_alone

Value: TypeAlias = str | int | float | bool
"""What a cell holds; days and times are written out."""


@dataclass(frozen=True, slots=True)
class Area:
    """Merged cells: their first and last rows and columns, from 1 and from 0."""

    top: int
    left: int
    bottom: int
    right: int

    def __str__(self) -> str:
        return f"{name_column(self.left)}{self.top}:{name_column(self.right)}{self.bottom}"


@dataclass(frozen=True, slots=True)
class Cell:
    """`text`: what it says, on one line. `row` counts from 1, `column` from 0. `merged`: the area of several rows
    that it belongs to; each of them has its value."""

    value: Value
    text: str
    row: int
    column: int
    merged: Area | None = None

    @property
    def is_own(self) -> bool:
        """Whether it was written in this row, rather than reaching down into it."""
        return self.merged is None or self.merged.top == self.row


@dataclass(frozen=True)
class Sheet:
    """`rows`: all of them from the first cell on, so that row numbers are those which the spreadsheet shows.
    `name`: empty for a text file. `alone`: whether the file has no other."""

    name: str
    rows: Sequence[Sequence[Value]]
    merged: Sequence[Area] = ()
    hidden: bool = False
    alone: bool = True

    def cell(self, row: int, column: int) -> Cell:
        """The cell, with the value of the merged cells that reach down to it."""
        area = self._reaching_down.get((row, column))
        cells = self.rows[(row if area is None else area.top) - 1]
        value = cells[column] if column < len(cells) else ""
        return Cell(value, _to_text(value), row, column, area)

    def place(self, row: int, column: int | None = None) -> str:
        """Where that is, for a person: 第 3 行 B 列."""
        sheet = "" if self.alone else f"“{self.name}”"
        return f"{sheet}第 {row} 行" + ("" if column is None else f" {name_column(column)} 列")

    @cached_property
    def _reaching_down(self) -> Mapping[tuple[int, int], Area]:
        """By the cells of their first columns: a title that is merged across says nothing of other columns."""
        return {
            (row, area.left): area
            for area in self.merged
            if area.top < area.bottom
            for row in range(area.top, min(area.bottom, len(self.rows)) + 1)
        }


def _to_text(value: Value) -> str:
    # Spreadsheets store all numbers as floats, also codes that look like a number.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return show_signs_alone(str(value))


def name_column(column: int) -> str:
    """A, B, …, Z, AA, …"""
    name = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
