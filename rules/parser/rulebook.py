"""Parses TOML text into a checked Rulebook, or into all its problems with their places.

`docs/rulebooks.md` describes the format; `books/township.toml` is the best example.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from types import MappingProxyType

from rules.book import Category, DeductionBounds, Rule, Rulebook, VillagePermissions
from rules.limits import Limit
from rules.lint.checks import lint
from rules.parser.campaigns import read_campaigns, read_factor
from rules.parser.overlay import read_overlay
from rules.parser.policy import check_assemblies, check_village_campaigns, check_village_titles
from rules.parser.rule import BookContext, read_decision, read_limits, read_rule, read_titles
from rules.parser.table import Findings, Table
from rules.parser.texts import check_characters
from rules.parser.toml import read_toml
from rules.parser.wording import check_wording
from rules.problems import Problem, RulebookError

CATEGORY_ID = re.compile(r"[a-z][a-z0-9_]{0,31}")
CATEGORY_ID_SHAPE = "小写字母开头，只用小写字母、数字和下划线"
_FIRST_LIST = re.compile(r"^[ \t]*\[\[", re.MULTILINE)
_MAX_POINTS_OF_VILLAGE_RULE = 100


def load(text: str, source: str = "rulebook", base: Rulebook | None = None, *, adopted: bool = False) -> Rulebook:
    """Read and check a rulebook; `source` names the text in problems, e.g. its file name.

    A village's overlay (`[overlay]` instead of `[book]`) is read on `base` and returned as a complete book.
    `adopted`: it was checked when it was adopted, and stays readable when the policy gets stricter; a rule whose
    expression can't be evaluated any more refuses its claims. Raises RulebookError with all problems that could be
    found.
    """
    text = _normalize(text)
    book, root = _read(text, source, base, adopted=adopted)
    if not adopted:
        _check_policy(text, root, book, base)
    if root.findings.problems:
        raise RulebookError(root.findings.problems)
    assert book is not None
    return book


def check(
    text: str, source: str = "rulebook", base: Rulebook | None = None
) -> tuple[Rulebook | None, list[Problem]]:
    """The book, None when it can't be used, and all its problems in the order of the text: the errors of `load`,
    rules that may award more than the book allows, and advice."""
    text = _normalize(text)
    try:
        book, root = _read(text, source, base)
        _check_policy(text, root, book, base)
        if book is not None and not root.findings.problems:
            lint(book, root)
    except RulebookError as error:
        return None, error.problems
    problems = sorted(root.findings.problems)
    return None if any(problem.kind == "error" for problem in problems) else book, problems


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a text, unchecked. An overlay also names its village and, in `base`, the version of the book
    that it supplements."""

    title: str = ""
    version: str = ""
    is_overlay: bool = False
    village: str = ""
    base: str = ""


def read_header(text: str) -> Header:
    """The header of a book or an overlay; an empty one when the text is neither."""
    start = _FIRST_LIST.search(text)
    # The header is usually at the top, and parsing all of a large book takes long.
    for part in (text[: start.start()] if start else "", text):
        try:
            raw = read_toml(part, "", mend=False).document
        except RulebookError:
            continue
        for key in ("overlay", "book"):
            table = raw.get(key)
            if isinstance(table, dict):
                texts = {name: value for name, value in table.items() if isinstance(value, str)}
                header = Header(texts.get("title", ""), texts.get("version", ""))
                if key == "book":
                    return header
                return replace(
                    header, is_overlay=True, village=texts.get("village", ""), base=texts.get("base", "")
                )
    return Header()


def _normalize(text: str) -> str:
    """As tomllib reads it, so that its places and ours agree."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def _read(
    text: str, source: str, base: Rulebook | None, *, adopted: bool = False
) -> tuple[Rulebook | None, Table]:
    toml = read_toml(text, source)
    findings = Findings(toml.text, source, adopted=adopted)
    root = Table(toml.document, (), "积分办法", findings)
    findings.problems.extend(toml.problems)
    return (read_overlay(root, base) if "overlay" in root.raw else _read_book(root)), root


def _check_policy(text: str, root: Table, book: Rulebook | None, base: Rulebook | None) -> None:
    """Report what may not be adopted, beside what can't be read."""
    readable = not root.findings.problems
    check_characters(root.raw, text, root.findings)
    check_wording(root.raw, book, root.findings)
    if book is not None and readable:
        check_assemblies(root, book)
        if base is not None:
            check_village_titles(root, book, base)
            check_village_campaigns(root, book, base)


def _read_book(root: Table) -> Rulebook:
    header = root.get_table("book", "书头 [book]")
    effective_from = header.get_date("effective_from")
    effective_until = header.get_date("effective_until", required=False)
    decision = read_decision(header.get_table("adopted_by", "通过决定 [book.adopted_by]"))
    if effective_from and effective_until and effective_until < effective_from:
        header.report("effective_until", "失效日期早于生效日期。")
    if effective_from and decision.date > effective_from:
        header.report("effective_from", "生效日期早于通过决定的日期：新办法不能管以前的事。")
    bounds = _read_deduction_bounds(header)
    categories = _read_categories(root)
    total_limits = read_limits(header, "total", "")
    starts = effective_from or date.min
    all_rules = _read_rules(root, categories, total_limits, bounds, starts)
    rules = {id: rule for id, rule in all_rules.items() if not _is_only_offered(rule)}
    book = Rulebook(
        title=header.get_text("title", chinese=True),
        version=header.get_text("version"),
        township=header.get_text("township", chinese=True),
        effective_from=starts,
        effective_until=effective_until,
        adopted_by=decision,
        categories=categories,
        rules=MappingProxyType(rules),
        offered_deductions=MappingProxyType({id: rule for id, rule in all_rules.items() if id not in rules}),
        total_limits=total_limits,
        campaigns=read_campaigns(root, rules, [category.id for category in categories]),
        deduction_bounds=bounds,
        village_permissions=_read_village_permissions(header),
        most_points=header.get_int("most_points", 1, 1_000_000),
    )
    header.report_unknown_keys()
    root.report_unknown_keys()
    return book


def _read_deduction_bounds(header: Table) -> DeductionBounds:
    """The defaults are also the maximum: a book may be stricter, never looser."""
    maximum = DeductionBounds()
    if "deductions" not in header.raw:
        return maximum
    table = header.get_table("deductions", "扣分的限度 [book.deductions]")
    bounds = DeductionBounds(
        at_once=table.get_int("at_once", 1, maximum.at_once) or maximum.at_once,
        a_year=table.get_int("a_year", 1, maximum.a_year) or maximum.a_year,
    )
    table.report_unknown_keys()
    return bounds


def _read_village_permissions(header: Table) -> VillagePermissions:
    if "village" not in header.raw:
        return VillagePermissions()
    table = header.get_table("village", "村里可以自定的 [book.village]")
    permissions = VillagePermissions(
        add=table.get_int("add", 0, 100) or 0,
        points=table.get_int("points", 1, _MAX_POINTS_OF_VILLAGE_RULE) or 0,
        deductions=table.get_int("deductions", 0, 100) or 0,
        deduct=table.get_int("deduct", 1, DeductionBounds().at_once) or 0,
        retire=table.get_bool("retire", default=True),
        multiply=read_factor(table) if "multiply" in table.raw else Fraction(1),
    )
    table.report_unknown_keys()
    return permissions


def _read_categories(root: Table) -> tuple[Category, ...]:
    tables = root.get_tables("category", "类别")
    if root.raw.get("category") in (None, []):
        root.report("category", "至少要有一个类别 [[category]]。")
    categories = []
    for table in tables:
        id = table.get_id(CATEGORY_ID, CATEGORY_ID_SHAPE)
        category = Category(
            id=id,
            title=table.get_text("title", chinese=True),
            limits=read_limits(table, "category", id),
        )
        table.report_unknown_keys()
        categories.append(category)
    _report_duplicates(tables, [category.id for category in categories])
    return tuple(categories)


def _read_rules(
    root: Table,
    categories: tuple[Category, ...],
    total_limits: tuple[Limit, ...],
    bounds: DeductionBounds,
    starts: date,
) -> dict[str, Rule]:
    tables = root.get_tables("rule", "规则")
    if root.raw.get("rule") in (None, []):
        root.report("rule", "至少要有一条规则 [[rule]]。")
    context = BookContext(
        categories={category.id: category for category in categories},
        total_limits=total_limits,
        rule_titles=read_titles(tables),
        deduction_bounds=bounds,
        starts=starts,
    )
    rules = [read_rule(table, context) for table in tables]
    _report_duplicates(tables, [rule.id for rule in rules])
    return {rule.id: rule for rule in rules}


def _is_only_offered(rule: Rule) -> bool:
    return rule.deduction is not None and rule.deduction.adopted_by is None


def _report_duplicates(tables: Iterable[Table], ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for table, id in zip(tables, ids, strict=True):
        if id and id in seen:
            table.report("id", f"编号「{id}」重复了。")
        seen.add(id)
