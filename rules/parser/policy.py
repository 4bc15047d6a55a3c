"""Policy checks: subjects that no rule may touch, and the conditions of deductions."""

from collections.abc import Iterator
from datetime import date

from rules.book import MAX_POINTS, DeductionBounds, Input, PointsByChoice, Rule
from rules.expression import Expression
from rules.parser.forbidden import find_forbidden, find_waivers
from rules.parser.locator import KeyPath
from rules.parser.points import possible_amounts
from rules.parser.table import Table

_MIN_DEDUCTION_NOTICE = 3
_SIGNING_BODIES = ("council", "committee", "supervisors")


def check_wording(table: Table, rule: Rule, category_title: str = "") -> None:
    """Report a forbidden purpose and points for giving up a right. Wording that hints at a forbidden subject is an
    error in a deduction; in other rules it is one until somebody has reviewed it."""
    for word, why in find_forbidden(rule.purpose):
        table.report("purpose", f"目的里的「{word}」不能写进积分办法：{why}。")
    for key, text in (("category", category_title), *_public_texts(rule)):
        waived = dict(find_waivers(text))
        for word, why in waived.items():
            table.report(key, f"不能因「{word}」加分或扣分：{why}，也不能奖励放弃权利。")
        for word, why in find_forbidden(text):
            if why in waived.values():
                continue
            if rule.deduction is not None:
                table.report(key, f"不能因「{word}」扣分：{why}。请删去这一项。")
            elif not rule.wording_reviewed:
                table.report(
                    key,
                    f"「{word}」要先请人审阅：{why}。如属正当的加分项，请加一行 "
                    'wording_reviewed = "谁、哪天审的、理由"。',
                )


def _public_texts(rule: Rule) -> Iterator[tuple[str, str]]:
    """The texts of a rule that people read, each with its key."""
    yield "title", rule.title
    yield "points_note", rule.points_note
    yield "when_note", rule.when_note
    yield "evidence", "\n".join(rule.evidence)
    titles = [title for input in rule.inputs for title in _titles(input)]
    yield "inputs", "\n".join(titles)
    if rule.deduction is not None:
        yield "deduction", rule.deduction.covenant


def _titles(input: Input) -> tuple[str, ...]:
    return (input.title, *(option.title for option in input.options), *(item.title for item in input.items))


def check_deduction(table: Table, rule: Rule, bounds: DeductionBounds, starts: date) -> None:
    """Report amounts of the wrong sign, and the missing conditions of a deduction."""
    for amount, path in _amounts(rule):
        error = ""
        if rule.deduction is None and amount < 0:
            error = (
                "扣分默认不启用：须经村民会议逐条表决，并写明 deduction（村规民约条款、表决）。"
                "请补上，或删去，或改为“不得分”。"
            )
        elif rule.deduction and amount > 0:
            error = "写了扣分依据 deduction，分值却是加分；扣分要写成负数，例如 -5。"
        elif -amount > bounds.at_once:
            error = f"一次扣 {-amount} 分太重：一次最多扣 {bounds.at_once} 分。"
        if error:
            table.findings.add((*table.path, *path), f"{table.name}：{error}")
    if rule.deduction is None:
        return
    check_adoption_date(table, rule, starts)
    if isinstance(rule.points, Expression):
        table.report("points", "扣分不能用算式，要写明固定的分值，让村民事先知道。")
    if len({reviewer for reviewer in rule.reviewers if reviewer in _SIGNING_BODIES}) < 2:
        table.report("reviewers", "扣分要由两个不同的组织审核，例如道德评议会（council）和监委会（supervisors）。")
    if rule.notice_days < _MIN_DEDUCTION_NOTICE:
        table.report("notice_days", f"扣分至少公示 {_MIN_DEDUCTION_NOTICE} 天，让本户有时间提出异议。")
    if "publish" in table.raw:
        table.report("publish", "扣分一律公示而不写姓名，不能用 publish 另行规定。")
    if rule.every_household:
        table.report("every_household", "扣分不能对全村各户一起实行。")


def check_adoption_date(table: Table, rule: Rule, starts: date) -> None:
    """Report a deduction that begins before the vote on it."""
    decision = rule.deduction.adopted_by if rule.deduction else None
    if decision and decision.date > max(starts, rule.first or starts):
        table.report(
            "deduction",
            f"表决的日子（{decision.date}）晚于生效的日子：不能扣表决以前的事，请用 from 写明从哪天起。",
        )


def check_village_points(table: Table, rule: Rule, bounds: DeductionBounds) -> None:
    """Report a range that would let a village change the sign, or deduct more than the book may."""
    if rule.village_points is None:
        return
    lowest, highest = (-bounds.at_once, -1) if rule.deduction else (1, MAX_POINTS)
    low, high = rule.village_points
    if low < lowest or high > highest:
        table.report("village_points", f"村里能定的分值要在 {lowest} 到 {highest} 之间，现在是 {low} 到 {high}。")


def _amounts(rule: Rule) -> Iterator[tuple[int, KeyPath]]:
    """The fixed amounts of the rule, each with its path."""
    if not isinstance(rule.points, PointsByChoice):
        yield from ((amount, ("points",)) for amount in possible_amounts(rule.points))
        return
    for place, input in enumerate(rule.inputs):
        if input.id == rule.points.input_id:
            for number, option in enumerate(input.options):
                yield rule.points.amounts.get(option.id, 0), ("inputs", place, "options", number, "points")
