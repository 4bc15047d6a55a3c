"""Names in the country's scripts on slips: joined, stacked, directed, and never cut in the middle of a letter."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import ImageFont

from kiosk.printing.commands import encode
from kiosk.printing.errors import PrinterError
from kiosk.printing.fonts import find_chinese_font, find_script_font, list_font_folders, list_missing_scripts
from kiosk.printing.image import COLUMN_WIDTH, draw_image, get_direction
from kiosk.printing.layout import PaperLine, count_columns, format_row, wrap
from kiosk.printing.scripts import Script, Zone, split_zones
from kiosk.printing.settings import Encoding
from tests.kiosk.printing.test_image import ink, needs_font

UYGHUR, TIBETAN, YI, MONGOLIAN = "ئابدۇرېھىم", "རྒྱལ་མཚན", "ꀊꆿ", "ᠮᠣᠩᠭᠣᠯ"
NAMES = {Script.ARABIC: UYGHUR, Script.TIBETAN: TIBETAN, Script.YI: YI, Script.MONGOLIAN: MONGOLIAN}


def _font(script: Script) -> ImageFont.FreeTypeFont:
    """Never skipped where CI says that the machine has everything."""
    font = find_script_font(tuple(list_font_folders()), script, 24)
    if font is None and os.environ.get("CI") != "true":
        pytest.skip(f"no font for {script.name}: fonts-noto-core")
    assert font is not None
    return font


def _drawn(text: str) -> tuple[int, int]:
    """From where to where a line has ink."""
    box = ink(draw_image([PaperLine(text)], 32))
    assert box is not None
    return box[0], box[2]


def test_a_line_falls_into_zones_of_one_script() -> None:
    assert split_zones(f"住户  {UYGHUR}") == [Zone("住户  "), Zone(UYGHUR, Script.ARABIC)]
    assert split_zones(f"{TIBETAN}  x2  10 分") == [Zone(TIBETAN, Script.TIBETAN), Zone("  x2  10 分")]
    assert split_zones("阿卜杜·热合曼") == [Zone("阿卜杜·热合曼")]
    assert Zone(f"{UYGHUR} مۇھەممەت", Script.ARABIC).words == ["مۇھەممەت", " ", UYGHUR]
    # A masked name, too, is read from the right: its stars are at the left.
    assert split_zones("ئ**")[0].words == ["**", "ئ"]
    assert split_zones("བ**")[0].words == ["བ", "**"]


@pytest.mark.parametrize("script", [Script.ARABIC, Script.TIBETAN, Script.MONGOLIAN], ids=lambda each: each.name)
def test_letters_are_joined_or_stacked(script: Script) -> None:
    font, name = _font(script), NAMES[script]
    shaped = font.getlength(name, direction=get_direction(script))
    one_by_one = sum(font.getlength(letter) for letter in name)
    assert shaped < 0.9 * one_by_one


@needs_font
def test_uyghur_runs_from_the_right() -> None:
    _font(Script.ARABIC)
    # The first word is high alone, the second one low: the high one stands at the right.
    width = 12 * COLUMN_WIDTH
    image = draw_image([PaperLine("ااا ررر")], 32).crop((0, 0, width, 30))
    box = ink(image)
    assert box is not None
    middle = (box[0] + box[2]) // 2
    left, right = ink(image.crop((0, 0, middle, 30))), ink(image.crop((middle, 0, width, 30)))
    assert left is not None
    assert right is not None
    assert right[1] < left[1]
    assert right[3] < left[3]


@needs_font
@pytest.mark.parametrize("script", list(Script), ids=lambda each: each.name)
def test_a_name_at_the_right_edge_ends_there_and_one_at_the_left_begins_there(script: Script) -> None:
    _font(script)
    name = NAMES[script]
    [row] = format_row("住户", name, 32)
    left, right = _drawn(row.text)
    assert left < COLUMN_WIDTH
    assert 32 * COLUMN_WIDTH - COLUMN_WIDTH < right <= 32 * COLUMN_WIDTH
    first, last = _drawn(name)
    assert first < COLUMN_WIDTH
    assert last <= count_columns(name) * COLUMN_WIDTH


def test_lines_are_broken_between_letters_with_their_marks() -> None:
    accented = "e\u0301"
    assert wrap(accented * 3, 4) == [accented] * 3
    pieces = wrap(TIBETAN, 8)
    assert "".join(pieces) == TIBETAN
    # རྒྱ is one letter of three signs.
    assert pieces[0].startswith("རྒྱ")
    assert wrap("葛\U000e0100城", 2) == ["葛\U000e0100", "城"]
    # One that alone is wider than the paper is cut all the same.
    assert wrap("རྒྱ", 2) == list("རྒྱ")


def test_joiners_take_no_room_and_a_printer_of_text_gets_none() -> None:
    assert count_columns("قا\u200cدر") == count_columns("قادر")
    assert encode("قا\u200cدر", Encoding.UTF8) == "قادر".encode()


@needs_font
def test_what_no_font_has_is_told_by_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chinese = find_chinese_font(list_font_folders(), 24)
    fonts = tmp_path / "fonts"
    fonts.mkdir()
    (fonts / Path(str(chinese.path)).name).symlink_to(str(chinese.path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    assert list_missing_scripts() == list(Script)
    for name, spelled in ((YI, "[A00A][A1BF]"), ("👍好", "[1F44D]好"), ("ꀊ**", "[A00A]**")):
        [row] = format_row("住户", name, 32)
        [expected] = format_row("住户", spelled, 32)
        assert draw_image([row], 32).tobytes() == draw_image([expected], 32).tobytes()


def test_without_any_font_a_picture_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    with pytest.raises(PrinterError):
        draw_image([PaperLine(YI)], 32)
