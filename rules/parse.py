"""From TOML text to a checked Rulebook, or to every mistake in it with its line.

The shape of a book is described in the head of `books/township.toml`, which is also its best example.
"""

import re
import tomllib
from collections.abc import Iterable
from datetime import date
from types import MappingProxyType
from typing import cast, get_args

from rules.book import Category, Decision, Reviewer, Rule, Rulebook
from rules.fields import Findings, Table
from rules.forbidden import forbidden_in
from rules.inputs import read_inputs
from rules.limits import Limit, Per, Period, Scope
from rules.points import read_condition, read_points
from rules.problems import Problem, RulebookError, did_you_mean

_RULE_ID = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,31}")
_CATEGORY_ID = re.compile(r"[a-z][a-z0-9_]{0,31}")
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_LONGEST_NOTICE = 30
_MOST_IN_A_LIMIT = 1_000_000


def load(text: str, source: str = "rulebook") -> Rulebook:
    """Read and check a rulebook; `source` names the text in problems, e.g. its file name.

    Raises RulebookError with every mistake that could be found.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulebookError([_syntax_problem(str(error), text, source)]) from error
    findings = Findings(text, source)
    book = _book(Table(raw, (), "积分办法", findings))
    if findings.problems:
        raise RulebookError(findings.problems)
    return book


def _syntax_problem(raw: str, text: str, source: str) -> Problem:
    place = _TOML_PLACE.search(raw)
    line, column = text.count("\n") + 1, 1
    if place and place[1]:
        line, column = int(place[1]), int(place[2])
    what = _TOML_PLACE.sub("", raw)
    repeated = "overwrite" in what or "declare" in what
    sentence = "同一个名字写了两次" if repeated else "不合 TOML 写法,请检查引号、等号和括号"
    return Problem(source, line, column, f"{sentence}({what})。")


def _book(root: Table) -> Rulebook:
    head = root.table("book", "书头 [book]")
    effective_from = head.day("effective_from")
    effective_until = head.day("effective_until", required=False)
    decision = _decision(head.table("adopted_by", "通过决定 [book.adopted_by]"))
    if effective_from and effective_until and effective_until < effective_from:
        head.problem("effective_until", "失效日期早于生效日期。")
    if effective_from and decision.date > effective_from:
        head.problem("effective_from", "生效日期早于通过决定的日期:新办法不能管以前的事。")
    total = _limits(head, "total")
    categories = _categories(root)
    rules = _rules(root, categories, total)
    book = Rulebook(
        title=head.text("title", chinese=True),
        version=head.text("version"),
        township=head.text("township", chinese=True),
        effective_from=effective_from or date.min,
        effective_until=effective_until,
        adopted_by=decision,
        categories=categories,
        rules=MappingProxyType({rule.id: rule for rule in rules}),
    )
    head.close()
    root.close()
    return book


def _decision(table: Table) -> Decision:
    decision = Decision(
        body=table.text("body", chinese=True),
        meeting=table.text("meeting", chinese=True),
        date=table.day("date") or date.min,
    )
    table.close()
    return decision


def _categories(root: Table) -> tuple[Category, ...]:
    tables = root.tables("category", "类别")
    if root.raw.get("category") in (None, []):
        root.problem("category", "至少要有一个类别 [[category]]。")
    categories = []
    for table in tables:
        category = Category(
            id=table.identifier(_CATEGORY_ID, "小写字母开头,只用小写字母、数字和下划线"),
            title=table.text("title", chinese=True),
            limits=_limits(table, "category"),
        )
        table.close()
        categories.append(category)
    _refuse_duplicates(tables, [category.id for category in categories])
    return tuple(categories)


def _rules(root: Table, categories: tuple[Category, ...], total: tuple[Limit, ...]) -> list[Rule]:
    tables = root.tables("rule", "规则")
    if root.raw.get("rule") in (None, []):
        root.problem("rule", "至少要有一条规则 [[rule]]。")
    rules = [_rule(table, categories, total) for table in tables]
    _refuse_duplicates(tables, [rule.id for rule in rules])
    return rules


def _rule(table: Table, categories: tuple[Category, ...], total: tuple[Limit, ...]) -> Rule:
    inputs = read_inputs(table)
    points, points_note = read_points(table, inputs)
    when, when_note = read_condition(table, inputs)
    notice_days = table.whole("notice_days", 0, _LONGEST_NOTICE)
    category = _category(table, categories)
    rule = Rule(
        id=table.identifier(_RULE_ID, "字母开头,只用字母、数字、点、横线,最多 32 个"),
        title=table.text("title", chinese=True),
        category=category.id,
        points=points,
        points_note=points_note,
        inputs=inputs,
        when=when,
        when_note=when_note,
        limits=(*_limits(table, "rule"), *category.limits, *total),
        evidence=table.texts("evidence", required=True),
        # The words were checked against Reviewer's own; mypy can't see that through a tuple of str.
        reviewers=cast(tuple[Reviewer, ...], table.several_of("reviewers", get_args(Reviewer))),
        notice_days=3 if notice_days is None else notice_days,
        publish=table.flag("publish", default=True),
        source=table.text("source", required=False),
        purpose=table.text("purpose", required=False),
        wording_reviewed=table.text("wording_reviewed", required=False),
    )
    table.close()
    _check_subject(table, rule)
    return rule


def _category(table: Table, categories: tuple[Category, ...]) -> Category:
    wanted = table.text("category")
    for category in categories:
        if category.id == wanted:
            return category
    if wanted:
        hint = did_you_mean(wanted, (category.id for category in categories))
        table.problem("category", f"没有「{wanted}」这个类别{hint}。")
    return Category(wanted, "")


def _limits(owner: Table, scope: Scope) -> tuple[Limit, ...]:
    """The limits written at the book, a category or a rule: where they stand says which awards they bound."""
    limits = []
    for table in owner.tables("limits", f"{owner.name}的上限"):
        limit = Limit(
            scope=scope,
            per=cast(Per, table.one_of("per", get_args(Per), default="household") or "household"),
            period=cast(Period, table.one_of("period", get_args(Period)) or "year"),
            times=table.whole("times", 1, _MOST_IN_A_LIMIT),
            points=table.whole("points", 1, _MOST_IN_A_LIMIT),
        )
        if not {"times", "points"} & table.raw.keys():
            table.problem("times", "上限要写明 times(几次)或 points(几分)。")
        table.close()
        limits.append(limit)
    return tuple(limits)


def _refuse_duplicates(tables: Iterable[Table], ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for table, identifier in zip(tables, ids, strict=True):
        if identifier and identifier in seen:
            table.problem("id", f"编号「{identifier}」重复了。")
        seen.add(identifier)


def _check_subject(table: Table, rule: Rule) -> None:
    """A forbidden purpose is refused; wording that hints at one waits for a person to review it."""
    for word, why in forbidden_in(rule.purpose):
        table.problem("purpose", f"目的里的「{word}」不能写进积分办法:{why}。")
    if rule.wording_reviewed:
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
            table.problem(
                key,
                f"「{word}」要先请人审阅:{why}。如属正当的加分项,请加一行 "
                'wording_reviewed = "谁、哪天审的、理由"。',
            )
