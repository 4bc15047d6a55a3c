"""Reads one row of the table: a rule as written in a book or an overlay."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import cast, get_args

from rules.book import (
    Category,
    Decided,
    Decision,
    Deduction,
    DeductionBounds,
    Input,
    Reviewer,
    Rule,
)
from rules.inputs import facts, read_inputs
from rules.limits import Limit, Per, Period, Scope
from rules.parser.points import DECIDED_INPUTS, read_condition, read_points
from rules.parser.policy import check_deduction, check_subject, check_village_points
from rules.parser.table import Table
from rules.problems import did_you_mean
from rules.variables import Names

RULE_ID = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,31}")
RULE_ID_SHAPE = "字母开头，只用字母、数字、点、横线，最多 32 个"
REMINDER_INPUT = Input(Deduction.REMINDED_ON, "书面提醒的日期", "date")
_LONGEST_NOTICE = 30
_MOST_IN_A_LIMIT = 1_000_000_000
_MOST_LIMITS = 20


@dataclass(frozen=True, slots=True)
class Context:
    """What a row needs to know of the rest of its book. `starts` is the day the book takes effect."""

    categories: Mapping[str, Category]
    total: tuple[Limit, ...]
    rule_titles: Mapping[str, str]
    deduction_bounds: DeductionBounds
    starts: date

    @property
    def category_titles(self) -> Mapping[str, str]:
        return {category.id: category.title for category in self.categories.values()}


def read_rule(table: Table, context: Context) -> Rule:
    """The rule written in a table, with every mistake noted."""
    deduction = _deduction(table)
    inputs = _inputs(table, deduction)
    names = Names(facts(inputs), context.rule_titles, context.category_titles)
    points, points_note, amount_facts = read_points(table, inputs, names)
    when, when_note, condition_facts = read_condition(table, names)
    if isinstance(points, Decided):
        inputs = (*inputs, replace(DECIDED_INPUTS[0], low=points.low, high=points.high), DECIDED_INPUTS[1])
    category = _category(table, context)
    notice_days = table.whole("notice_days", 0, _LONGEST_NOTICE)
    bounds = category.limits if deduction is None else ()
    rule = Rule(
        id=table.identifier(RULE_ID, RULE_ID_SHAPE),
        title=table.text("title", chinese=True),
        category=category.id,
        points=points,
        points_note=points_note,
        inputs=inputs,
        when=when,
        when_note=when_note,
        limits=(
            *read_limits(table, "rule", str(table.raw.get("id", "")), inputs),
            *bounds,
            *(context.total if deduction is None else ()),
        ),
        evidence=table.texts("evidence", required=True),
        # The words were checked against Reviewer's own; mypy can't see that through a tuple of str.
        reviewers=cast(tuple[Reviewer, ...], table.several_of("reviewers", get_args(Reviewer))),
        notice_days=3 if notice_days is None else notice_days,
        publish=table.flag("publish", default=True),
        source=table.text("source", required=False),
        purpose=table.text("purpose", required=False),
        wording_reviewed=table.text("wording_reviewed", required=False),
        most_points=table.whole("most_points", 1, _MOST_IN_A_LIMIT),
        first=table.day("from", required=False),
        last=table.day("until", required=False),
        village_points=_village_points(table),
        mandatory=table.flag("mandatory", default=False),
        every_household=table.flag("every_household", default=False),
        deduction=deduction,
        facts=tuple({fact.name: fact for fact in (*amount_facts, *condition_facts)}.values()),
    )
    table.close()
    if rule.first and rule.last and rule.last < rule.first:
        table.problem("until", "until 早于 from，这一项没有一天能用。")
    check_subject(table, rule, category.title)
    check_deduction(table, rule, context.deduction_bounds, context.starts)
    check_village_points(table, rule, context.deduction_bounds)
    return rule


def read_limits(owner: Table, scope: Scope, of: str, inputs: tuple[Input, ...] = ()) -> tuple[Limit, ...]:
    """The limits written at the book, a category or a rule: where they stand says which awards they bound."""
    limits = []
    for table in owner.tables("limits", f"{owner.name}的上限", most=_MOST_LIMITS):
        by = table.texts("by")
        highest = table.flag("highest", default=False)
        known = {asked.id: asked.title for asked in inputs}
        for name in by:
            if name not in known:
                table.problem("by", f"by 里的「{name}」不是这一项的填报项{did_you_mean(name, known)}。")
        limit = Limit(
            scope=scope,
            per=cast(Per, table.one_of("per", get_args(Per), default="household") or "household"),
            period=cast(Period, table.one_of("period", get_args(Period)) or "year"),
            times=table.whole("times", 1, _MOST_IN_A_LIMIT),
            points=table.whole("points", 1, _MOST_IN_A_LIMIT),
            by=by,
            by_note="、".join(known.get(name, name) for name in by),
            highest=highest,
            of=of,
        )
        if not {"times", "points", "highest"} & table.raw.keys():
            table.problem("times", "上限要写明 times（几次）、points（几分）或 highest = true（取最高）。")
        if highest and not by:
            table.problem("highest", "取最高（highest）要用 by 写明哪一填报项相同的算同一件事。")
        table.close()
        limits.append(limit)
    return tuple(limits)


def titles(tables: Iterable[Table]) -> dict[str, str]:
    """What the rules in these tables are called, by id, for expressions that refer to each other."""
    named = ((table.raw.get("id"), table.raw.get("title")) for table in tables)
    return {id: str(title or id) for id, title in named if type(id) is str}


def read_decision(table: Table) -> Decision:
    """Which body decided, at which meeting, on which day."""
    decision = Decision(
        body=table.text("body", chinese=True),
        meeting=table.text("meeting", chinese=True),
        date=table.day_or_min("date"),
    )
    table.close()
    return decision


def _inputs(table: Table, deduction: Deduction | None) -> tuple[Input, ...]:
    inputs = read_inputs(table)
    if deduction and deduction.reminder:
        inputs = (*inputs, REMINDER_INPUT)
    return inputs


def _category(table: Table, context: Context) -> Category:
    wanted = table.text("category")
    category = context.categories.get(wanted)
    if category is None and wanted:
        titled = next((id for id, title in context.category_titles.items() if title == wanted), "")
        hint = f"；这里要写它的编号「{titled}」" if titled else did_you_mean(wanted, context.categories)
        table.problem("category", f"没有编号为「{wanted}」的类别{hint}。")
    return category or Category(wanted, "")


def _village_points(table: Table) -> tuple[int, int] | None:
    written = table.value("village_points", (list,))
    if written is None:
        return None
    if len(written) != 2 or any(type(bound) is not int for bound in written) or written[0] > written[1]:
        table.problem("village_points", "village_points 要写成 [最少, 最多]，两个都是整数。")
        return None
    return written[0], written[1]


def _deduction(rule: Table) -> Deduction | None:
    if "deduction" not in rule.raw:
        return None
    table = rule.table("deduction", f"{rule.name}的扣分依据")
    deduction = Deduction("", None, reminder=table.flag("reminder", default=True))
    if not table.flag("offered", default=False):
        deduction = read_adoption(table, deduction)
    table.close()
    return deduction


def read_adoption(table: Table, deduction: Deduction) -> Deduction:
    """The deduction as the villagers adopted it: by which clause of their covenant, at which meeting."""
    decision = read_decision(table.table("adopted_by", f"{table.name}的表决 adopted_by"))
    if decision.body and "村民" not in decision.body:
        table.problem("adopted_by", f"扣分只能由村民会议或村民代表会议逐条表决，不能由「{decision.body}」决定。")
    return replace(deduction, covenant=table.text("covenant", chinese=True), adopted_by=decision)
