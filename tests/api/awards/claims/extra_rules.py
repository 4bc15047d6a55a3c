"""A book with rules that the township's own doesn't have, adopted from 1 July 2026 on."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.api.asking import sign_in
from tests.api.awards.rulebooks.conftest import adopt, text
from tests.conftest import LiveTown

JULY = datetime(2026, 7, 20, 2, 0, tzinfo=UTC)

EXTRA = """
[[rule]]
id = "X01"
title = "乱倒垃圾"
category = "environment"
points = -5
evidence = ["两次照片"]
reviewers = ["council", "supervisors"]
[rule.deduction]
covenant = "村规民约第八条"
adopted_by = { body = "村民代表会议", meeting = "第 2 次", date = 2024-12-01 }

[[rule]]
id = "X02"
title = "损坏公物"
category = "public"
points = -20
evidence = ["现场记录"]
reviewers = ["committee", "supervisors"]
[rule.deduction]
covenant = "村规民约第九条"
reminder = false
adopted_by = { body = "村民代表会议", meeting = "第 2 次", date = 2024-12-01 }

[[rule]]
id = "BASE"
title = "年度基础分"
category = "village"
points = 100
every_household = true
limits = [{ period = "year", times = 1 }]
evidence = ["户籍册"]
reviewers = ["committee"]

[[rule]]
id = "CAP"
title = "修渠"
category = "public"
points = 4
limits = [{ period = "year", per = "village", points = 10 }]
evidence = ["名单"]
reviewers = ["council"]

[[rule]]
id = "TEAM"
title = "全村清洁"
category = "environment"
points = 9
when = "village.rule.CAP.households_month == village.households"
when_note = "当月全村每户都参加修渠"
evidence = ["名单"]
reviewers = ["council"]

[[rule]]
id = "SHEET"
title = "入户检查"
category = "environment"
points = "input.sheet.points"
points_note = "评委打分的平均"
evidence = ["评分单"]
reviewers = ["council"]
[[rule.inputs]]
id = "sheet"
title = "评分单"
type = "sheet"
judges = 3
items = [{ id = "yard", title = "院落", max = 2 }, { id = "rooms", title = "屋内", max = 2 }]
"""

REMINDED = {"inputs": {"reminded_on": "2026-07-01"}}


async def extra_rules(town: LiveTown) -> None:
    """Adopt the book and travel to July."""
    budget = '[book]\nlimits = [{ per = "village", period = "year", points = 5000 }]\n'
    await adopt(town, text("2026.2").replace("[book]\n", budget, 1) + EXTRA)
    town.clock.travel(JULY)
    await sign_in(town, *town.tokens)
