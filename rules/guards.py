"""The guard rails: what no rule may touch, and how far a deduction may go."""

from collections.abc import Iterator

from rules.book import ByChoice, DeductionBounds, Rule
from rules.expression import Expression
from rules.fields import Table
from rules.forbidden import forbidden_in
from rules.locator import Path
from rules.points import amounts

_SHORTEST_DEDUCTION_NOTICE = 3
_BODIES = ("council", "committee", "supervisors")


def check_subject(table: Table, rule: Rule) -> None:
    """A forbidden purpose is refused. Wording that hints at one is refused in a deduction, and waits for a person
    to review it in a rule that gives."""
    for word, why in forbidden_in(rule.purpose):
        table.problem("purpose", f"目的里的「{word}」不能写进积分办法：{why}。")
    if rule.wording_reviewed and rule.deduction is None:
        return
    wording = (
        ("title", rule.title),
        ("evidence", " ".join(rule.evidence)),
        (
            "inputs",
            " ".join(f"{asked.title} {' '.join(o.title for o in asked.options)}" for asked in rule.inputs),
        ),
        ("points_note", rule.points_note),
        ("when_note", rule.when_note),
    )
    for key, text in wording:
        for word, why in forbidden_in(text):
            if rule.deduction is not None:
                table.problem(key, f"不能因「{word}」扣分：{why}。请删去这一项。")
                continue
            table.problem(
                key,
                f"「{word}」要先请人审阅：{why}。如属正当的加分项，请加一行 "
                'wording_reviewed = "谁、哪天审的、理由"。',
            )


def check_deduction(table: Table, rule: Rule, bounds: DeductionBounds) -> None:
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


def _amounts(rule: Rule) -> Iterator[tuple[int, Path]]:
    """Each amount that the rule fixes, and where it is written."""
    if not isinstance(rule.points, ByChoice):
        yield from ((amount, ("points",)) for amount in amounts(rule.points))
        return
    for place, asked in enumerate(rule.inputs):
        if asked.id == rule.points.input_id:
            for number, option in enumerate(asked.options):
                yield rule.points.amounts.get(option.id, 0), ("inputs", place, "options", number, "points")
