"""Deductions as 李家沟村 adopted them, and the rules that give points."""

from tests.rules.examples.story import Deed, deed, story

FULL = "limit_reached"
NOTHING_TO_TAKE = "nothing_to_take"
LATE = "not_in_force"


def reminded(rule: str, on: str, points: int, before: str, balance: int | None = None) -> Deed:
    return deed(rule, on, points, balance=balance, reminded_on=before)


STORIES = (
    story(
        "rubbish: only after a written reminder, and of another day",
        deed("D01", "2025-03-10", 0, "bad_input"),
        deed("D01", "2025-03-10", 0, "not_reminded", reminded_on="2025-03-10"),
        reminded("D01", "2025-03-10", -5, "2025-03-09"),
        reminded("D02", "2025-03-31", -5, "2025-03-01"),
        reminded("D03", "2025-04-01", -5, "2025-03-01"),
        reminded("D05", "2025-04-02", -10, "2025-03-31"),
    ),
    story(
        "the quarterly yard: a point a quarter, without a reminder",
        deed("D04", "2025-03-31", -1),
        deed("D04", "2025-03-31", 0, FULL),
        deed("D04", "2025-04-01", -1),
    ),
    story(
        "at most fifty a year",
        deed("D06", "2025-05-01", -20),
        deed("D06", "2025-06-01", -20),
        deed("D08", "2025-07-01", -10),
        deed("D09", "2025-12-31", 0, NOTHING_TO_TAKE),
        deed("D09", "2026-01-01", -5),
    ),
    story(
        "the last deduction of a year is cut to what is left of fifty",
        deed("D06", "2025-05-01", -20),
        deed("D06", "2025-06-01", -20),
        reminded("D01", "2025-07-01", -5, "2025-06-01"),
        deed("D08", "2025-12-30", -5),
        deed("D10", "2025-12-31", 0, NOTHING_TO_TAKE, reminded_on="2025-12-01"),
        deed("D06", "2025-12-31", -20, household="h2"),
    ),
    story(
        "never below zero",
        deed("D06", "2025-05-01", -8, balance=8),
        deed("D09", "2025-05-02", 0, NOTHING_TO_TAKE, balance=0),
        deed("A09", "2025-05-03", 5, balance=0),
    ),
    story(
        "each lavish feast once",
        deed("D07", "2025-05-01", -10, matter="长子婚礼"),
        deed("D07", "2026-05-01", 0, FULL, matter="长子婚礼"),
        deed("D07", "2026-05-01", -10, matter="祖父寿宴"),
    ),
    story(
        "the village's own",
        reminded("D10", "2025-08-01", -2, "2025-07-01"),
    ),
    story(
        "nothing before the vote took effect",
        deed("D06", "2025-02-28", 0, LATE),
        deed("D06", "2025-03-01", -20),
    ),
    story(
        "what was taken leaves the limits of what is given alone",
        deed("D07", "2025-05-01", -10, matter="长子婚礼"),
        deed("A18", "2025-05-01", 10, matter="次子婚礼"),
        deed("D04", "2025-05-01", -1),
        deed("A10", "2025-05-31", 5),
    ),
)
