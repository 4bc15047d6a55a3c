"""Campaigns, streaks, the whole village, running totals, dates."""

from tests.rules.examples.story import Deed, deed, story

FULL = "limit_reached"
NO = "condition_not_met"


def clean(on: str, points: int, household: str = "h1") -> Deed:
    return deed("P1", on, points, household=household)


def worked(on: str, points: int, hours: int, person: str = "张三", household: str = "h1") -> Deed:
    return deed("P2", on, points, hours=hours, person=person, household=household)


STORIES = (
    story(
        "a campaign multiplies from its first to its last day, rounding down",
        clean("2026-02-28", 5),
        deed("P1", "2026-02-28", 0, FULL),
        deed("P1", "2025-12-31", 0, "not_in_force"),
        clean("2026-01-01", 5),
        clean("2026-03-01", 7),
        clean("2026-04-30", 7),
        clean("2026-05-01", 5),
        # 9 kg are 4 points, times 1.5 is 6; 30 kg are 15, times 1.5 is 22, cut to the rule's 20 a month.
        deed("P3", "2026-04-01", 6, kg=9.0),
        deed("P3", "2026-04-01", 20, kg=30.0, household="h2"),
        deed("P3", "2026-04-30", 0, FULL, kg=30.0, household="h2"),
        deed("P3", "2026-02-01", 0, "no_points", kg=0.5),
        deed("P3", "2026-02-01", 0, "bad_input", kg=0.4),
        deed("P3", "2026-02-01", 20, kg=500),
        deed("P3", "2026-02-01", 0, "bad_input", kg=500.5),
    ),
    story(
        "twenty-five a month for a category, whatever the rules in it allow",
        clean("2026-04-01", 7),
        deed("P3", "2026-04-02", 18, kg=100),
        deed("P3", "2026-04-30", 0, FULL, kg=2),
        deed("P3", "2026-05-01", 20, kg=100),
        clean("2026-05-31", 5),
        deed("P3", "2026-04-02", 20, kg=100, household="h2"),
        clean("2026-04-30", 5, household="h2"),
    ),
    story(
        "hours: two points each, at most sixteen, a person once a day",
        worked("2026-06-01", 6, 3),
        deed("P2", "2026-06-01", 0, FULL, hours=2),
        worked("2026-06-01", 16, 9, person="李四"),
        worked("2026-06-02", 16, 12),
        worked("2026-06-03", 2, 1),
        deed("P2", "2026-06-04", 0, "bad_input", hours=13),
        # Doubled in harvest week, but capped by most_points.
        worked("2026-09-20", 6, 3),
        worked("2026-09-21", 12, 3),
        worked("2026-09-27", 16, 5),
        worked("2026-09-28", 10, 5),
    ),
    story(
        "three months in a row, once a quarter",
        clean("2026-05-10", 5),
        clean("2026-06-10", 5),
        deed("P4", "2026-06-30", 0, NO),
        clean("2026-07-10", 5),
        deed("P4", "2026-07-31", 10),
        clean("2026-08-10", 5),
        deed("P4", "2026-08-31", 0, FULL),
        # September's score may still come: in the month after it, August's streak is not broken.
        deed("P4", "2026-09-30", 0, FULL),
        clean("2026-10-10", 5),
        deed("P4", "2026-10-31", 0, NO),
        clean("2026-09-10", 5),
        deed("P4", "2026-10-31", 10),
    ),
    story(
        "a bonus when the whole village is clean",
        clean("2026-07-05", 5, "h1"),
        clean("2026-07-06", 5, "h2"),
        deed("P5", "2026-07-31", 0, NO),
        clean("2026-07-31", 5, "h3"),
        deed("P5", "2026-07-31", 2, household="h1"),
        deed("P5", "2026-07-31", 2, household="h2"),
        deed("P5", "2026-07-31", 0, FULL, household="h1"),
        deed("P5", "2026-08-01", 0, NO),
        deed("P5", "2026-07-31", 0, NO, household="h3", households=4),
        *(clean("2026-08-01", 5, household) for household in ("h1", "h2", "h3")),
        deed("P5", "2026-08-31", 2, household="h1"),
    ),
    story(
        "running totals decide in December",
        *(worked(f"2026-06-{day:02}", 16, 8) for day in range(1, 7)),
        # 96 so far, then 101.
        deed("P6", "2026-12-01", 0, NO),
        clean("2026-12-01", 5),
        deed("P6", "2026-11-30", 0, NO),
        deed("P6", "2026-12-31", 20),
        deed("P6", "2026-12-31", 0, FULL),
        *(worked(f"2027-06-{day:02}", 16, 8) for day in range(1, 8)),
        deed("P6", "2027-12-01", 20),
    ),
    story(
        "three hundred a year of everything together",
        *(worked(f"2026-06-{day:02}", 16, 8) for day in range(1, 17)),
        # 256 so far: 40 more make 296.
        deed("P6", "2026-12-01", 40),
        worked("2026-12-02", 4, 8),
        deed("P1", "2026-12-31", 0, FULL),
        worked("2027-01-01", 16, 8),
    ),
    story(
        "three thousand a year for the whole village: ten households with 18 * 16 + 12 = 300 each",
        *(
            worked(f"2026-06-{day:02}", 16 if day < 19 else 12, 8 if day < 19 else 6, household=f"h{number}")
            for number in range(10)
            for day in range(1, 20)
        ),
        deed("P2", "2026-12-31", 0, FULL, household="h10", hours=8),
        worked("2027-01-01", 16, 8, household="h10"),
    ),
    story(
        "only in the fortnight around the ninth of the ninth",
        deed("P7", "2026-10-11", 0, "not_in_force"),
        deed("P7", "2026-10-12", 5),
        deed("P7", "2026-10-25", 0, FULL),
        deed("P7", "2026-10-25", 5, person="李四"),
        deed("P7", "2026-10-26", 0, "not_in_force", person="王五"),
    ),
    story(
        "the star of a month: twice, and twenty points",
        worked("2026-06-29", 16, 8),
        deed("P8", "2026-06-30", 0, NO),
        worked("2026-06-30", 4, 2),
        deed("P8", "2026-06-30", 5),
        deed("P8", "2026-06-30", 0, FULL),
        deed("P8", "2026-07-01", 0, NO),
        worked("2026-07-01", 16, 8),
        worked("2026-07-02", 16, 8),
        deed("P8", "2026-07-31", 5),
        worked("2026-08-01", 16, 8),
        worked("2026-08-02", 16, 8),
        deed("P8", "2026-08-31", 5),
    ),
)
