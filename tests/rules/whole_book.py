"""The texts of a book and an overlay that use every feature of the format."""

BOOK = """
[book]
title = "试用积分办法"
version = "1"
township = "示范乡"
effective_from = 2026-01-01
effective_until = 2026-12-31
adopted_by = { body = "乡党委", meeting = "第 12 次党委会议", date = 2025-12-20 }
most_points = 100
limits = [{ per = "village", period = "year", points = 50000 }]
deductions = { at_once = 10, a_year = 30 }
village = { add = 5, points = 2, deductions = 5, deduct = 2, retire = true }

[[category]]
id = "clean"
title = "环境卫生"
limits = [{ period = "month", points = 40 }]

[[category]]
id = "honours"
title = "表彰奖励"

[[rule]]
id = "fixed"
title = "月评“最清洁户”"
category = "clean"
points = 5
most_points = 9
limits = [{ period = "month", times = 1 }]
inputs = [
  { id = "inspection", title = "评分单", type = "sheet", judges = 2, items = [
    { id = "yard", title = "院内", max = 2 },
    { id = "house", title = "屋内", max = 3 },
  ] },
  { id = "held_on", title = "评比日期", type = "date" },
  { id = "photo", title = "院内照片", type = "photo", required = false },
]
evidence = ["三人评分单", "照片"]
reviewers = ["council"]
village_points = [3, 8]
source = "乡里拟定"
purpose = "鼓励保持整洁"
from = 2026-02-01
until = 2026-11-30

[[rule]]
id = "choice"
title = "受到表彰"
category = "honours"
limits = [{ period = "lifetime", per = "person", by = ["deed"], highest = true }]
inputs = [
  { id = "deed", title = "因什么事迹", type = "text" },
  { id = "level", title = "哪一级表彰", type = "choice", options = [
    { id = "village", title = "村级", points = 3 },
    { id = "city", title = "市级", points = 30 },
  ] },
]
evidence = ["表彰文件"]
reviewers = ["committee"]
publish = false

[[rule]]
id = "counted"
title = "捐款"
category = "honours"
points = "input.yuan / 100"
points_note = "每满 100 元 1 分"
when = "input.yuan >= 100 && rule.fixed.times_year < 20"
when_note = "满 100 元才记"
limits = [{ period = "year", points = 40 }]
inputs = [
  { id = "yuan", title = "捐多少元", type = "integer", min = 1, max = 5000 },
  { id = "share", title = "自家出几成", type = "number", min = 0.1, max = 1.0 },
]
evidence = ["收据"]
reviewers = ["committee", "supervisors"]

[[rule]]
id = "decided"
title = "自设项目"
category = "honours"
points = { decided_by = "村民代表会议", min = 1, max = 2 }
evidence = ["会议记录"]
reviewers = ["committee"]

[[rule]]
id = "taken"
title = "乱堆乱放"
category = "clean"
points = -5
limits = [{ period = "month", times = 2 }]
evidence = ["照片"]
reviewers = ["council", "supervisors"]

[rule.deduction]
covenant = "村规民约第八条"
reminder = true
adopted_by = { body = "村民代表会议", meeting = "2025 年第 9 次会议", date = 2025-12-10 }

[[campaign]]
id = "spring"
title = "春季清洁行动"
from = 2026-03-01
until = 2026-04-30
multiply = 1.5
categories = ["honours"]
rules = ["fixed"]
"""

OVERLAY = """
[overlay]
base = "1"
village = "王庄村"
title = "王庄村补充办法"
version = "王庄 1"
effective_from = 2026-03-01
adopted_by = { body = "王庄村村民代表会议", meeting = "2026 年第 1 次会议", date = 2026-02-10 }

[[retire]]
id = "decided"
why = "本村没有自设项目"

[[change]]
id = "fixed"
points = 6
limits = [{ period = "year", times = 10 }]

[[rule]]
id = "V01"
title = "给独居老人送饭"
category = "honours"
points = 2
evidence = ["老人确认"]
reviewers = ["grid"]
"""
