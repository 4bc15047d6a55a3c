"""Three judges a month, and the yearly award."""

from tests.rules.examples.story import deed, story

FULL = "limit_reached"

STORIES = (
    story(
        "the average of the judges, halves rounded up, once a month",
        # (8 + 9 + 9) / 3 = 8.67; (8 + 8 + 9) / 3 = 8.33; (7 + 8 + 8 + 7) / 4 = 7.5.
        deed("J1", "2022-01-31", 9, sheet="8；9；9"),
        deed("J1", "2022-01-01", 0, FULL, sheet="10；10；10"),
        deed("J1", "2022-02-01", 8, sheet="8；8；9"),
        deed("J1", "2022-03-01", 8, sheet=((7,), (8,), (8,), (7,))),
        deed("J1", "2022-04-01", 10, sheet="10；10；10"),
        deed("J1", "2022-05-01", 0, "no_points", sheet="0；1；0"),
        deed("J1", "2022-05-01", 1, sheet="0；1；1"),
        deed("J1", "2022-06-01", 0, "bad_input", sheet="9；9"),
        deed("J1", "2022-06-01", 0, "bad_input", sheet="9；9；11"),
    ),
    story(
        "the yearly award, by a meeting and on its record",
        deed("J2", "2022-12-31", 30, decided_points=30, decided_record="年终会议"),
        deed("J2", "2022-12-31", 0, FULL, decided_points=1, decided_record="年终会议"),
        deed("J2", "2023-01-01", 50, decided_points=50, decided_record="年终会议"),
        deed("J2", "2024-01-01", 0, "bad_input", decided_points=51, decided_record="年终会议"),
    ),
)
