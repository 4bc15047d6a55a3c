"""Explains the evaluation of a claim to a household, in Chinese."""

from datetime import timedelta

from rules.evaluation import Evaluation, LimitStep, RefusalCode
from rules.text.descriptions import format_limit

_LIMIT_REACHED: RefusalCode = "limit_reached"


def explain(evaluation: Evaluation) -> list[str]:
    """Chinese sentences: what was claimed, how each limit applied, and the result."""
    trace = evaluation.trace
    sentences = [f"{trace.deed_on.month} 月 {trace.deed_on.day} 日的「{trace.rule_title}」（{trace.rule_id}）。"]
    if trace.covenant:
        sentences.append(f"依据：{trace.covenant}。")
    sentences += [f"{known.label}：{known.value}。" for known in trace.known]
    if trace.multiplied:
        step = trace.multiplied
        sentences.append(f"「{step.campaign}」期间按 {step.times} 倍记，原来是 {step.before} 分。")
    if trace.offered is not None and (trace.limits or trace.cuts):
        verb = "应扣" if trace.offered < 0 else "应得"
        sentences.append(f"按《{trace.book_title}》（{trace.book_version} 版）{verb} {abs(trace.offered)} 分。")
    sentences += trace.cuts
    sentences += [_format_step(step) for step in trace.limits]
    sentences += [refusal.message for refusal in trace.refusals if refusal.code != _LIMIT_REACHED]
    sentences.append(_format_result(evaluation))
    return sentences


def _format_result(evaluation: Evaluation) -> str:
    is_deduction = (evaluation.trace.offered or 0) < 0
    verb = "扣" if is_deduction else "记"
    if not evaluation.accepted:
        return f"这次不{verb}分{'' if is_deduction else _next_chance(evaluation)}。"
    if abs(evaluation.points) < abs(evaluation.trace.offered or 0):
        return f"这次只{'扣' if is_deduction else '能再记'} {abs(evaluation.points)} 分。"
    return f"这次{verb} {abs(evaluation.points)} 分。"


def _format_step(step: LimitStep) -> str:
    used = []
    if step.limit.highest:
        used.append(f"已记 {step.used.points} 分，只补差额 {step.points_left} 分")
    else:
        if step.times_left is not None:
            used.append(f"已记 {step.used.times} 次，还剩 {step.times_left} 次")
        if step.points_left is not None:
            used.append(f"已得 {step.used.points} 分，还剩 {step.points_left} 分")
    return f"{format_limit(step.limit)}：{'；'.join(used)}。"


def _next_chance(evaluation: Evaluation) -> str:
    """Until when the limit is used up, if it ends."""
    steps = evaluation.trace.limits
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
