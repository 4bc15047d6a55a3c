"""What the statuses of a claim are called on the screen."""

STATUS = {
    "declared": "待评议",
    "reviewed": "待审定",
    "approved": "公示中",
    "posted": "已入账",
    "corrected": "已更正",
    "refused": "未通过",
}
