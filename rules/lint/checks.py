"""Checks of a whole book whose single lines are right: rules that nobody can earn by, limits that nobody can
reach, awards that may be larger than the book allows.

All but the last are advice, given only where it is certain, since the author will follow it. For an overlay only
its own text is checked, not its base.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from math import inf

from rules.book import MAX_POINTS, Campaign, Rule, Rulebook
from rules.expression import Expression
from rules.lint.options import find_foreign_options
from rules.lint.redundant_limits import (
    AwardRange,
    LimitBound,
    find_redundant,
    limit_bounds,
    max_reachable,
    sum_reachable,
)
from rules.lint.trials import TrialResult, TrialRunner
from rules.parser.locator import KeyPath
from rules.parser.points import possible_amounts
from rules.parser.table import Table

_STRING = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_COMPARISON = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(>=|<=|>|<|==)\s*(-?\d+(?:\.\d+)?)\s*")
_CALENDAR_RANGES = {"deed.month": (1, 12), "deed.day": (1, 31), "deed.weekday": (1, 7)}


def lint(book: Rulebook, root: Table) -> None:
    """Report in `root` what its author should look at. `root` is the text of `book`, which has no errors so
    far."""
    paths = _rule_paths(root, book)
    runner = TrialRunner(book)
    rule_ids = [id for id in book.rules if not book.village or id in paths or _campaigns_of(book, id)]
    results = {id: runner.run(book.rules[id]) for id in rule_ids}
    for id, path in paths.items():
        rule = book.rules[id]
        told = len(root.findings.problems)
        _check_reachable(rule, results[id], path, book, root)
        if len(root.findings.problems) == told:
            for key, advice in find_foreign_options(rule):
                root.findings.advise((*path, key), f"规则「{rule.id}」：{advice}")
        _check_unbounded(rule, results[id], path, book, root)
    for id, result in results.items():
        _check_most_points(book.rules[id], result, paths.get(id), book, root)
    if runner.out_of_time:
        root.findings.advise(
            ("rule",),
            "条件和分值的表达式太多或太慢，没有来得及一一试算：分值会不会太高、条件会不会永远不成立，这次没有查完。",
        )
    ranges = {id: _award_range(book.rules[id], result, book) for id, result in results.items()}
    _check_limits(book, root, paths, ranges)
    _check_titles(book, root, paths)
    _check_campaign_days(book, root)
    _check_campaign_gains(book, root, results)


def _rule_paths(root: Table, book: Rulebook) -> dict[str, KeyPath]:
    """The paths of the rules that this text writes or changes."""
    return {
        table["id"]: (key, number)
        for key in ("rule", "change")
        for number, table in enumerate(root.raw.get(key, ()))
        if table["id"] in book.rules
    }


def _campaigns_of(book: Rulebook, id: str) -> list[Campaign]:
    return [campaign for campaign in book.campaigns if id in campaign.rules]


def _check_reachable(rule: Rule, result: TrialResult, path: KeyPath, book: Rulebook, root: Table) -> None:
    failure = result.always_fails
    if failure:
        example = f"例如 {failure.at} 时" if failure.at else ""
        root.findings.add(
            (*path, failure.key),
            f"规则「{rule.id}」：{failure.key} 怎么试都算不出来：{example}{failure.reason}。请改这条算式。",
        )
        return
    last = book.effective_until
    if (rule.last and rule.last < book.effective_from) or (rule.first and last and rule.first > last):
        key = "until" if rule.last and rule.last < book.effective_from else "from"
        span = f"{book.effective_from} 起" + (f"、{last} 止" if last else "")
        root.findings.advise(
            (*path, key), f"规则「{rule.id}」：它的日期不在办法有效的日子（{span}）里，没有一天能用。"
        )
    elif rule.when is not None and ((result.complete and not result.satisfied) or _contradicts(rule)):
        root.findings.advise(
            (*path, "when"), f"规则「{rule.id}」：条件 when 无论怎么填都不成立，这一项谁也得不到分。请核对数字。"
        )
    elif (
        result.complete and isinstance(rule.points, Expression) and (result.largest is None or result.largest < 1)
    ):
        root.findings.advise(
            (*path, "points"), f"规则「{rule.id}」：points 无论怎么填都算不出 1 分以上，这一项谁也得不到分。"
        )
    if result.fails_at:
        root.findings.advise(
            (*path, "points" if isinstance(rule.points, Expression) else "when"),
            f"规则「{rule.id}」：{result.fails_at} 时要除以 0，算不出来。请给这一项写 min，或加一个条件 when。",
        )


def _contradicts(rule: Rule) -> bool:
    """Whether a condition is a conjunction of comparisons with numbers that contradict each other or the
    inputs."""
    if rule.when is None:
        return False
    text = _STRING.sub("''", rule.when.text)
    if any(operator in text for operator in ("(", "||", "?", "!", "//")):
        return False
    ranges: dict[str, tuple[float, float]] = dict(_CALENDAR_RANGES)
    for input in rule.inputs:
        if input.type in ("integer", "number"):
            low, high = input.low, input.high
            ranges[f"input.{input.id}"] = (-inf if low is None else low, inf if high is None else high)
    for part in text.split("&&"):
        comparison = _COMPARISON.fullmatch(part)
        if not comparison:
            continue
        name, operator, number = comparison[1], comparison[2], float(comparison[3])
        low, high = ranges.get(name, (-inf, inf))
        if ">" in operator or operator == "==":
            low = max(low, number)
        if "<" in operator or operator == "==":
            high = min(high, number)
        if low > high or (low == high == number and operator in "<>"):
            return True
        ranges[name] = (low, high)
    return False


def _check_unbounded(rule: Rule, result: TrialResult, path: KeyPath, book: Rulebook, root: Table) -> None:
    if result.unbounded_inputs and _cap(rule) is None and book.most_points is None:
        titles = "、".join(f"「{title}」" for title in result.unbounded_inputs)
        root.findings.advise(
            (*path, "points"),
            f"规则「{rule.id}」：{titles}没有写最大值（max），可能一次很多分。"
            "请写 max，或给这一项写 most_points。",
        )


def _cap(rule: Rule) -> int | None:
    """The most that one award can be after cuts, as far as the book says."""
    caps = [limit.points for limit in rule.limits if limit.points is not None]
    return min([*caps, *([rule.most_points] if rule.most_points is not None else [])], default=None)


def _check_most_points(rule: Rule, result: TrialResult, path: KeyPath | None, book: Rulebook, root: Table) -> None:
    """An award above the book's `most_points` is an error, not advice."""
    most, cap = book.most_points, _cap(rule)
    if most is None or rule.deduction or (cap is not None and cap <= most):
        return
    values = f"{result.largest_at} 时，" if result.largest_at else ""
    largest = result.largest or 0
    if path and result.unbounded_inputs:
        titles = "、".join(f"「{title}」" for title in result.unbounded_inputs)
        root.findings.add(
            (*path, "points"),
            f"规则「{rule.id}」：{titles}没有写最大值（max），一次会超过本办法规定的 {most} 分（most_points）。",
        )
    elif path and largest > most:
        root.findings.add(
            (*path, "points"),
            f"规则「{rule.id}」：{values}一次记 {largest} 分，超过本办法规定的 {most} 分（most_points）。",
        )
    elif largest <= most:
        _check_most_points_in_campaigns(rule, largest, values, book, root)


def _check_most_points_in_campaigns(rule: Rule, largest: int, values: str, book: Rulebook, root: Table) -> None:
    most = book.most_points or 0
    for campaign, path in _own_campaigns(book, root):
        raised = int(largest * campaign.factor)
        if rule.id in campaign.rules and raised > most:
            root.findings.add(
                (*path, "multiply"),
                f"活动「{campaign.title}」：{values}「{rule.id}」一次记 {raised} 分，"
                f"超过本办法规定的 {most} 分（most_points）。",
            )


def _own_campaigns(book: Rulebook, root: Table) -> Iterator[tuple[Campaign, KeyPath]]:
    """The campaigns of this text, which come after those of its base, with their paths."""
    number = len(root.raw.get("campaign", ()))
    own = book.campaigns[len(book.campaigns) - number :]
    return ((campaign, ("campaign", index)) for index, campaign in enumerate(own))


def _check_campaign_days(book: Rulebook, root: Table) -> None:
    for campaign, path in _own_campaigns(book, root):
        if campaign.last < book.effective_from or campaign.first > (book.effective_until or date.max):
            root.findings.advise(
                (*path, "from"), f"活动「{campaign.title}」：它的日期不在办法有效的日子里，没有一天能用。"
            )


def _check_campaign_gains(book: Rulebook, root: Table, results: Mapping[str, TrialResult]) -> None:
    """Tell a campaign that doesn't make an award larger, once it is rounded down and cut."""
    for campaign, path in _own_campaigns(book, root):
        if not campaign.rules:
            root.findings.advise(
                (*path, "categories"),
                f"活动「{campaign.title}」：它管的类别里没有一条加分的规则，乘了也没有用。",
            )
        for id in sorted(campaign.rules):
            rule, result = book.rules[id], results[id]
            amounts = possible_amounts(rule.points) or (result.amounts if result.complete else ())
            awards = [amount for amount in amounts if amount > 0]
            cap = _cap(rule) or MAX_POINTS
            if awards and all(min(int(award * campaign.factor), cap) <= min(award, cap) for award in awards):
                most = min(max(awards), cap)
                root.findings.advise(
                    (*path, "multiply"),
                    f"活动「{campaign.title}」：「{id}」原来最多 {most} 分，乘 {campaign.factor_text} "
                    f"去掉小数、再按上限截取，还是 {most} 分，乘了也没有用。",
                )


def _award_range(rule: Rule, result: TrialResult, book: Rulebook) -> AwardRange:
    """The range of a single award, campaigns included."""
    factor = max((campaign.factor for campaign in _campaigns_of(book, rule.id)), default=Fraction(1))
    fixed = [abs(amount) for amount in possible_amounts(rule.points)]
    largest = max(fixed) if fixed else result.largest if result.complete and not result.unbounded_inputs else None
    most = None if largest is None else int(largest * factor)
    if rule.most_points is not None:
        most = min(rule.most_points, most or rule.most_points)
    # Such awards may be smaller: cut to the cap, or to the difference from a lower honour.
    may_be_cut = rule.most_points is not None or any(limit.highest for limit in rule.limits)
    return AwardRange(1 if may_be_cut or not fixed else min(fixed), most)


def _check_limits(
    book: Rulebook, root: Table, paths: Mapping[str, KeyPath], ranges: Mapping[str, AwardRange]
) -> None:
    own: dict[str, list[LimitBound]] = {}
    for id, award_range in ranges.items():
        rule = book.rules[id]
        limits = [limit for limit in rule.limits if limit.scope == "rule"]
        own[id] = limit_bounds(limits, paths.get(id, ()))
        in_text = _count_limits(root, paths[id]) if id in paths else 0
        wider = limit_bounds([limit for limit in rule.limits if limit.scope != "rule"], ())
        # An overlay's limits come before those of its base.
        candidates = [bound for bound in own[id] if bound.number < in_text]
        others = [bound for bound in own[id] if bound.number >= in_text]
        for bound, reachable in find_redundant(candidates, [*others, *wider], award_range):
            _report_redundant(root, f"规则「{id}」", bound, reachable)
    if book.village or book.village_permissions.add:
        # A village's own rules count towards the limits of a category.
        return
    awards = [rule for rule in book.rules.values() if rule.deduction is None]
    total = limit_bounds(book.total_limits, ("book",))
    for number, category in enumerate(book.categories):
        rules = [(own[rule.id], ranges[rule.id]) for rule in awards if rule.category == category.id]
        bounds = limit_bounds(category.limits, ("category", number))
        for bound, reachable in _find_redundant_together(bounds, total, rules):
            _report_redundant(root, f"类别「{category.title}」", bound, reachable)
    of_categories = {category.id: limit_bounds(category.limits, ()) for category in book.categories}
    all_rules = [([*own[rule.id], *of_categories[rule.category]], ranges[rule.id]) for rule in awards]
    for bound, reachable in _find_redundant_together(total, [], all_rules):
        _report_redundant(root, "所有项目", bound, reachable)


def _find_redundant_together(
    candidates: Sequence[LimitBound],
    others: Sequence[LimitBound],
    rules: Sequence[tuple[Sequence[LimitBound], AwardRange]],
) -> Iterator[tuple[LimitBound, int]]:
    """The limits of a category, or of the book, that its rules can't reach together or the others don't allow."""
    remaining = [*candidates, *others]
    for bound in candidates:
        rest = [other for other in remaining if other is not bound]
        maxima = (
            max_reachable(bound.measure, bound.limit, rest, AwardRange(1, None)),
            sum_reachable(bound.measure, bound.limit, rules),
        )
        reachable = min((each for each in maxima if each is not None), default=None)
        if rules and reachable is not None and reachable <= bound.value:
            remaining = rest
            yield bound, reachable


def _report_redundant(root: Table, owner: str, bound: LimitBound, reachable: int) -> None:
    root.findings.advise((*bound.path, "limits", bound.number), f"{owner}：{bound.describe(reachable)}")


def _check_titles(book: Rulebook, root: Table, paths: Mapping[str, KeyPath]) -> None:
    first_ids: dict[tuple[str, str], str] = {}
    for rule in book.rules.values():
        first = first_ids.setdefault((rule.category, rule.title), rule.id)
        if first != rule.id and paths.get(rule.id, ("",))[0] == "rule":
            root.findings.advise(
                (*paths[rule.id], "title"), f"规则「{rule.id}」：和「{first}」同在一类，名称也一样，村民分不清。"
            )
    if book.village:
        return
    used = {table["category"] for table in root.raw.get("rule", ())}
    for number, category in enumerate(book.categories):
        if category.id not in used and not book.village_permissions.add:
            root.findings.advise(("category", number, "id"), f"类别「{category.title}」：里面一条规则也没有。")


def _count_limits(root: Table, path: KeyPath) -> int:
    key, number = path
    assert isinstance(key, str)
    return len(root.raw[key][number].get("limits", ()))
