"""What the program says it doesn't do, it doesn't: each statement names tests that exist; those that nothing else
holds are here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.desk.compliance.kept_data import list_columns, list_kept_data
from api.desk.compliance.statements import list_sections
from rules import FORBIDDEN_SUBJECTS
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

ROOT = Path(__file__).parents[4]
SOURCES = [path for path in (ROOT / "api").rglob("*.py") if "cli/demo" not in path.as_posix()]
TEMPLATES = list((ROOT / "api").rglob("*.html"))
SCRIPTS = list((ROOT / "api").rglob("*.js"))

ABOUT = ("household", "person", "attendant")
POINTS = re.compile(r"points|balance|amount|honou?r|earned|score", re.I)
WORKERS = re.compile(r"declared_by|reviewed_by|approved_by|\.person\b|declarer", re.I)
# The one place: what one person does for one household, or nearly alone in a body, is what the supervisory
# committee is there to look at. It names nobody below a threshold, and leads to nobody else.
COUNTED_FOR_SUPERVISORS = "api/awards/patterns/"
# An earlier scheme is put in by day, what is taken last; the report has the largest categories first.
NOT_PEOPLE = ("api/bookkeeping/general_ledger/imports.py", "api/bookkeeping/reports/year.py")


def calls(source: str, *names: str) -> Iterator[str]:
    """What is written between the brackets of each call of these functions or methods."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in names:
                yield ", ".join(ast.unparse(each) for each in [*node.args, *(k.value for k in node.keywords)])


def find_orders_by_points(source: str) -> list[str]:
    found = list(calls(source, "order_by"))
    found += [call for call in calls(source, "sorted", "sort", "nlargest", "nsmallest") if "lambda" in call]
    return [call for call in found if POINTS.search(call)]


def find_counts_of_work(source: str) -> list[str]:
    return [call for call in calls(source, "group_by", "Counter", "partition_by") if WORKERS.search(call)]


def test_each_statement_names_tests_that_exist() -> None:
    for section in list_sections():
        for statement in section.statements:
            assert statement.tests, statement.sentence
            for test in statement.tests:
                path, _, name = test.partition("::")
                tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
                functions = {
                    node.name
                    for node in ast.walk(tree)
                    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                }
                assert name in functions, test


async def test_anybody_reads_and_prints_it(town: LiveTown) -> None:
    async with browsing(town) as browser:
        await browser.open("/")
        assert 'href="/compliance"' in browser.page.text
        text = await browser.open("/compliance")
    for subject in FORBIDDEN_SUBJECTS.values():
        assert subject in text
    assert "它不是法律意见" in text
    assert "一次最多 20 分" in text


def test_no_page_can_be_installed_or_notifies() -> None:
    forbidden = re.compile(
        r"rel=.?manifest|serviceWorker|Notification\b|PushManager|beforeinstallprompt|apple-mobile-web-app", re.I
    )
    for path in (*TEMPLATES, *SCRIPTS):
        assert not forbidden.search(path.read_text(encoding="utf-8")), path


def test_an_order_by_points_would_be_found() -> None:
    assert find_orders_by_points("select(x).order_by(Claim.points.desc())")
    assert find_orders_by_points("sorted(households, key=lambda each: -each.balance)")
    assert not find_orders_by_points("select(x).order_by(Household.code)")
    assert find_counts_of_work("select(func.count()).group_by(Claim.declared_by)")
    assert find_counts_of_work("select(func.count()).group_by(given.c.person)")
    assert not find_counts_of_work("select(func.count()).group_by(Claim.village)")


def test_nobody_is_put_in_an_order_by_points() -> None:
    for path in SOURCES:
        if path.relative_to(ROOT).as_posix() not in NOT_PEOPLE:
            assert not find_orders_by_points(path.read_text(encoding="utf-8")), path
    sorting = re.compile(r"\|\s*(?:sort|dictsort)\([^)]*(?:points|balance|amount)|第\s*\{\{[^}]*\}\}\s*[名位]")
    for path in TEMPLATES:
        if path.parent.name != "compliance":
            assert not sorting.search(path.read_text(encoding="utf-8")), path


def test_nobody_is_counted_by_entries() -> None:
    for path in SOURCES:
        if not path.relative_to(ROOT).as_posix().startswith(COUNTED_FOR_SUPERVISORS):
            assert not find_counts_of_work(path.read_text(encoding="utf-8")), path


def test_what_counts_by_worker_leads_to_supervisors_alone() -> None:
    """Nothing but the application, for its page and its answer to programs, knows what counts; and both ask for
    the duty before anything else: `test_supervisors_alone_see_patterns`."""
    allowed = COUNTED_FOR_SUPERVISORS.replace("/", ".").removesuffix(".")
    counting = [path for path in SOURCES if path.relative_to(ROOT).as_posix().startswith(COUNTED_FOR_SUPERVISORS)]
    assert any(find_counts_of_work(path.read_text(encoding="utf-8")) for path in counting)
    knowing = {
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        if path not in counting and allowed in path.read_text(encoding="utf-8")
    }
    assert knowing == {"api/app.py"}


async def test_a_rule_is_declared_with_nothing_but_what_it_asks_for(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        await wang.open("/desk/declare?rule=A03")
        [form] = re.findall(r'<form[^>]*action="/desk/declare".*?</form>', wang.page.text, re.S)
    required = re.findall(r'<(?:input|textarea|select)[^>]*name="([^"]+)"[^>]*\brequired', form)
    assert sorted(required) == ["deed_on", "household"]
    assert 'type="file"' not in form


def test_every_column_about_people_is_told() -> None:
    assert [len(titles) for titles in list_kept_data().values()] == [len(list_columns(table)) for table in ABOUT]


@pytest.mark.parametrize("table", ABOUT)
def test_no_column_is_for_what_is_not_needed(table: str) -> None:
    needless = re.compile(
        r"id_?card|identity_no|phone|mobile|birth|address|location|latitude|face|photo|email|gender"
    )
    assert list_columns(table)
    assert not [column for column in list_columns(table) if needless.search(column)]
