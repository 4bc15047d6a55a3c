"""A claim as the rules evaluate it: who did what and when, and what expressions may know of the household."""

from collections.abc import Mapping
from datetime import date

import msgspec


class Claim(msgspec.Struct, frozen=True):
    """`inputs` by input id: int for integer, int or float for number, an option's id for a choice, a date or its
    ISO text, a sheet as the judges' rows of scores or as text (`2 1 2; 2 2 2`), texts otherwise.

    `person` names who did it; it is needed where a limit counts by person. `household` and `village` are keys;
    expressions may use the village's. `people` is the size of the household, `households` that of the village.
    `balance` is the most a deduction can take, None where it isn't known.
    """

    rule: str
    deed_on: date
    household: str
    village: str = ""
    people: int = 1
    person: str | None = None
    inputs: Mapping[str, object] = {}
    households: int = 0
    balance: int | None = None
