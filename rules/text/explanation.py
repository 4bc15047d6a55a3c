"""Tells a household, in plain Chinese, what a claim came to and why."""

from datetime import timedelta

from rules.evaluation import LimitStep, Outcome, RefusalCode
from rules.text.descriptions import limit_text

_BY_LIMITS: RefusalCode = "limit_reached"


def explain(outcome: Outcome) -> list[str]:
    """Sentences for the household: what was claimed, each limit that mattered, and the result."""
    trace = outcome.trace
    said = [f"{trace.deed_on.month} 月 {trace.deed_on.day} 日的「{trace.rule_title}」（{trace.rule_id}）。"]
    if trace.covenant:
        said.append(f"依据：{trace.covenant}。")
    said += [f"{known.label}：{known.value}。" for known in trace.known]
    if trace.multiplied:
        raised = trace.multiplied
        said.append(f"「{raised.campaign}」期间按 {raised.times} 倍记，原来是 {raised.before} 分。")
    if trace.offered is not None and (trace.limits or trace.cuts):
        verb = "应扣" if trace.offered < 0 else "应得"
        said.append(f"按《{trace.book_title}》（{trace.book_version} 版）{verb} {abs(trace.offered)} 分。")
    said += trace.cuts
    said += [_limit(step) for step in trace.limits]
    said += [refusal.message for refusal in trace.refusals if refusal.code != _BY_LIMITS]
    said.append(_result(outcome))
    return said


def _result(outcome: Outcome) -> str:
    taking = (outcome.trace.offered or 0) < 0
    verb = "扣" if taking else "记"
    if not outcome.accepted:
        return f"这次不{verb}分{'' if taking else _try_again(outcome)}。"
    if abs(outcome.points) < abs(outcome.trace.offered or 0):
        return f"这次只{'扣' if taking else '能再记'} {abs(outcome.points)} 分。"
    return f"这次{verb} {abs(outcome.points)} 分。"


def _limit(step: LimitStep) -> str:
    used = []
    if step.limit.highest:
        used.append(f"已记 {step.used.points} 分，只补差额 {step.points_left} 分")
    else:
        if step.times_left is not None:
            used.append(f"已记 {step.used.times} 次，还剩 {step.times_left} 次")
        if step.points_left is not None:
            used.append(f"已得 {step.used.points} 分，还剩 {step.points_left} 分")
    return f"{limit_text(step.limit)}：{'；'.join(used)}。"


def _try_again(outcome: Outcome) -> str:
    """When a full limit opens again, if it does."""
    steps = outcome.trace.limits
    if not steps or steps[-1].after > 0:
        return ""
    full = steps[-1]
    if full.limit.highest:
        return "：更高的荣誉已经记过"
    if full.limit.by:
        return "：这件事已经记过"
    if full.limit.period == "lifetime":
        return "：名额已经用完"
    last = full.ends - timedelta(days=1)
    return f"：到 {last.year} 年 {last.month} 月 {last.day} 日为止已满，之后做的可以再报"
