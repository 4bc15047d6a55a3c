"""From TOML text to a checked Rulebook, or to every mistake in it with its line.

The shape of a book is described in `docs/rulebooks.md`; `books/township.toml` is its best example.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from rules.book import Category, DeductionBounds, Rule, Rulebook, VillageTerms
from rules.limits import Limit
from rules.lint.checks import advise
from rules.parser.campaigns import read_campaigns
from rules.parser.overlay import read_overlay
from rules.parser.rule import Context, read_decision, read_limits, read_rule, titles
from rules.parser.table import Findings, Table
from rules.parser.toml import read_toml
from rules.problems import Problem, RulebookError

CATEGORY_ID = re.compile(r"[a-z][a-z0-9_]{0,31}")
CATEGORY_ID_SHAPE = "小写字母开头，只用小写字母、数字和下划线"
_FIRST_LIST = re.compile(r"^[ \t]*\[\[", re.MULTILINE)
_MOST_POINTS_A_VILLAGE_MAY_GIVE = 100


def load(text: str, source: str = "rulebook", base: Rulebook | None = None) -> Rulebook:
    """Read and check a rulebook; `source` names the text in problems, e.g. its file name.

    A village's overlay (`[overlay]` in place of `[book]`) is read on top of `base` and comes back as a whole book.
    Raises RulebookError with every mistake that could be found.
    """
    book, root = _read(text, source, base)
    if root.findings.problems:
        raise RulebookError(root.findings.problems)
    assert book is not None
    return book


def check(
    text: str, source: str = "rulebook", base: Rulebook | None = None
) -> tuple[Rulebook | None, list[Problem]]:
    """The book, None when it can't be used, and everything that is wrong with it, in the order of the text: what
    `load` refuses, rules that may award more than the book allows, and advice."""
    try:
        book, root = _read(text, source, base)
        if book is not None and not root.findings.problems:
            advise(book, root)
    except RulebookError as error:
        return None, error.problems
    problems = sorted(root.findings.problems)
    return None if any(problem.kind == "error" for problem in problems) else book, problems


@dataclass(frozen=True, slots=True)
class Head:
    """What a text says it is, read without checking it; an overlay also names its village, and the version of the
    book that it supplements in `base`."""

    title: str = ""
    version: str = ""
    overlay: bool = False
    village: str = ""
    base: str = ""


def read_head(text: str) -> Head:
    """The head of a book or an overlay; an empty one when the text is neither."""
    start = _FIRST_LIST.search(text)
    # The head mostly stands at the top, and the rest of a large book takes its time.
    for part in (text[: start.start()] if start else "", text):
        try:
            raw = read_toml(part, "")
        except RulebookError:
            continue
        for key in ("overlay", "book"):
            table = raw.get(key)
            if isinstance(table, dict):
                said = {name: value for name, value in table.items() if isinstance(value, str)}
                head = Head(said.get("title", ""), said.get("version", ""))
                if key == "book":
                    return head
                return replace(head, overlay=True, village=said.get("village", ""), base=said.get("base", ""))
    return Head()


def _read(text: str, source: str, base: Rulebook | None) -> tuple[Rulebook | None, Table]:
    # As tomllib does, so that its places and ours are the same.
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    root = Table(read_toml(text, source), (), "积分办法", Findings(text, source))
    return (read_overlay(root, base) if "overlay" in root.raw else _book(root)), root


def _book(root: Table) -> Rulebook:
    head = root.table("book", "书头 [book]")
    effective_from = head.day("effective_from")
    effective_until = head.day("effective_until", required=False)
    decision = read_decision(head.table("adopted_by", "通过决定 [book.adopted_by]"))
    if effective_from and effective_until and effective_until < effective_from:
        head.problem("effective_until", "失效日期早于生效日期。")
    if effective_from and decision.date > effective_from:
        head.problem("effective_from", "生效日期早于通过决定的日期：新办法不能管以前的事。")
    bounds = _deduction_bounds(head)
    categories = _categories(root)
    total = read_limits(head, "total", "")
    starts = effective_from or date.min
    written = _rules(root, categories, total, bounds, starts)
    rules = {id: rule for id, rule in written.items() if not _only_offered(rule)}
    book = Rulebook(
        title=head.text("title", chinese=True),
        version=head.text("version"),
        township=head.text("township", chinese=True),
        effective_from=starts,
        effective_until=effective_until,
        adopted_by=decision,
        categories=categories,
        rules=MappingProxyType(rules),
        offered=MappingProxyType({id: rule for id, rule in written.items() if id not in rules}),
        total=total,
        campaigns=read_campaigns(root, rules, [category.id for category in categories]),
        deduction_bounds=bounds,
        village_terms=_village_terms(head),
        most_points=head.whole("most_points", 1, 1_000_000),
    )
    head.close()
    root.close()
    return book


def _deduction_bounds(head: Table) -> DeductionBounds:
    """The law of the house is 20 at once and 50 a year; a book may be stricter, never looser."""
    highest = DeductionBounds()
    if "deductions" not in head.raw:
        return highest
    table = head.table("deductions", "扣分的限度 [book.deductions]")
    bounds = DeductionBounds(
        at_once=table.whole("at_once", 1, highest.at_once) or highest.at_once,
        a_year=table.whole("a_year", 1, highest.a_year) or highest.a_year,
    )
    table.close()
    return bounds


def _village_terms(head: Table) -> VillageTerms:
    if "village" not in head.raw:
        return VillageTerms()
    table = head.table("village", "村里可以自定的 [book.village]")
    terms = VillageTerms(
        add=table.whole("add", 0, 100) or 0,
        points=table.whole("points", 1, _MOST_POINTS_A_VILLAGE_MAY_GIVE) or 0,
        deductions=table.whole("deductions", 0, 100) or 0,
        deduct=table.whole("deduct", 1, DeductionBounds().at_once) or 0,
        retire=table.flag("retire", default=True),
    )
    table.close()
    return terms


def _categories(root: Table) -> tuple[Category, ...]:
    tables = root.tables("category", "类别")
    if root.raw.get("category") in (None, []):
        root.problem("category", "至少要有一个类别 [[category]]。")
    categories = []
    for table in tables:
        identifier = table.identifier(CATEGORY_ID, CATEGORY_ID_SHAPE)
        category = Category(
            id=identifier,
            title=table.text("title", chinese=True),
            limits=read_limits(table, "category", identifier),
        )
        table.close()
        categories.append(category)
    _refuse_duplicates(tables, [category.id for category in categories])
    return tuple(categories)


def _rules(
    root: Table, categories: tuple[Category, ...], total: tuple[Limit, ...], bounds: DeductionBounds, starts: date
) -> dict[str, Rule]:
    tables = root.tables("rule", "规则")
    if root.raw.get("rule") in (None, []):
        root.problem("rule", "至少要有一条规则 [[rule]]。")
    context = Context(
        categories={category.id: category for category in categories},
        total=total,
        rule_titles=titles(tables),
        deduction_bounds=bounds,
        starts=starts,
    )
    rules = [read_rule(table, context) for table in tables]
    _refuse_duplicates(tables, [rule.id for rule in rules])
    return {rule.id: rule for rule in rules}


def _only_offered(rule: Rule) -> bool:
    return rule.deduction is not None and rule.deduction.adopted_by is None


def _refuse_duplicates(tables: Iterable[Table], ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for table, identifier in zip(tables, ids, strict=True):
        if identifier and identifier in seen:
            table.problem("id", f"编号「{identifier}」重复了。")
        seen.add(identifier)
