"""Base points, the monthly scoring day, quarrels."""

from tests.rules.examples.story import Deed, deed, story

FULL = "limit_reached"


def scored(on: str, points: int, *rows: str) -> Deed:
    return deed("T2", on, points, None if points else "bad_input", sheet="；".join(rows))


STORIES = (
    story(
        "base points once a year",
        deed("T1", "2026-01-01", 100),
        deed("T1", "2026-12-31", 0, FULL),
        deed("T1", "2027-01-01", 100),
        deed("T1", "2026-12-31", 100, household="h2"),
    ),
    story(
        "a team of twelve judges, five groups",
        # Eleven give 4 4 4 4 4 = 20, one gives 0 0 0 0 5 = 5: 225 / 12 = 18.75.
        scored("2026-03-31", 19, *["4 4 4 4 4"] * 11, "0 0 0 0 5"),
        deed("T2", "2026-03-01", 0, FULL, sheet="；".join(["5 5 5 5 5"] * 12)),
        # Seven give 20, five give 21: 245 / 12 = 20.42.
        scored("2026-04-01", 20, *["4 4 4 4 4"] * 7, *["5 4 4 4 4"] * 5),
        scored("2026-05-01", 25, *["5 5 5 5 5"] * 12),
        scored("2026-06-01", 0, *["5 5 5 5 5"] * 11),
        scored("2026-06-01", 0, *["5 5 5 5"] * 12),
        *(scored("2026-06-01", 0, *[row] * 12) for row in ("6 5 5 5 5", "5 6 5 5 5", "5 5 6 5 5", "5 5 5 6 5")),
        scored("2026-06-01", 0, *["5 5 5 5 5"] * 11, "5 5 5 5 6"),
    ),
    story(
        "both parties and the mediator, once for each case",
        deed("T3", "2026-04-10", 5, household="h1", case="调 7"),
        deed("T3", "2026-04-10", 5, household="h2", case="调7"),
        deed("T3", "2026-04-10", 0, FULL, household="h3", case="调 7"),
        deed("T4", "2026-04-11", 10, household="h3", case="调 7"),
        deed("T4", "2027-04-11", 0, FULL, household="h4", case="调 7"),
        deed("T3", "2026-05-10", 0, FULL, household="h1", case="调 7"),
        deed("T3", "2026-05-10", 5, household="h1", case="调 8"),
        deed("T3", "2026-05-11", 0, FULL, household="h1", case="调 8"),
        deed("T3", "2026-05-11", 5, household="h4", case="调 8"),
        deed("T3", "2026-05-12", 0, FULL, household="h2", case="调 8"),
    ),
)
