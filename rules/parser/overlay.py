"""Reads a village's overlay: what the village changes in its township's book, within the book's bounds."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from rules.book import ByChoice, Decided, Deduction, Rule, Rulebook
from rules.expression import Expression
from rules.parser.campaigns import read_campaigns
from rules.parser.points import amounts
from rules.parser.policy import check_adopted_in_time, check_subject
from rules.parser.rule import Context, read_adoption, read_decision, read_limits, read_rule, titles
from rules.parser.table import Table
from rules.problems import did_you_mean


def read_overlay(root: Table, base: Rulebook | None) -> Rulebook | None:
    """The base's book as the village changed it; None when it can't be read on this base."""
    head = root.table("overlay", "书头 [overlay]")
    wanted = head.text("base")
    if base is None:
        if wanted:
            head.problem("base", f"这是村里的补充办法，要和它补充的办法「{wanted}」一起读，现在没有找到。")
        return None
    if wanted and wanted != base.version:
        head.problem("base", f"补充的是「{wanted}」版，给出的是「{base.version}」版。")
    village = head.text("village", chinese=True)
    if base.village:
        head.problem("base", f"「{base.version}」自己就是{base.village}的补充办法；补充办法只能补充乡镇的办法。")
    decision = read_decision(head.table("adopted_by", "通过决定 [overlay.adopted_by]"))
    effective_from, effective_until = _dates(head, base, decision.date)
    rules = dict(base.rules)
    _adopt(root, base, rules, effective_from)
    _retire(root, base, rules)
    _change(root, base, rules)
    _add(root, base, rules, effective_from)
    book = replace(
        base,
        title=head.text("title", chinese=True),
        version=head.text("version"),
        effective_from=effective_from,
        effective_until=effective_until,
        adopted_by=decision,
        rules=MappingProxyType(rules),
        offered=MappingProxyType({id: rule for id, rule in base.offered.items() if id not in rules}),
        campaigns=(
            *base.campaigns,
            *read_campaigns(root, rules, [category.id for category in base.categories], base.campaigns),
        ),
        village=village,
        base=base.version,
    )
    if book.version and book.version == base.version:
        head.problem("version", "版本号和它补充的办法一样，请换一个。")
    head.close()
    root.close()
    return book


def _dates(head: Table, base: Rulebook, decided: date) -> tuple[date, date | None]:
    starts = head.day("effective_from") or base.effective_from
    ends = head.day("effective_until", required=False)
    if ends and ends < starts:
        head.problem("effective_until", "失效日期早于生效日期。")
    if decided > starts:
        head.problem("effective_from", "生效日期早于通过决定的日期：新办法不能管以前的事。")
    if starts < base.effective_from:
        head.problem("effective_from", f"早于它补充的办法生效的日子（{base.effective_from}）。")
    if base.effective_until and (ends is None or ends > base.effective_until):
        ends = base.effective_until
    return starts, ends


def _adopt(root: Table, base: Rulebook, rules: dict[str, Rule], starts: date) -> None:
    for table in root.tables("adopt", "启用的扣分"):
        wanted = table.text("id")
        rule = base.offered.get(wanted)
        if rule is None and wanted:
            table.problem(
                "id", f"它补充的办法里没有「{wanted}」这一项待启用的扣分{did_you_mean(wanted, base.offered)}。"
            )
        elif wanted in rules:
            table.problem("id", f"「{wanted}」启用了两次。")
        reminded = rule.deduction if rule and rule.deduction else Deduction("", None, reminder=True)
        deduction = read_adoption(table, reminded)
        table.close()
        if rule:
            rules[rule.id] = replace(rule, deduction=deduction)
            check_subject(table, rules[rule.id])
            check_adopted_in_time(table, rules[rule.id], starts)


def _retire(root: Table, base: Rulebook, rules: dict[str, Rule]) -> None:
    for table in root.tables("retire", "停用"):
        rule = _named(table, base.rules)
        table.text("why", chinese=True)
        if rule and not base.village_terms.retire:
            table.problem("id", "乡镇的办法不许村里停用规则。")
        elif rule and rule.mandatory:
            table.problem("id", f"「{rule.title}」是全乡镇统一的，不能停用。")
        elif rule:
            rules.pop(rule.id, None)
        table.close()


def _change(root: Table, base: Rulebook, rules: dict[str, Rule]) -> None:
    for table in root.tables("change", "改动"):
        rule = _named(table, {**base.rules, **base.offered})
        points = table.value("points", (int, dict), required="limits" not in table.raw)
        limits = read_limits(table, "rule", rule.id, rule.inputs) if rule else ()
        table.close()
        if rule is None:
            continue
        if rule.id not in rules:
            offered = rule.id in base.offered
            table.problem(
                "id",
                f"「{rule.id}」是扣分，要先用 [[adopt]] 写明村民的表决。"
                if offered
                else f"「{rule.id}」在同一份办法里又停用又改动。",
            )
            continue
        changed = rules[rule.id]
        if points is not None:
            changed = _amount(table, changed, points)
        if limits:
            # The village may only be stricter: the township's limits stay beside its own.
            changed = replace(changed, limits=(*limits, *changed.limits))
        rules[rule.id] = changed


def _amount(table: Table, rule: Rule, points: int | Mapping[str, object]) -> Rule:
    if rule.village_points is None:
        table.problem("points", f"「{rule.title}」的分值由乡镇统一规定，村里不能改。")
        return rule
    if isinstance(rule.points, Expression | Decided):
        table.problem(
            "points",
            f"「{rule.title}」的分值是算出来或议定的，不能改成固定分。",
        )
        return rule
    if isinstance(rule.points, ByChoice) != isinstance(points, dict):
        shape = "每个选项的分，例如 points = { city = 30 }" if isinstance(rule.points, ByChoice) else "一个整数"
        table.problem("points", f"「{rule.title}」的 points 要写{shape}。")
        return rule
    low, high = rule.village_points
    new: int | ByChoice
    if isinstance(rule.points, ByChoice) and isinstance(points, dict):
        for option, amount in points.items():
            if option not in rule.points.amounts or type(amount) is not int:
                table.problem(
                    "points",
                    f"「{rule.title}」没有「{option}」这个选项{did_you_mean(option, rule.points.amounts)}。",
                )
                return rule
        new = ByChoice(rule.points.input_id, {**rule.points.amounts, **points})
    else:
        assert isinstance(points, int)
        new = points
    if any(not low <= amount <= high for amount in amounts(new)):
        table.problem("points", f"「{rule.title}」村里只能定 {low} 到 {high} 分。")
        return rule
    return replace(rule, points=new)


def _add(root: Table, base: Rulebook, rules: dict[str, Rule], starts: date) -> None:
    tables = root.tables("rule", "规则")
    context = Context(
        categories={category.id: category for category in base.categories},
        total=base.total,
        rule_titles={rule.id: rule.title for rule in rules.values()} | titles(tables),
        deduction_bounds=base.deduction_bounds,
        starts=starts,
    )
    terms = base.village_terms
    given = taken = 0
    for table in tables:
        rule = read_rule(table, context)
        if rule.id and rule.id in {*base.rules, *base.offered, *rules}:
            table.problem("id", f"编号「{rule.id}」已经有了；要改乡镇的规则请用 [[change]]。")
            continue
        if rule.deduction and rule.deduction.adopted_by is None:
            table.problem("deduction", "村里自设的扣分不能只是待启用（offered），要写明条款和村民的表决。")
        rules[rule.id] = rule
        if rule.deduction:
            taken += 1
            most, allowed, count = terms.deduct, terms.deductions, taken
            deepest = -min(amounts(rule.points), default=0)
        else:
            given += 1
            most, allowed, count = terms.points, terms.add, given
            deepest = rule.most_points or max(amounts(rule.points), default=most + 1)
        if count > allowed:
            table.problem(
                "id", f"村里自设的{'扣分' if rule.deduction else '加分'}项最多 {allowed} 条，这是第 {count} 条。"
            )
        elif deepest > most:
            table.problem("points", f"村里自设的{'扣分' if rule.deduction else '加分'}项每次最多 {most} 分。")


def _named(table: Table, known: Mapping[str, Rule]) -> Rule | None:
    wanted = table.text("id")
    if wanted and wanted not in known:
        table.problem("id", f"它补充的办法里没有「{wanted}」这一项{did_you_mean(wanted, known)}。")
    return known.get(wanted)
