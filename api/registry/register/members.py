"""Who lives in a household, as tables tell it: how many, and grown-ups by name. Children are never named.

A member counts as grown-up only where the table says so: by a birth date, an age, or the word. Whoever it can't be
told of is counted and not named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from api.platform.table_files.cells import read_name
from api.platform.table_files.sheet import Cell
from api.wire.text import name_form, plain_form

AGE = 18
_MEMBER = re.compile(r"([^、，,；;()（）/\s]+(?: [^、，,；;()（）/\s]+)*)\s*(?:[(（]([^()（）]*)[)）])?")
_GROWN = re.compile(r"成年|成人|大人")
_NOT_GROWN = re.compile(r"未成年|儿童|孩")
_YEARS = re.compile(r"([0-9]{1,3}) ?(?:周?岁)")
_BORN = re.compile(r"((?:19|20)[0-9]{2})(?:[-./年 ]{0,2}([0-9]{1,2}))?(?:[-./月 ]{0,2}([0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class Members:
    """`count`: of those that are listed, the head not among them. `unsure`: of how many nothing says whether they
    are grown-up."""

    adults: Sequence[str]
    count: int
    unsure: int


def read_members(cell: Cell, title: str, head: str, today: date) -> Members:
    """What a cell lists: `李秀英（成年）、王小明（2015年生）`. Raises ValueError with a sentence."""
    adults: list[str] = []
    count = unsure = 0
    for found in _MEMBER.finditer(plain_form(cell.text)):
        name = name_form(found[1])
        if name == head:
            continue
        count += 1
        grown = is_grown(found[2] or "", today)
        unsure += grown is None
        if grown:
            adults.append(read_name(Cell(name, name, cell.row, cell.column), title))
    return Members(adults, count, unsure)


def is_grown(told: str, today: date) -> bool | None:
    """By what a table says of somebody: a word, an age, a birth date; None if it doesn't tell."""
    if _NOT_GROWN.search(told):
        return False
    if _GROWN.search(told):
        return True
    if found := _YEARS.search(told):
        return int(found[1]) >= AGE
    if found := _BORN.search(told):
        year, month, day = (int(part or 12) for part in found.groups())
        # Without a month or a day as late as it may be.
        return (year + AGE, month, day if found[3] else 31) <= (today.year, today.month, today.day)
    return None
