"""The statuses of a claim."""

from __future__ import annotations

from api.awards.claims.tables import Claim

STATUS = {
    "declared": "待评议",
    "reviewed": "待审定",
    "approved": "公示中",
    "posted": "已入账",
    "corrected": "已更正",
    "refused": "未通过",
    "returned": "退回更正",
    "withdrawn": "已撤回",
}
"""What they are called on the screen."""

SEARCHED = {
    **{status: title for status, title in STATUS.items() if status != "corrected"},
    "awarded": "加了分的：公示中、已入账",
}
"""What claims can be searched for by."""

FALLEN = ("refused", "returned", "withdrawn")
"""Those of claims that came to nothing, whose points count nowhere."""

COUNTS = Claim.status.not_in(FALLEN)
"""The condition for all other claims."""

AWARDED = Claim.status.in_(("approved", "posted")) & (Claim.points > 0)
"""The condition for awards on notice or in the books."""

UNDER_WAY = ("declared", "reviewed", "approved")
"""Neither in the books nor ended."""
