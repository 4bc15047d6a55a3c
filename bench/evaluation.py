"""How many claims one core evaluates in a second: 60 rules with limits, and a tally that grows.

A third of the rules have no inputs, a third have a choice, the others compute points from hours and
kilograms or from earlier awards. The baseline is an expression alone,
evaluated with ever new values.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from bench.environment import Environment
from bench.measurement import Measurement, make_measurement
from rules import Claim, Rulebook, Tally, evaluate, evaluate_points, load
from rules.expression import compile_amount

_CLAIMS = 200_000
_HOUSEHOLDS = 10_000
_TARGET = 100_000
_HEAD = """
[book]
title = "六十条的办法"
version = "1"
township = "示范乡"
effective_from = 2025-01-01
adopted_by = { body = "乡党委", meeting = "第 1 次会议", date = 2024-12-20 }
"""
_CATEGORY = """
[[category]]
id = "c{n}"
title = "第{n}类"
"""
_RULE = """
[[rule]]
id = "R{n}"
title = "第{n}项"
category = "c{category}"
evidence = ["照片"]
reviewers = ["grid"]
"""
_KINDS = (
    """points = 5
limits = [{ period = "month", times = 2 }]
""",
    """limits = [{ period = "year", times = 3, points = 40 }]
inputs = [{ id = "level", title = "哪一级", type = "choice", options = [
  { id = "village", title = "村级", points = 3 },
  { id = "county", title = "县级", points = 5 },
] }]
""",
    """points = "input.hours * 2 + int(input.kg)"
points_note = "每小时 2 分，每公斤 1 分"
limits = [{ period = "month", points = 40 }]
inputs = [
  { id = "hours", title = "几小时", type = "integer", min = 1, max = 24 },
  { id = "kg", title = "几公斤", type = "number", min = 0.5, max = 50 },
]
""",
    """points = 4
when = "rule.R{before}.times_year >= 1 && input.months >= 6"
when_note = "做过，且满半年"
limits = [{ period = "year", per = "person", times = 2 }]
inputs = [{ id = "months", title = "几个月", type = "integer", min = 1, max = 60 }]
""",
    """points = 2
limits = [{ period = "quarter", points = 20 }]
""",
    """limits = [{ period = "year", times = 1, by = ["tier"] }]
inputs = [{ id = "tier", title = "哪一档", type = "choice", options = [
  { id = "low", title = "十小时", points = 2 },
  { id = "high", title = "五十小时", points = 10 },
] }]
""",
)


async def measure(_: Environment) -> AsyncIterator[Measurement]:
    book = _book()
    claims = list(_claims(book, Random(1)))
    baseline = _expression_rate()
    yield make_measurement(
        "evaluation.award", _rate(book, claims, with_trace=False), "claims a second", baseline, _TARGET, more=True
    )
    yield make_measurement(
        "evaluation.explained", _rate(book, claims, with_trace=True), "claims a second", baseline
    )


def _book() -> Rulebook:
    parts = [_HEAD, *(_CATEGORY.format(n=n) for n in range(6))]
    for n in range(60):
        kind = _KINDS[n % len(_KINDS)].replace("{before}", str(n - 3))
        parts.append(_RULE.format(n=n, category=n % 6) + kind)
    return load("".join(parts))


def _claims(book: Rulebook, random: Random) -> Iterator[Claim]:
    ids, first = list(book.rules), date(2025, 1, 1)
    for n in range(_CLAIMS):
        number = random.randrange(len(ids))
        day = first + timedelta(days=n * 365 // _CLAIMS)
        household = f"h{random.randrange(_HOUSEHOLDS)}"
        yield Claim(ids[number], day, household, "v1", 4, "张三", _answers(number % len(_KINDS), random), 500)


def _answers(kind: int, random: Random) -> dict[str, Any]:
    match kind:
        case 1:
            return {"level": random.choice(("village", "county"))}
        case 2:
            return {"hours": random.randint(1, 8), "kg": random.randint(1, 40) / 2}
        case 3:
            return {"months": random.randint(1, 24)}
        case 5:
            return {"tier": random.choice(("low", "high"))}
    return {}


def _rate(book: Rulebook, claims: list[Claim], *, with_trace: bool) -> float:
    """Claims in a second of this process's CPU time."""
    tally = Tally(book)
    start = time.process_time()
    for claim in claims:
        points = evaluate(book, claim, tally).points if with_trace else evaluate_points(book, claim, tally)[0]
        if points:
            tally.add(claim, points)
    return len(claims) / (time.process_time() - start)


def _expression_rate() -> float:
    expression = compile_amount("hours * 2 + 1", (("hours", "integer"),))
    times = 100_000
    start = time.process_time()
    for hours in range(times):
        expression.evaluate_amount({"hours": hours})
    return times / (time.process_time() - start)
