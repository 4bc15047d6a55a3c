"""All sentences of the kiosk are marked for translation, and are in the English catalogue."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import api.platform.access
import api.registry.cards.use_cases
import api.shop.identification.finding
import api.shop.identification.use_cases
import api.shop.kiosks.use_cases
import api.shop.promises.use_cases
import api.shop.redemptions.decision
import api.shop.redemptions.use_cases
import kiosk
from api.platform.errors import ErrorCode
from kiosk.errors import PROBLEM, PROBLEMS
from kiosk.language import ENGLISH

CODE = Path(kiosk.__file__).parent
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
MARKS = {"_", "N_", "NP_"}
# As `make catalogue` has it: the sentence, or a context and a sentence.
KEYWORDS = {"_": None, "N_": None, "NP_": ((1, "c"), 2)}


@pytest.fixture(scope="module")
def english() -> Catalog:
    with ENGLISH.open("rb") as file:
        return read_po(file)


def marked() -> set[tuple[str | None, str]]:
    found = extract_from_dir(CODE, [("**.py", "python")], keywords=KEYWORDS)
    return {(context, str(message)) for _, _, message, _, context in found}


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


# --- the catalogue ----------------------------------------------------------------------------------------


def test_the_catalogue_has_each_sentence_and_no_other(english: Catalog) -> None:
    assert {(message.context, message.id) for message in english if message.id} == marked()
    assert list(english.obsolete) == []


def test_every_entry_is_translated(english: Catalog) -> None:
    for message in english:
        if message.id:
            assert not message.fuzzy, message.id
            assert message.string, message.id
            assert not CHINESE.search(str(message.string)), message.string


def test_placeholders_are_those_of_the_code(english: Catalog) -> None:
    for message in english:
        if message.id and message.context is None:
            assert fields(str(message.string)) == fields(str(message.id)), message.id


# --- the code ---------------------------------------------------------------------------------------------


def unmarked(source: str) -> Iterator[str]:
    """Chinese in a source that is neither a docstring nor the argument of a mark."""
    tree = ast.parse(source)
    allowed: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
            allowed.update(argument for argument in node.args if isinstance(argument, ast.Constant))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            allowed.add(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in allowed and CHINESE.search(str(node.value)):
            yield f"{node.lineno}: {node.value}"


# Paper is for the household, and in Chinese whatever the attendant's language is.
PAPER = {
    CODE / "printing" / f"{name}.py"
    for name in ("commands", "fonts", "layout", "promise", "sample", "shift", "slip")
}


@pytest.mark.parametrize(
    "path", sorted({*CODE.rglob("*.py")} - PAPER), ids=lambda path: str(path.relative_to(CODE))
)
def test_all_chinese_is_marked(path: Path) -> None:
    assert list(unmarked(path.read_text("utf-8"))) == []


def test_babel_finds_every_mark() -> None:
    """It reads tokens, so it doesn't find a mark within an f-string."""
    sentences = {
        node.args[-1].value
        for path in CODE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS
        if isinstance(node.args[-1], ast.Constant)
    }
    assert sentences == {sentence for _, sentence in marked()}


@pytest.mark.parametrize(
    "source",
    [
        'say("缺货")',
        'say(f"{name}缺货")',
        '_(f"{name}缺货")',
        '_("大" + "米")',
        'say(f"{_(name)}，")',
        'KEYS = (("1", "扫户卡"),)',
        'say("！")',
    ],
)
def test_unmarked_chinese_is_found(source: str) -> None:
    assert list(unmarked(source))


@pytest.mark.parametrize(
    "source", ['"""文档"""', '_("缺货")', 'KEYS = (("1", N_("扫户卡")),)', "say('out')  # 缺货"]
)
def test_marked_chinese_and_docstrings_are_accepted(source: str) -> None:
    assert list(unmarked(source)) == []


# --- what the server refuses ------------------------------------------------------------------------------


def refusals(part: object) -> set[str]:
    """The codes of the `Refused(…)` in a module or a function."""
    assert isinstance(part, ModuleType) or inspect.isfunction(part)
    return {
        ErrorCode[node.args[0].attr].value
        for node in ast.walk(ast.parse(inspect.getsource(part)))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Refused"
        and isinstance(node.args[0], ast.Attribute)
    }


@pytest.mark.parametrize(
    "part",
    [
        api.shop.redemptions.decision,
        api.shop.redemptions.use_cases.to_refusal,
        api.shop.promises.use_cases,
        api.shop.identification.finding,
        api.shop.identification.use_cases,
        api.shop.kiosks.use_cases.require_attendant,
        api.shop.kiosks.use_cases.shift_closed,
        api.registry.cards.use_cases.require_active,
        api.platform.access.unknown_device,
    ],
    ids=lambda part: part.__name__,
)
def test_every_refusal_a_kiosk_can_get_has_its_sentence(part: object) -> None:
    assert refusals(part)
    assert refusals(part) <= PROBLEMS


def test_problems_are_in_the_catalogue(english: Catalog) -> None:
    assert {message.id for message in english if message.context == PROBLEM} == PROBLEMS
