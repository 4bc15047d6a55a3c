"""Reads a rule of a book or an overlay."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import cast, get_args

from rules.book import (
    Category,
    Decision,
    Deduction,
    DeductionBounds,
    Input,
    PointsByMeeting,
    Reviewer,
    Rule,
)
from rules.inputs import input_variables, read_inputs
from rules.limits import Limit, Per, Period, Scope
from rules.parser.points import MEETING_INPUTS, read_condition, read_points
from rules.parser.policy import check_deduction, check_village_points
from rules.parser.table import Table
from rules.problems import did_you_mean
from rules.variables import KnownVariables

RULE_ID = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,31}")
RULE_ID_SHAPE = "字母开头，只用字母、数字、点、横线，最多 32 个"
REMINDER_INPUT = Input(Deduction.REMINDED_ON, "书面提醒的日期", "date")
_MAX_NOTICE_DAYS = 30
_MAX_LIMIT = 1_000_000_000
_MAX_LIMITS = 20


@dataclass(frozen=True, slots=True)
class BookContext:
    """What reading a rule needs of the rest of its book. `starts` is the day the book takes effect."""

    categories: Mapping[str, Category]
    total_limits: tuple[Limit, ...]
    rule_titles: Mapping[str, str]
    deduction_bounds: DeductionBounds
    starts: date

    @property
    def category_titles(self) -> Mapping[str, str]:
        return {category.id: category.title for category in self.categories.values()}


def read_rule(table: Table, context: BookContext) -> Rule:
    """The rule of a table; problems are reported."""
    deduction = _read_deduction(table)
    inputs = _read_inputs(table, deduction)
    known = KnownVariables(input_variables(inputs), context.rule_titles, context.category_titles)
    points, points_note, amount_variables = read_points(table, inputs, known)
    when, when_note, condition_variables = read_condition(table, inputs, known)
    if isinstance(points, PointsByMeeting):
        inputs = (*inputs, replace(MEETING_INPUTS[0], low=points.low, high=points.high), MEETING_INPUTS[1])
    category = _find_category(table, context)
    notice_days = table.get_int("notice_days", 0, _MAX_NOTICE_DAYS)
    category_limits = category.limits if deduction is None else ()
    rule = Rule(
        id=table.get_id(RULE_ID, RULE_ID_SHAPE),
        title=table.get_text("title", chinese=True),
        category=category.id,
        points=points,
        points_note=points_note,
        inputs=inputs,
        when=when,
        when_note=when_note,
        limits=(
            *read_limits(table, "rule", str(table.raw.get("id", "")), inputs),
            *category_limits,
            *(context.total_limits if deduction is None else ()),
        ),
        evidence=table.get_texts("evidence", required=True),
        # get_choices checked them against Reviewer; mypy can't see that.
        reviewers=cast(tuple[Reviewer, ...], table.get_choices("reviewers", get_args(Reviewer))),
        notice_days=3 if notice_days is None else notice_days,
        publish=table.get_bool("publish", default=True),
        source=table.get_text("source", required=False),
        purpose=table.get_text("purpose", required=False),
        wording_reviewed=table.get_text("wording_reviewed", required=False),
        most_points=table.get_int("most_points", 1, _MAX_LIMIT),
        first=table.get_date("from", required=False),
        last=table.get_date("until", required=False),
        village_points=_read_village_points(table),
        mandatory=table.get_bool("mandatory", default=False),
        every_household=table.get_bool("every_household", default=False),
        deduction=deduction,
        variables=tuple(
            {variable.name: variable for variable in (*amount_variables, *condition_variables)}.values()
        ),
    )
    table.report_unknown_keys()
    if rule.first and rule.last and rule.last < rule.first:
        table.report("until", "until 早于 from，这一项没有一天能用。")
    check_deduction(table, rule, context.deduction_bounds, context.starts)
    check_village_points(table, rule, context.deduction_bounds)
    return rule


def read_limits(owner: Table, scope: Scope, of: str, inputs: tuple[Input, ...] = ()) -> tuple[Limit, ...]:
    """The limits of the book, a category or a rule; `scope` and `of` say which awards they bound."""
    limits = []
    for table in owner.get_tables("limits", f"{owner.name}的上限", max_length=_MAX_LIMITS):
        by = table.get_texts("by")
        highest = table.get_bool("highest", default=False)
        titles = {input.id: input.title for input in inputs}
        for name in by:
            if name not in titles:
                table.report("by", f"by 里的「{name}」不是这一项的填报项{did_you_mean(name, titles)}。")
        limit = Limit(
            scope=scope,
            per=cast(Per, table.get_choice("per", get_args(Per), default="household") or "household"),
            period=cast(Period, table.get_choice("period", get_args(Period)) or "year"),
            times=table.get_int("times", 1, _MAX_LIMIT),
            points=table.get_int("points", 1, _MAX_LIMIT),
            by=by,
            by_note="、".join(titles.get(name, name) for name in by),
            highest=highest,
            of=of,
        )
        if not {"times", "points", "highest"} & table.raw.keys():
            table.report("times", "上限要写明 times（几次）、points（几分）或 highest = true（取最高）。")
        if highest and not by:
            table.report("highest", "取最高（highest）要用 by 写明哪一填报项相同的算同一件事。")
        table.report_unknown_keys()
        limits.append(limit)
    return tuple(limits)


def read_titles(tables: Iterable[Table]) -> dict[str, str]:
    """The titles of the rules in these tables, by id, for expressions that refer to other rules."""
    named = ((table.raw.get("id"), table.raw.get("title")) for table in tables)
    return {id: str(title or id) for id, title in named if type(id) is str}


def read_decision(table: Table) -> Decision:
    """The body, the meeting and the day of a decision."""
    decision = Decision(
        body=table.get_text("body", chinese=True),
        meeting=table.get_text("meeting", chinese=True),
        date=table.get_date_or_min("date"),
    )
    table.report_unknown_keys()
    return decision


def _read_inputs(table: Table, deduction: Deduction | None) -> tuple[Input, ...]:
    inputs = read_inputs(table)
    if deduction and deduction.reminder:
        inputs = (*inputs, REMINDER_INPUT)
    return inputs


def _find_category(table: Table, context: BookContext) -> Category:
    id = table.get_text("category")
    category = context.categories.get(id)
    if category is None and id:
        titled = next((other for other, title in context.category_titles.items() if title == id), "")
        hint = f"；这里要写它的编号「{titled}」" if titled else did_you_mean(id, context.categories)
        table.report("category", f"没有编号为「{id}」的类别{hint}。")
    return category or Category(id, "")


def _read_village_points(table: Table) -> tuple[int, int] | None:
    bounds = table.get_value("village_points", (list,))
    if bounds is None:
        return None
    if len(bounds) != 2 or any(type(bound) is not int for bound in bounds) or bounds[0] > bounds[1]:
        table.report("village_points", "village_points 要写成 [最少, 最多]，两个都是整数。")
        return None
    return bounds[0], bounds[1]


def _read_deduction(rule: Table) -> Deduction | None:
    if "deduction" not in rule.raw:
        return None
    table = rule.get_table("deduction", f"{rule.name}的扣分依据")
    deduction = Deduction("", None, reminder=table.get_bool("reminder", default=True))
    if not table.get_bool("offered", default=False):
        deduction = read_adoption(table, deduction)
    table.report_unknown_keys()
    return deduction


def read_adoption(table: Table, deduction: Deduction) -> Deduction:
    """The deduction as the villagers adopted it, with the clause of their covenant and the decision."""
    decision = read_decision(table.get_table("adopted_by", f"{table.name}的表决 adopted_by"))
    return replace(deduction, covenant=table.get_text("covenant", chinese=True), adopted_by=decision)
