"""Slips as text commands, for printers with Chinese characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.printing.commands import build_text_commands, encode
from kiosk.printing.layout import PaperLine, count_columns, make_printable
from kiosk.printing.settings import Encoding
from kiosk.printing.slip import lay_out_slip
from tests.kiosk.printing.slips import SLIP

FIRST = b"\x1b@"
LAST = b"\x1bd\x06\x1dV\x01"


def test_chinese_needs_a_mode() -> None:
    lines = [PaperLine("补打", big=True), PaperLine("肥皂 x2")]
    assert build_text_commands(lines, Encoding.GB18030) == (
        FIRST
        + b"\x1c&"
        + b"\x1d!\x11\x1c!\x0c\xb2\xb9\xb4\xf2\n\x1d!\x00\x1c!\x00"
        + b"\xb7\xca\xd4\xed x2\n"
        + b"\x1c."
        + LAST
    )


def test_utf8_needs_no_mode() -> None:
    lines = [PaperLine("补打", big=True), PaperLine("肥皂")]
    chinese = b"\x1d!\x11" + "补打".encode() + b"\n\x1d!\x00" + "肥皂".encode() + b"\n"
    assert build_text_commands(lines, Encoding.UTF8) == FIRST + chinese + LAST


@pytest.mark.parametrize("encoding", Encoding)
def test_a_slip_is_complete(encoding: Encoding) -> None:
    sent = build_text_commands(lay_out_slip(SLIP, 32, reprint=False), encoding)
    assert "五月花卷纸（十二卷装·加厚三层·\n家庭实惠型）          x1  120 分\n".encode(encoding) in sent
    assert sent.startswith(FIRST)
    assert sent.endswith(LAST)
    assert "¥" not in sent.decode(encoding)


def test_a_character_missing_in_the_encoding_is_replaced() -> None:
    assert encode("𬭚球", Encoding.GBK) == "？球".encode("gbk")
    assert encode("𬭚球", Encoding.GB18030) == "𬭚球".encode("gb18030")
    assert encode("a\ud800", Encoding.UTF8) == "a？".encode()


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_anything_can_be_printed(text: str) -> None:
    for encoding in Encoding:
        encode(text, encoding).decode(encoding)
    # Printers count one column for each byte, so figures are aligned.
    assert len(encode(make_printable(text), Encoding.GBK)) == count_columns(make_printable(text))
