"""Weekly, monthly, quarterly."""

from tests.rules.examples.story import deed, story

FULL = "limit_reached"

STORIES = (
    story("not before the book", deed("Y1", "2025-12-31", 0, "not_in_force"), deed("Y1", "2026-01-01", 1)),
    story(
        "weeks go from Monday to Sunday, across the month's end: 30 March 2026 is a Monday",
        deed("Y1", "2026-03-29", 1),
        deed("Y1", "2026-03-30", 1),
        deed("Y1", "2026-04-05", 0, FULL),
        deed("Y1", "2026-04-06", 1),
    ),
    story(
        "the week of the new year is one week: 28 December 2026 is a Monday",
        deed("Y1", "2026-12-28", 1),
        deed("Y1", "2027-01-03", 0, FULL),
        deed("Y1", "2027-01-04", 1),
    ),
    story(
        "months and quarters",
        deed("Y2", "2026-06-30", 5),
        deed("Y2", "2026-06-01", 0, FULL),
        deed("Y2", "2026-07-01", 5),
        deed("Y2", "2026-08-01", 5),
        deed("Y3", "2026-06-30", 20),
        deed("Y3", "2026-04-01", 0, FULL),
        deed("Y3", "2026-07-01", 20),
        deed("Y3", "2026-12-31", 20),
        deed("Y3", "2027-01-01", 20),
    ),
)
