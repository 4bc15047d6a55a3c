"""How the smallest books begin: a township's with one category, and a village's supplement to it."""

HEAD = """\
[book]
title = "试用积分办法"
version = "1"
township = "示范乡"
effective_from = 2026-01-01
adopted_by = { body = "村党支部", meeting = "支委会", date = 2025-12-20 }

[[category]]
id = "clean"
title = "环境卫生"
"""
OVERLAY = """
[overlay]
base = "1"
village = "王庄村"
title = "王庄村补充办法"
version = "王庄 1"
effective_from = 2026-03-01
adopted_by = { body = "王庄村村民代表会议", meeting = "第 1 次会议", date = 2026-02-10 }
"""
