"""Keys that the terminal handed over in one reading came at one time.

Textual stamps each key when its input thread gets around to it. On a busy machine that thread waits its turn while
a screen is drawn, key by key, and a scan that lay there as a whole looks as if a person had typed it: its digits
would pick goods. One time for one reading keeps it whole, in a terminal as in a browser, and whoever waits for
silence asks first whether keys are still on their way.
"""

from __future__ import annotations

import select
import sys
from collections.abc import Iterable

from textual import _time
from textual._xterm_parser import XTermParser
from textual.message import Message

_handing_over = False
# The time of the reading before, where more lay there when its keys had been handed over: a terminal may hand over
# one scan in two pieces.
_going_on: float | None = None


def stamp_by_reading() -> None:
    """From now on, in this process."""
    feed = XTermParser.feed

    def stamped(parser: XTermParser, data: str) -> Iterable[Message]:
        global _handing_over, _going_on
        now = _time.get_time() if _going_on is None else _going_on
        _handing_over = True
        try:
            for message in feed(parser, data):
                message.time = now
                yield message
        finally:
            _handing_over = False
            _going_on = now if _waiting() else None

    XTermParser.feed = stamped  # type: ignore[assignment, method-assign]
    # Handing over takes a turn for each key: of half a millisecond, not Python's five.
    sys.setswitchinterval(0.0005)


def on_their_way() -> bool:
    """Whether keys were pressed that nobody has seen yet."""
    return _handing_over or _waiting()


def _waiting() -> bool:
    if sys.__stdin__ is None or not sys.__stdin__.isatty():
        return False
    poll = select.poll()
    poll.register(sys.__stdin__, select.POLLIN)
    # A terminal that has vanished is ready for ever.
    return any(ready & select.POLLIN and not ready & select.POLLHUP for _, ready in poll.poll(0))
