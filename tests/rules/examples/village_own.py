"""王庄村's overlay with rules of its own."""

from tests.rules.examples.story import Deed, deed, story

FULL = "limit_reached"


def decided(on: str, points: int, item: str, claimed: int = 2) -> Deed:
    return deed(
        "A39", on, points, None if points else FULL, item=item, decided_points=claimed, decided_record="会议 3"
    )


STORIES = (
    story(
        "its own two rules",
        deed("V01", "2025-03-30", 2),
        deed("V01", "2025-03-31", 2),
        deed("V01", "2025-03-31", 0, FULL),
        deed("V01", "2025-04-01", 2),
        deed("V01", "2025-05-01", 2),
        deed("V01", "2025-05-02", 2),
        deed("V02", "2025-05-01", 1, object="石磨"),
        deed("V02", "2025-12-31", 0, FULL, object="石磨"),
        deed("V02", "2025-12-31", 1, object="马灯"),
        deed("V02", "2026-01-01", 1, object="石磨"),
    ),
    story(
        "the row left to the village: four points a month, six times a year for each item",
        decided("2025-03-01", 2, "看护水源"),
        decided("2025-03-02", 1, "清明防火", claimed=1),
        decided("2025-03-31", 1, "看护水源"),
        decided("2025-03-31", 0, "清明防火"),
        *(decided(f"2025-{month:02}-01", 2, "看护水源") for month in range(4, 8)),
        decided("2025-12-31", 0, "看护水源"),
        decided("2025-12-31", 2, "清明防火"),
        decided("2026-01-01", 2, "看护水源"),
    ),
    story(
        "the spring campaign doubles sweeping, and nothing else",
        deed("A09", "2025-03-14", 5),
        deed("A09", "2025-03-15", 10),
        deed("A09", "2025-03-31", 0, FULL),
        deed("A09", "2025-04-15", 10),
        deed("A09", "2025-04-16", 5),
        deed("A10", "2025-03-31", 5),
    ),
    story("not before it took effect", deed("A09", "2025-02-28", 0, "not_in_force"), deed("A09", "2025-03-01", 5)),
)
