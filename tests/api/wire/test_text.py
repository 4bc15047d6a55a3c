"""Every text that is sent is read by one function: what it refuses, in which form it keeps the rest, and that no
field, form or argument goes past it."""

from __future__ import annotations

import inspect
import re
import typing
from datetime import date
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import click
import msgspec
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

import api.app
import api.cli.verbs
import api.wire.text
import rules.parser.texts
from api import wire
from api.platform.table_files.formulas import escape_formulas
from api.wire.base import Incoming, from_store
from api.wire.names import mask_name
from api.wire.rulebooks import Decision
from api.wire.text import (
    TextRule,
    UnreadableText,
    make_line_visible,
    make_visible,
    read_text,
    search_form,
    split_clusters,
)
from api.wire.till_journal import SaleEntry, decode_entry
from tests.api.asking import problem
from tests.conftest import LiveTown

COMMANDING = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u00ad\u034f\u061c\u115f\u1160\u17b4\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069",
    *"\u206a\u2800\u3164\ufdd0\ufe0f\ufeff\uffa0\ufff9\ufffc\ufffd\uffff\ue000\U000e0001\U000e0041\U000e0100\U000f0000",
    *"\U0010ffff\U0001d173",
]
"""Also what means something in a script, but not between two Chinese signs; a selector after one is a variant."""
MEANT_AFTER_HAN = "\U000e0100"


@pytest.mark.parametrize("sign", COMMANDING, ids=lambda sign: f"U+{ord(sign):04X}")
def test_what_nobody_sees_is_refused_wherever_it_stands(sign: str) -> None:
    for text in (f"王{sign}明", f"{sign}王明", f"王明{sign}"):
        if sign != MEANT_AFTER_HAN or text.startswith(sign):
            with pytest.raises(UnreadableText):
                TextRule(80, required=True).read(text)
        shown = make_line_visible(text)
        assert shown.replace(" ", "").replace(MEANT_AFTER_HAN, "") == "王明"


@pytest.mark.parametrize(
    "name",
    [
        "王小明",
        "𱍐",  # of a Unicode newer than Python's tables
        "葛\U000e0100城",
        "ئابدۇرېھىم",
        "قا\u200cدر",  # Arabic script: letters that don't join
        "བསོད་ནམས་རྒྱལ་མཚན",
        "ꀊꆿ",
        "ᠮᠣᠩᠭᠣᠯ\u202fᠤᠨ",  # the narrow blank before a suffix
        "ᠨᠠᠷ\u180eᠠ",  # the separator before a final vowel
        "ᠬᠠ\u180bᠨ",  # a variant of a letter
        "阿卜杜·热合曼",
        "好👍\ufe0f",
    ],
)
def test_every_script_of_the_country_is_taken_as_it_is(name: str) -> None:
    assert TextRule(80, required=True, dotted=True).read(name) == name
    assert make_line_visible(name) == name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  王　小  明\u00a0", "王 小 明"),
        ("Cafe\u0301", "Café"),
        ("阿卜杜•热合曼", "阿卜杜·热合曼"),
        ("阿卜杜‧热合曼", "阿卜杜·热合曼"),
        ("阿卜杜・热合曼", "阿卜杜·热合曼"),
        ("阿卜杜 ･ 热合曼", "阿卜杜·热合曼"),
        ("王小明（大）", "王小明（大）"),
    ],
)
def test_a_name_has_one_spelling(sent: str, kept: str) -> None:
    assert TextRule(80, required=True, dotted=True).read(sent) == kept


def test_a_code_is_read_in_full_width_too() -> None:
    assert read_text("ｖ０１", form="NFKC") == "v01"


@pytest.mark.parametrize("text", ["", "  ", "\u3000", "\u0301", "\u0301王", "王" + "\u0335" * 12])
def test_a_required_text_has_a_visible_sign_and_marks_have_a_letter(text: str) -> None:
    with pytest.raises(UnreadableText):
        TextRule(80, required=True).read(text)


def test_lines_stay_lines_and_nothing_else_does() -> None:
    assert read_text("一  行\r\n二行\t尾\r\n", lines=True) == "一 行\n二行\t尾"
    with pytest.raises(UnreadableText):
        read_text("一行\x1b[2J", lines=True)


def test_what_is_checked_only_stays_as_it_was_sent() -> None:
    """Ids of imported rows come from their characters: another form would count a row twice."""
    row = msgspec.convert(
        {"household": "v1", "on": "2025-03-01", "points": 1, "what": "清扫　庭院 "}, wire.ImportRow
    )
    assert row.what == "清扫　庭院 "
    with pytest.raises(UnreadableText):
        wire.ImportRow(household="v1", on=row.on, points=1, what="清扫\u202e庭院")


def test_a_stored_text_is_shown_without_what_commands_a_terminal() -> None:
    assert make_visible("\x1b[2J\x9b31m王\u202e明\n第二行") == "[2J31m王明\n第二行"
    assert make_line_visible("王\n明") == "王 明"


def test_names_are_found_however_they_are_written() -> None:
    stored = search_form("阿卜杜·热合曼")
    for typed in ("阿卜杜热合曼", "阿卜杜 • 热合曼", "阿卜杜・热合曼", "阿卜杜．热合曼"):
        assert search_form(typed) == stored
    assert search_form("ＣＡＦÉ") == search_form("cafe\u0301")


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王小明", "王**"),
        ("王明", "王*"),
        ("王", "王*"),
        ("欧阳娜娜", "欧阳**"),
        ("諸葛亮", "諸葛*"),
        ("欧阳", "欧*"),
        ("阿卜杜·热合曼", "阿**"),
        ("བསོད་ནམས", "བ**"),
        ("རྒྱལ་མཚན", "རྒྱ**"),
        ("ئابدۇرېھىم", "ئ**"),
        ("葛\U000e0100城", "葛\U000e0100*"),
    ],
)
def test_a_mask_shows_the_family_name(name: str, masked: str) -> None:
    assert mask_name(name) == masked


def test_clusters_are_what_a_person_sees() -> None:
    assert split_clusters("e\u0301རྒྱལ") == ["e\u0301", "རྒྱ", "ལ"]


# --- nothing goes past it ---------------------------------------------------------------------------------


def _bare_texts(hint: Any, seen: set[type]) -> list[str]:
    """Where in a request's type a text stands without a rule or a pattern of plain signs."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is str:
        return [""]
    if origin is Annotated:
        ruled = any(isinstance(extra, TextRule) for extra in arguments[1:])
        patterns = [extra.pattern for extra in arguments[1:] if isinstance(extra, msgspec.Meta) and extra.pattern]
        plain = any(pattern.isascii() and pattern.startswith("^[") for pattern in patterns)
        plain |= any(pattern.startswith("^20[0-9]") for pattern in patterns)
        return [] if ruled or plain else _bare_texts(arguments[0], seen)
    if origin in (Union, UnionType, list, dict, tuple):
        return [bare for argument in arguments for bare in _bare_texts(argument, seen)]
    if inspect.isclass(hint) and issubclass(hint, msgspec.Struct) and hint not in seen:
        seen.add(hint)
        if not issubclass(hint, Incoming):
            return [f"{hint.__name__} is no Incoming"]
        hints = typing.get_type_hints(hint, include_extras=True)
        return [
            f"{hint.__name__}.{name}{bare}"
            for name in hint.__struct_fields__
            for bare in _bare_texts(hints[name], seen)
        ]
    return []


def test_no_field_of_a_request_is_a_bare_text(town: LiveTown) -> None:
    app: Litestar = api.app.create_app(town.town, csrf_secret="s" * 32)
    handlers = {
        handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        if isinstance(handler, HTTPRouteHandler)
    }
    bodies = {
        str(handler): handler.parsed_fn_signature.parameters["data"].raw
        for handler in handlers
        if "data" in handler.parsed_fn_signature.parameters
    }
    assert len(bodies) > 40
    bare = {name: found for name, body in bodies.items() if (found := _bare_texts(body, set()))}
    assert bare == {}


def test_forms_are_read_by_the_functions_of_one_module() -> None:
    past = re.compile(r"\b(form|data|filled)\.(get|getall|multi_items|items|values)\(|\bform\[")
    for file in Path(api.app.__file__).parent.rglob("*.py"):
        source = file.read_text()
        if file.name != "form.py" and "FormMultiDict" in source + ("FormMultiDict" if ".form()" in source else ""):
            assert not past.search(source), file


def _texts_of(command: click.Command, path: str = "") -> list[str]:
    if isinstance(command, click.Group):
        return [found for name, each in command.commands.items() for found in _texts_of(each, f"{path} {name}")]
    return [
        f"{path} {parameter.name}"
        for parameter in command.params
        if parameter.type is click.STRING and not getattr(parameter, "hide_input", False)
    ]


def test_no_verb_takes_a_bare_text_or_writes_one() -> None:
    assert _texts_of(api.cli.verbs.main) == []
    for file in Path(api.cli.verbs.__file__).parent.rglob("*.py"):
        # One writes for all; the other says a sentence of ours.
        if file.name not in ("command_line.py", "faults.py"):
            assert "click.echo(" not in file.read_text(), file


async def test_the_server_tells_why_it_does_not_take_a_text(town: LiveTown) -> None:
    async with town.staff("office") as http:
        village = {"code": "ss", "name": "山\u202e上"}
        refusal = await http.post("/v1/villages", json=[village])
        problem(refusal, 400, "malformed")
        assert "看不见的字符" in refusal.json()["detail"]
        problem(await http.get("/v1/accounts", params={"prefix": "household:\u200b"}), 400, "malformed")
        household = {"code": "hp-9", "village": "hp", "grid": "hp-1", "head": "  阿卜杜 • 热合曼 "}
        (await http.post("/v1/households", json=[household])).raise_for_status()
        found = (await http.get("/v1/accounts", params={"prefix": "household:hp-9"})).json()
        assert found


def test_an_entry_of_a_kiosk_counts_whatever_its_goods_are_called() -> None:
    line = {"product": "soap", "name": "肥\x1b[2J皂\u202e", "quantity": 1, "price": 5, "points": 5}
    nobody = "00000000-0000-0000-0000-000000000000"
    body = {"type": "sold", "at": "2026-06-01T08:00:00Z", "card": "0" * 64, "lines": [line], "leased": 5}
    body |= {"answered": False} | dict.fromkeys(("id", "shift", "attendant", "household"), nobody)
    entry = decode_entry(msgspec.json.encode(body).decode())
    assert isinstance(entry, SaleEntry)
    assert entry.lines[0].name == "肥[2J皂"
    assert entry.points == 5


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "\t=", " ="])
def test_no_cell_of_an_export_is_a_formula(start: str) -> None:
    assert escape_formulas([f"{start}1+1", 5, "王"]) == [f"'{start}1+1", 5, "王"]


def test_what_is_stored_already_is_not_refused_any_more() -> None:
    with from_store():
        decision = Decision(body="支委\u202e", meeting="\u200b", decided_on=date(2026, 1, 1))
    assert make_line_visible(decision.body) == "支委"


def test_a_rulebook_hides_nothing_that_is_refused_elsewhere() -> None:
    """The rules know nothing of the wire, so each has the signs that nobody sees; this holds them together."""
    everything = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    assert set(api.wire.text._HIDDEN_IN_LINES.findall(everything)) <= set(
        rules.parser.texts._HIDDEN.findall(everything)
    )
