"""From TOML text to a checked Rulebook, or to every mistake in it with its line.

The shape of a book is described in `docs/rulebooks.md`; `books/township.toml` is its best example.
"""

import re
import tomllib
from collections.abc import Iterable
from datetime import date
from types import MappingProxyType

from rules.book import Category, DeductionBounds, Rule, Rulebook, VillageTerms
from rules.campaigns import read_campaigns
from rules.fields import Findings, Table
from rules.limits import Limit
from rules.overlay import read_overlay
from rules.problems import Problem, RulebookError
from rules.rows import Context, read_decision, read_limits, read_rule, titles

CATEGORY_ID = re.compile(r"[a-z][a-z0-9_]{0,31}")
CATEGORY_ID_SHAPE = "小写字母开头，只用小写字母、数字和下划线"
LONGEST = 1_000_000
"""Characters of a book."""
MOST_RULES = 1_000
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_MOST_POINTS_A_VILLAGE_MAY_GIVE = 100


def load(text: str, source: str = "rulebook", base: Rulebook | None = None) -> Rulebook:
    """Read and check a rulebook; `source` names the text in problems, e.g. its file name.

    A village's overlay (`[overlay]` in place of `[book]`) is read on top of `base` and comes back as a whole book.
    Raises RulebookError with every mistake that could be found.
    """
    if len(text) > LONGEST:
        raise RulebookError([Problem(source, 1, 1, f"文件太长（最多 {LONGEST} 字）。")])
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulebookError([_syntax_problem(str(error), text, source)]) from error
    except RecursionError:
        raise RulebookError([Problem(source, 1, 1, "括号嵌套太深，这不是一份积分办法。")]) from None
    except ValueError as error:
        raise RulebookError([Problem(source, 1, 1, f"里面有读不出来的数（{error}）。")]) from error
    findings = Findings(text, source)
    root = Table(raw, (), "积分办法", findings)
    book = read_overlay(root, base) if "overlay" in raw else _book(root)
    if findings.problems:
        raise RulebookError(findings.problems)
    assert book is not None
    return book


def _syntax_problem(raw: str, text: str, source: str) -> Problem:
    place = _TOML_PLACE.search(raw)
    line, column = text.count("\n") + 1, 1
    if place and place[1]:
        line, column = int(place[1]), int(place[2])
    what = _TOML_PLACE.sub("", raw)
    row = text.split("\n")[line - 1]
    dated = _DATE.search(row)
    if "Invalid date" in what or (dated and not _real(dated)):
        return Problem(source, line, column, f"没有 {dated[0] if dated else row.strip()} 这一天，请核对日期。")
    if "overwrite" in what or "declare" in what:
        return Problem(source, line, column, f"同一个名字写了两次（{what}）。")
    return Problem(source, line, column, f"不合 TOML 写法，请检查引号、等号和括号（{what}）。")


def _real(written: re.Match[str]) -> bool:
    try:
        date.fromisoformat(written[0])
    except ValueError:
        return False
    return True


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
    if len(tables) > MOST_RULES:
        root.problem("rule", f"规则太多（最多 {MOST_RULES} 条）。")
        tables = tables[:MOST_RULES]
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
