"""The six rows of the typical table."""

from tests.rules.examples.story import deed, story

FULL = "limit_reached"

STORIES = (
    story(
        "base points once a year",
        deed("C1", "2026-12-31", 100),
        deed("C1", "2026-01-01", 0, FULL),
        deed("C1", "2027-01-01", 100),
    ),
    story(
        "a family's spring: 2 + 2 + 3 + 5 + 10 + 20 = 42",
        deed("C2", "2026-03-01", 2),
        deed("C2", "2026-03-01", 2),
        deed("C3", "2026-03-08", 3, kind="old"),
        deed("C4", "2026-03-12", 5, kind="environment"),
        deed("C5", "2026-04-01", 10, kind="schooling"),
        deed("C6", "2026-05-04", 20, honour="市级文明家庭"),
        deed("C3", "2026-03-08", 0, "bad_input", kind="gambling"),
        deed("C6", "2026-05-04", 0, "bad_input"),
    ),
    story("nothing before the book", deed("C2", "2025-12-31", 0, "not_in_force"), deed("C2", "2026-01-01", 2)),
)
