from collections.abc import Callable
from datetime import date

import pytest

from rules import Claim, Rulebook, load_builtin
from tests.rules.histories import ClaimFactory

HEAD = """\
[book]
title = "试用积分办法"
version = "1"
township = "示范乡"
effective_from = 2026-01-01
effective_until = 2026-12-31
adopted_by = { body = "村党支部", meeting = "支委会", date = 2025-12-20 }

[[category]]
id = "clean"
title = "环境卫生"

"""
HEAD_LINES = HEAD.count("\n")

RULE = """\
[[rule]]
id = "R1"
title = "清扫"
category = "clean"
points = 5
evidence = ["照片"]
reviewers = ["grid"]
"""


@pytest.fixture(scope="session")
def township() -> Rulebook:
    return load_builtin("township")


@pytest.fixture
def make_claim() -> ClaimFactory:
    """A claim of one household of four in 王庄村 on 8 March 2026, unless given otherwise."""

    def claim(rule: str = "R1", deed_on: date = date(2026, 3, 8), household: str = "h1", **more: object) -> Claim:
        return Claim(rule, deed_on, household, **{"village": "王庄村", "people": 4, "households": 3, **more})

    return claim


@pytest.fixture
def book_text() -> Callable[..., str]:
    """A small valid book; `points` and `more` lines change its only rule."""

    def build(more: str = "", *, points: str | None = "5", rule: str = RULE, head: str = HEAD) -> str:
        line = f"points = {points}\n" if points is not None else ""
        return head + rule.replace("points = 5\n", line) + more

    return build
