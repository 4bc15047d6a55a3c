"""Five groups; the meeting on the 25th decides."""

from rules.evaluation import RefusalCode
from tests.rules.examples.story import Deed, deed, story

FULL: RefusalCode = "limit_reached"
NO: RefusalCode = "condition_not_met"


def inspected(
    rule: str,
    on: str,
    points: int,
    how: str,
    met: str,
    refusal: RefusalCode | None = None,
    item: str = "庭院整洁",
    claimed: int = 5,
) -> Deed:
    return deed(
        rule, on, points, refusal, item=item, found=how, met_on=met, decided_points=claimed, decided_record="月会"
    )


def special(
    on: str, points: int, met: str, refusal: RefusalCode | None = None, item: str = "见义勇为", claimed: int = 60
) -> Deed:
    return deed("S1", on, points, refusal, item=item, met_on=met, decided_points=claimed, decided_record="月会")


STORIES = (
    story(
        "the household check is on Fridays: 6 March 2026 is one",
        inspected("G4", "2026-03-06", 5, "weekly", "2026-03-25"),
        inspected("G4", "2026-04-02", 0, "weekly", "2026-04-25", NO),
        inspected("G4", "2026-04-02", 5, "daily", "2026-04-25"),
    ),
    story(
        "decided on the 25th, not before the deed",
        inspected("G1", "2026-03-10", 0, "own", "2026-03-24", NO),
        inspected("G1", "2026-03-26", 0, "own", "2026-03-25", NO),
        inspected("G1", "2026-03-25", 5, "own", "2026-03-25"),
        inspected("G2", "2026-03-26", 5, "neighbours", "2026-04-25"),
    ),
    story(
        "each item once a month, in each group by itself",
        inspected("G3", "2026-03-01", 7, "daily", "2026-03-25", item="文艺演出", claimed=7),
        inspected("G3", "2026-03-31", 0, "daily", "2026-04-25", FULL, item="文艺 演出"),
        inspected("G3", "2026-03-31", 10, "daily", "2026-04-25", item="读书会", claimed=10),
        inspected("G5", "2026-03-31", 1, "daily", "2026-04-25", item="读书会", claimed=1),
        inspected("G3", "2026-04-01", 5, "daily", "2026-04-25", item="文艺演出"),
    ),
    story(
        "each group: from 1 to 10, an item again in the next month of the quarter",
        *(
            each
            for group in ("G1", "G2", "G3", "G4", "G5")
            for each in (
                inspected(group, "2026-01-01", 10, "daily", "2026-01-25", claimed=10),
                inspected(group, "2026-01-31", 0, "daily", "2026-02-25", FULL),
                inspected(group, "2026-02-01", 1, "daily", "2026-02-25", claimed=1),
                inspected(group, "2026-03-01", 0, "daily", "2026-03-25", "bad_input", claimed=11),
                inspected(group, "2025-12-31", 0, "daily", "2026-01-25", "not_in_force"),
            )
        ),
    ),
    story(
        "special awards: each once a year",
        special("2026-06-01", 60, "2026-06-25"),
        special("2026-12-31", 0, "2027-01-25", FULL),
        special("2026-12-31", 60, "2027-01-25", item="创业带头"),
        special("2027-01-01", 60, "2027-01-25"),
        special("2027-02-01", 0, "2027-02-26", NO),
        special("2027-02-01", 1, "2027-02-25", item="返乡", claimed=1),
        special("2027-02-01", 0, "2027-02-25", "bad_input", item="孝亲", claimed=101),
    ),
)
