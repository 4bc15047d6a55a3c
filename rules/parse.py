"""From TOML text to a checked Rulebook, or to every mistake in it with its line.

The shape of a book is described in `docs/rulebooks.md`; `books/township.toml` is its best example.
"""

import re
import tomllib
from collections.abc import Iterable
from datetime import date
from types import MappingProxyType

from rules.advice import advise
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
# A name of very many parts costs tomllib the square of their number.
_PARTS = 32
_PART = r"""(?:[\w\-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_ENDLESS_NAME = re.compile(rf"(?<![\w\-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{_PARTS},}}")
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
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


def _read(text: str, source: str, base: Rulebook | None) -> tuple[Rulebook | None, Table]:
    if len(text) > LONGEST:
        raise RulebookError([Problem(source, 1, 1, f"文件太长（最多 {LONGEST} 字）。")])
    # As tomllib does, so that its places and ours are the same.
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    endless = _ENDLESS_NAME.search(text)
    if endless:
        line = text.count("\n", 0, endless.start()) + 1
        raise RulebookError([Problem(source, line, 1, "点号连起来的名字太长，这不是一份积分办法。")])
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulebookError([_syntax_problem(str(error), text, source)]) from error
    except RecursionError:
        raise RulebookError([Problem(source, 1, 1, "括号嵌套太深，这不是一份积分办法。")]) from None
    except ValueError as error:
        raise RulebookError([Problem(source, 1, 1, f"里面有读不出来的数（{error}）。")]) from error
    root = Table(raw, (), "积分办法", Findings(text, source))
    return (read_overlay(root, base) if "overlay" in raw else _book(root)), root


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
    rules = _rules(root, categories, total, bounds)
    book = Rulebook(
        title=head.text("title", chinese=True),
        version=head.text("version"),
        township=head.text("township", chinese=True),
        effective_from=effective_from or date.min,
        effective_until=effective_until,
        adopted_by=decision,
        categories=categories,
        rules=rules,
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
    root: Table, categories: tuple[Category, ...], total: tuple[Limit, ...], bounds: DeductionBounds
) -> MappingProxyType[str, Rule]:
    tables = root.tables("rule", "规则")
    if root.raw.get("rule") in (None, []):
        root.problem("rule", "至少要有一条规则 [[rule]]。")
    context = Context(
        categories={category.id: category for category in categories},
        total=total,
        rule_titles=titles(tables),
        deduction_bounds=bounds,
    )
    rules = [read_rule(table, context) for table in tables]
    _refuse_duplicates(tables, [rule.id for rule in rules])
    return MappingProxyType({rule.id: rule for rule in rules})


def _refuse_duplicates(tables: Iterable[Table], ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for table, identifier in zip(tables, ids, strict=True):
        if identifier and identifier in seen:
            table.problem("id", f"编号「{identifier}」重复了。")
        seen.add(identifier)
