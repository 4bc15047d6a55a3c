"""Reads a village's overlay: what the village changes in its township's book, within what the book allows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from rules.book import Deduction, PointsByChoice, PointsByMeeting, Rule, Rulebook
from rules.expression import Expression
from rules.parser.campaigns import read_campaigns
from rules.parser.points import possible_amounts
from rules.parser.policy import check_adoption_date
from rules.parser.rule import BookContext, read_adoption, read_decision, read_limits, read_rule, read_titles
from rules.parser.table import Table
from rules.problems import did_you_mean


def read_overlay(root: Table, base: Rulebook | None) -> Rulebook | None:
    """The base as the village changed it; None when it can't be read on this base."""
    header = root.get_table("overlay", "书头 [overlay]")
    base_version = header.get_text("base")
    if base is None:
        if base_version:
            header.report("base", f"这是村里的补充办法，要和它补充的办法「{base_version}」一起读，现在没有找到。")
        return None
    if base_version and base_version != base.version:
        header.report("base", f"补充的是「{base_version}」版，给出的是「{base.version}」版。")
    village = header.get_text("village", chinese=True)
    if base.village:
        header.report("base", f"「{base.version}」自己就是{base.village}的补充办法；补充办法只能补充乡镇的办法。")
    decision = read_decision(header.get_table("adopted_by", "通过决定 [overlay.adopted_by]"))
    effective_from, effective_until = _read_dates(header, base, decision.date)
    rules = dict(base.rules)
    _adopt(root, base, rules, effective_from)
    _retire(root, base, rules)
    _change(root, base, rules)
    _add(root, base, rules, effective_from)
    book = replace(
        base,
        title=header.get_text("title", chinese=True),
        version=header.get_text("version"),
        effective_from=effective_from,
        effective_until=effective_until,
        adopted_by=decision,
        rules=MappingProxyType(rules),
        offered_deductions=MappingProxyType(
            {id: rule for id, rule in base.offered_deductions.items() if id not in rules}
        ),
        campaigns=(
            *base.campaigns,
            *read_campaigns(root, rules, [category.id for category in base.categories], base.campaigns),
        ),
        village=village,
        base_version=base.version,
    )
    if book.version and book.version == base.version:
        header.report("version", "版本号和它补充的办法一样，请换一个。")
    header.report_unknown_keys()
    root.report_unknown_keys()
    return book


def _read_dates(header: Table, base: Rulebook, decided: date) -> tuple[date, date | None]:
    starts = header.get_date("effective_from") or base.effective_from
    ends = header.get_date("effective_until", required=False)
    if ends and ends < starts:
        header.report("effective_until", "失效日期早于生效日期。")
    if decided > starts:
        header.report("effective_from", "生效日期早于通过决定的日期：新办法不能管以前的事。")
    if starts < base.effective_from:
        header.report("effective_from", f"早于它补充的办法生效的日子（{base.effective_from}）。")
    if base.effective_until and (ends is None or ends > base.effective_until):
        ends = base.effective_until
    return starts, ends


def _adopt(root: Table, base: Rulebook, rules: dict[str, Rule], starts: date) -> None:
    for table in root.get_tables("adopt", "启用的扣分"):
        id = table.get_text("id")
        rule = base.offered_deductions.get(id)
        if rule is None and id:
            table.report(
                "id", f"它补充的办法里没有「{id}」这一项待启用的扣分{did_you_mean(id, base.offered_deductions)}。"
            )
        elif id in rules:
            table.report("id", f"「{id}」启用了两次。")
        offered = rule.deduction if rule and rule.deduction else Deduction("", None, reminder=True)
        deduction = read_adoption(table, offered)
        table.report_unknown_keys()
        if rule:
            rules[rule.id] = replace(rule, deduction=deduction)
            check_adoption_date(table, rules[rule.id], starts)


def _retire(root: Table, base: Rulebook, rules: dict[str, Rule]) -> None:
    for table in root.get_tables("retire", "停用"):
        rule = _find_rule(table, base.rules)
        table.get_text("why", chinese=True)
        if rule and not base.village_permissions.retire:
            table.report("id", "乡镇的办法不许村里停用规则。")
        elif rule and rule.mandatory:
            table.report("id", f"「{rule.title}」是全乡镇统一的，不能停用。")
        elif rule:
            rules.pop(rule.id, None)
        table.report_unknown_keys()


def _change(root: Table, base: Rulebook, rules: dict[str, Rule]) -> None:
    seen: set[str] = set()
    for table in root.get_tables("change", "改动"):
        rule = _find_rule(table, {**base.rules, **base.offered_deductions})
        points = table.get_value("points", (int, dict), required="limits" not in table.raw)
        limits = read_limits(table, "rule", rule.id, rule.inputs) if rule else ()
        table.report_unknown_keys()
        if rule is None:
            continue
        if rule.id in seen and not root.findings.adopted:
            table.report("id", f"「{rule.id}」改动了两次，请写在一处。")
        seen.add(rule.id)
        if rule.id not in rules:
            offered = rule.id in base.offered_deductions
            table.report(
                "id",
                f"「{rule.id}」是扣分，要先用 [[adopt]] 写明村民的表决。"
                if offered
                else f"「{rule.id}」在同一份办法里又停用又改动。",
            )
            continue
        changed = rules[rule.id]
        if points is not None:
            changed = _change_points(table, changed, points)
        if limits:
            # The township's limits stay, so the village can only be stricter.
            changed = replace(changed, limits=(*limits, *changed.limits))
        rules[rule.id] = changed


def _change_points(table: Table, rule: Rule, points: int | Mapping[str, object]) -> Rule:
    if rule.village_points is None:
        table.report("points", f"「{rule.title}」的分值由乡镇统一规定，村里不能改。")
        return rule
    if isinstance(rule.points, Expression | PointsByMeeting):
        table.report(
            "points",
            f"「{rule.title}」的分值是算出来或议定的，不能改成固定分。",
        )
        return rule
    if isinstance(rule.points, PointsByChoice) != isinstance(points, dict):
        shape = (
            "每个选项的分，例如 points = { city = 30 }" if isinstance(rule.points, PointsByChoice) else "一个整数"
        )
        table.report("points", f"「{rule.title}」的 points 要写{shape}。")
        return rule
    low, high = rule.village_points
    new: int | PointsByChoice
    if isinstance(rule.points, PointsByChoice) and isinstance(points, dict):
        for option, amount in points.items():
            if option not in rule.points.amounts or type(amount) is not int:
                table.report(
                    "points",
                    f"「{rule.title}」没有「{option}」这个选项{did_you_mean(option, rule.points.amounts)}。",
                )
                return rule
        new = PointsByChoice(rule.points.input_id, {**rule.points.amounts, **points})
    else:
        assert isinstance(points, int)
        new = points
    if any(not low <= amount <= high for amount in possible_amounts(new)):
        table.report("points", f"「{rule.title}」村里只能定 {low} 到 {high} 分。")
        return rule
    return replace(rule, points=new)


def _add(root: Table, base: Rulebook, rules: dict[str, Rule], starts: date) -> None:
    tables = root.get_tables("rule", "规则")
    context = BookContext(
        categories={category.id: category for category in base.categories},
        total_limits=base.total_limits,
        rule_titles={rule.id: rule.title for rule in rules.values()} | read_titles(tables),
        deduction_bounds=base.deduction_bounds,
        starts=starts,
    )
    permissions = base.village_permissions
    awards = deductions = 0
    for table in tables:
        rule = read_rule(table, context)
        if rule.id and rule.id in {*base.rules, *base.offered_deductions, *rules}:
            table.report("id", f"编号「{rule.id}」已经有了；要改乡镇的规则请用 [[change]]。")
            continue
        if rule.deduction and rule.deduction.adopted_by is None:
            table.report("deduction", "村里自设的扣分不能只是待启用（offered），要写明条款和村民的表决。")
        rules[rule.id] = rule
        if rule.deduction:
            deductions += 1
            most, allowed, count = permissions.deduct, permissions.deductions, deductions
            largest = -min(possible_amounts(rule.points), default=0)
        else:
            awards += 1
            most, allowed, count = permissions.points, permissions.add, awards
            largest = rule.most_points or max(possible_amounts(rule.points), default=most + 1)
        if count > allowed:
            table.report(
                "id", f"村里自设的{'扣分' if rule.deduction else '加分'}项最多 {allowed} 条，这是第 {count} 条。"
            )
        elif largest > most:
            table.report("points", f"村里自设的{'扣分' if rule.deduction else '加分'}项每次最多 {most} 分。")


def _find_rule(table: Table, known: Mapping[str, Rule]) -> Rule | None:
    id = table.get_text("id")
    if id and id not in known:
        table.report("id", f"它补充的办法里没有「{id}」这一项{did_you_mean(id, known)}。")
    return known.get(id)
