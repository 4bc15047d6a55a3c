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

FALLEN = ("refused", "returned", "withdrawn")
"""Those of claims that came to nothing, whose points count nowhere."""

COUNTS = Claim.status.not_in(FALLEN)
"""The condition for all other claims."""

UNDER_WAY = ("declared", "reviewed", "approved")
"""Neither in the books nor ended."""
