"""Tells a household, in plain Chinese, what a claim came to and why."""

from datetime import timedelta

from rules.evaluation import LimitStep, Outcome, RefusalCode
from rules.limits import Limit

_PERIOD = {"day": "同一天", "month": "每月", "quarter": "每季度", "year": "每年", "lifetime": "一共"}
_SCOPE = {"rule": "这一项", "category": "这一类", "total": "所有项目合起来"}
_BY_LIMITS: RefusalCode = "limit_reached"


def explain(outcome: Outcome) -> list[str]:
    """Sentences for the household: what was claimed, each limit that mattered, and the result."""
    trace = outcome.trace
    said = [f"{trace.deed_on.month} 月 {trace.deed_on.day} 日的「{trace.rule_title}」({trace.rule_id})。"]
    if trace.offered is not None and trace.limits:
        said.append(f"按《{trace.book_title}》({trace.book_version} 版)应得 {trace.offered} 分。")
    said += [_limit(step) for step in trace.limits]
    said += [refusal.message for refusal in trace.refusals if refusal.code != _BY_LIMITS]
    if not outcome.accepted:
        said.append(f"这次不记分{_try_again(outcome)}。")
    elif outcome.points < (trace.offered or 0):
        said.append(f"这次只能再记 {outcome.points} 分。")
    else:
        said.append(f"这次记 {outcome.points} 分。")
    return said


def limit_text(limit: Limit) -> str:
    """A limit as people say it, e.g. 这一项每户每月最多 2 次."""
    bounds = [f"{limit.times} 次"] if limit.times is not None else []
    bounds += [f"{limit.points} 分"] if limit.points is not None else []
    who = "每户" if limit.per == "household" else "每人"
    return f"{_SCOPE[limit.scope]}{who}{_PERIOD[limit.period]}最多 {'、'.join(bounds)}"


def _limit(step: LimitStep) -> str:
    used = []
    if step.times_left is not None:
        used.append(f"已记 {step.used.times} 次,还剩 {step.times_left} 次")
    if step.points_left is not None:
        used.append(f"已得 {step.used.points} 分,还剩 {step.points_left} 分")
    return f"{limit_text(step.limit)}:{';'.join(used)}。"


def _try_again(outcome: Outcome) -> str:
    """When a full limit opens again, if it does."""
    steps = outcome.trace.limits
    if not steps or steps[-1].after > 0:
        return ""
    full = steps[-1]
    if full.limit.period == "lifetime":
        return ":名额已经用完"
    last = full.ends - timedelta(days=1)
    return f":到 {last.year} 年 {last.month} 月 {last.day} 日为止已满,之后做的可以再报"
