"""Keys that the terminal handed over in one reading came at one time.

Textual stamps each key when its input thread gets around to it. On a busy machine that thread waits its turn while
a screen is drawn, key by key, and a scan that lay there as a whole looks as if a person had typed it: its digits
would pick goods. One time for one reading keeps it whole, in a terminal as in a browser.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual import _time
from textual._xterm_parser import XTermParser
from textual.message import Message


def stamp_by_reading() -> None:
    """From now on, in this process."""
    feed = XTermParser.feed

    def stamped(parser: XTermParser, data: str) -> Iterable[Message]:
        now = _time.get_time()
        for message in feed(parser, data):
            message.time = now
            yield message

    XTermParser.feed = stamped  # type: ignore[assignment, method-assign]
