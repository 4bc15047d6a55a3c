"""The guard rails: what no rule may touch, and how far a deduction may go."""

from collections.abc import Iterator
from datetime import date

from rules.book import MOST_POINTS, ByChoice, DeductionBounds, Input, Rule
from rules.expression import Expression
from rules.parser.forbidden import forbidden_in, waived_in
from rules.parser.locator import Path
from rules.parser.points import amounts
from rules.parser.table import Table

_SHORTEST_DEDUCTION_NOTICE = 3
_BODIES = ("council", "committee", "supervisors")


def check_subject(table: Table, rule: Rule, category_title: str = "") -> None:
    """A forbidden purpose is refused, and so are points for giving up a right. Wording that hints at a forbidden
    subject is refused in a deduction, and waits for a person to review it in a rule that gives."""
    for word, why in forbidden_in(rule.purpose):
        table.problem("purpose", f"目的里的「{word}」不能写进积分办法：{why}。")
    for key, text in (("category", category_title), *_wording(rule)):
        waived = dict(waived_in(text))
        for word, why in waived.items():
            table.problem(key, f"不能因「{word}」加分或扣分：{why}，也不能奖励放弃权利。")
        for word, why in forbidden_in(text):
            if why in waived.values():
                continue
            if rule.deduction is not None:
                table.problem(key, f"不能因「{word}」扣分：{why}。请删去这一项。")
            elif not rule.wording_reviewed:
                table.problem(
                    key,
                    f"「{word}」要先请人审阅：{why}。如属正当的加分项，请加一行 "
                    'wording_reviewed = "谁、哪天审的、理由"。',
                )


def _wording(rule: Rule) -> Iterator[tuple[str, str]]:
    """What people read in a rule, each with the field it stands in."""
    yield "title", rule.title
    yield "points_note", rule.points_note
    yield "when_note", rule.when_note
    yield "evidence", "\n".join(rule.evidence)
    asked = [title for each in rule.inputs for title in _titles(each)]
    yield "inputs", "\n".join(asked)
    if rule.deduction is not None:
        yield "deduction", rule.deduction.covenant


def _titles(asked: Input) -> tuple[str, ...]:
    return (asked.title, *(option.title for option in asked.options), *(item.title for item in asked.items))


def check_deduction(table: Table, rule: Rule, bounds: DeductionBounds, starts: date) -> None:
    """A rule either gives or takes, and one that takes has a longer way to go."""
    for amount, path in _amounts(rule):
        wrong = ""
        if rule.deduction is None and amount < 0:
            wrong = (
                "扣分默认不启用：须经村民会议逐条表决，并写明 deduction（村规民约条款、表决）。"
                "请补上，或删去，或改为“不得分”。"
            )
        elif rule.deduction and amount > 0:
            wrong = "写了扣分依据 deduction，分值却是加分；扣分要写成负数，例如 -5。"
        elif -amount > bounds.at_once:
            wrong = f"一次扣 {-amount} 分太重：一次最多扣 {bounds.at_once} 分。"
        if wrong:
            table.findings.add((*table.path, *path), f"{table.name}：{wrong}")
    if rule.deduction is None:
        return
    check_adopted_in_time(table, rule, starts)
    if isinstance(rule.points, Expression):
        table.problem("points", "扣分不能用算式，要写明固定的分值，让村民事先知道。")
    if len({reviewer for reviewer in rule.reviewers if reviewer in _BODIES}) < 2:
        table.problem(
            "reviewers", "扣分要由两个不同的组织审核，例如道德评议会（council）和监委会（supervisors）。"
        )
    if rule.notice_days < _SHORTEST_DEDUCTION_NOTICE:
        table.problem("notice_days", f"扣分至少公示 {_SHORTEST_DEDUCTION_NOTICE} 天，让本户有时间提出异议。")
    if "publish" in table.raw:
        table.problem("publish", "扣分一律公示而不写姓名，不能用 publish 另行规定。")
    if rule.every_household:
        table.problem("every_household", "扣分不能对全村各户一起实行。")


def check_adopted_in_time(table: Table, rule: Rule, starts: date) -> None:
    """Nobody is judged by what was decided later."""
    decision = rule.deduction.adopted_by if rule.deduction else None
    if decision and decision.date > max(starts, rule.first or starts):
        table.problem(
            "deduction",
            f"表决的日子（{decision.date}）晚于生效的日子：不能扣表决以前的事，请用 from 写明从哪天起。",
        )


def check_village_points(table: Table, rule: Rule, bounds: DeductionBounds) -> None:
    """A village can't turn what gives into what takes, nor take more than the book may."""
    if rule.village_points is None:
        return
    lowest, highest = (-bounds.at_once, -1) if rule.deduction else (1, MOST_POINTS)
    low, high = rule.village_points
    if low < lowest or high > highest:
        table.problem("village_points", f"村里能定的分值要在 {lowest} 到 {highest} 之间，现在是 {low} 到 {high}。")


def _amounts(rule: Rule) -> Iterator[tuple[int, Path]]:
    """Each amount that the rule fixes, and where it is written."""
    if not isinstance(rule.points, ByChoice):
        yield from ((amount, ("points",)) for amount in amounts(rule.points))
        return
    for place, asked in enumerate(rule.inputs):
        if asked.id == rule.points.input_id:
            for number, option in enumerate(asked.options):
                yield rule.points.amounts.get(option.id, 0), ("inputs", place, "options", number, "points")
