"""What the till writes to its terminal: no text of anybody's commands it."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color

from kiosk.terminal import VisibleText


def test_a_name_from_before_texts_were_checked_commands_no_terminal() -> None:
    old = [Segment("王\x1b[2J明\u202e 5"), Segment("\x9b31m"), Segment("肥皂 ━━")]
    shown = VisibleText().apply(old, Color(0, 0, 0))
    assert [segment.text for segment in shown] == ["王[2J明 5", "31m", "肥皂 ━━"]
    assert [cell_len(segment.text) for segment in shown] == [cell_len(segment.text) for segment in old]
