"""Policy checks: the conditions of deductions, and how far a village may go."""

import re
from collections.abc import Iterator
from datetime import date

from rules.book import (
    MAX_POINTS,
    Campaign,
    DeductionBounds,
    PointsByChoice,
    PointsByMeeting,
    Rule,
    Rulebook,
)
from rules.expression import Expression
from rules.parser.locator import KeyPath
from rules.parser.points import possible_amounts
from rules.parser.table import Table
from rules.spelling import comparable

_ASSEMBLIES = ("村民会议", "村民代表会议")
"""The assemblies that a village covenant is made by; a villagers' committee 村民委员会 is none."""
_ANY_VILLAGE = r"(?:(?![委会组长])[\u3400-\u9fff]){1,12}村"

_MIN_DEDUCTION_NOTICE = 3
_SIGNING_BODIES = ("council", "committee", "supervisors")


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


def check_assemblies(root: Table, book: Rulebook) -> None:
    """Report deductions that anybody but the villagers' assembly adopted, or decides the amount of. The body is
    the assembly's own name, at most with its village's and township's before it."""
    village = re.escape(book.village) if book.village else _ANY_VILLAGE
    assembly = re.compile(rf"(?:{re.escape(book.township)})?(?:{village})?(?:{'|'.join(_ASSEMBLIES)})")
    for key, below in (("rule", ("deduction",)), ("adopt", ())):
        for place, table in enumerate(root.raw.get(key, ())):
            rule = book.rules.get(table.get("id")) or book.offered_deductions.get(table.get("id"))
            if rule is None or rule.deduction is None:
                continue
            bodies = []
            if rule.deduction.adopted_by is not None:
                bodies.append((rule.deduction.adopted_by.body, (*below, "adopted_by", "body")))
            if isinstance(rule.points, PointsByMeeting):
                bodies.append((rule.points.body, ("points",)))
            for body, path in bodies:
                if body and not assembly.fullmatch(body):
                    root.findings.add(
                        (key, place, *path),
                        f"「{rule.id}」：扣分只能由村民会议或村民代表会议逐条表决，不能由「{body}」决定；"
                        "机构要照写这两个名称，前面至多加上本村的村名。",
                    )


def check_village_titles(root: Table, book: Rulebook, base: Rulebook) -> None:
    """Report rules of a village that are the township's by name: they would give its award without its limits."""
    titles = {comparable(rule.title): rule.title for rule in base.rules.values()}
    for place, table in enumerate(root.raw.get("rule", ())):
        rule = book.rules.get(table.get("id"))
        title = titles.get(comparable(rule.title)) if rule else None
        if title:
            root.findings.add(
                ("rule", place, "title"),
                f"「{title}」是乡镇已有的规则，村里不能另设同名的；要改分值和上限请用 [[change]]。",
            )


def check_village_campaigns(root: Table, book: Rulebook, base: Rulebook) -> None:
    """Report campaigns of a village that give more than its township allows."""
    for place, campaign in enumerate(book.campaigns[len(base.campaigns) :]):
        for rule in (book.rules[id] for id in sorted(campaign.rules)):
            if error := _find_excess(campaign, rule, base):
                root.findings.add(("campaign", place, "multiply"), f"活动「{campaign.title}」：{error}")


def _find_excess(campaign: Campaign, rule: Rule, base: Rulebook) -> str:
    """How the rule's awards exceed the township's bound in this campaign; empty if they don't."""
    permissions = base.village_permissions
    amounts = possible_amounts(rule.points)
    if rule.id not in base.rules:
        bound = permissions.points
    elif rule.village_points is not None and amounts:
        bound = rule.village_points[1]
    elif campaign.factor > permissions.multiply:
        allowed = (
            f"村里的活动最多乘 {float(permissions.multiply):g} 倍"
            if permissions.multiply > 1
            else "乡镇的办法没有许村里加倍（village 里的 multiply）"
        )
        return f"「{rule.title}」的分值由乡镇统一规定，{allowed}。"
    else:
        return ""
    most = max((int(amount * campaign.factor) for amount in amounts), default=MAX_POINTS)
    if rule.most_points is not None:
        most = min(most, rule.most_points)
    return f"「{rule.title}」一次会记 {most} 分，乡镇许村里最多定 {bound} 分。" if most > bound else ""


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
