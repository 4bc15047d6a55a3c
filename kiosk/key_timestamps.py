"""One timestamp for all keys that were read from the terminal at once.

Textual stamps each key when its input thread handles it. On a busy machine that thread waits for the drawing one,
key by key, and a scan that was read as a whole looks as if a person had typed it: its digits would add goods to
the cart. So all keys of one read get one time, and a pause counts only if `has_unread_keys` is false.
"""

from __future__ import annotations

import select
import sys
from collections.abc import Iterable

from textual import _time
from textual._xterm_parser import XTermParser
from textual.message import Message

_delivering = False
# The time of the previous read, if more input was waiting when its keys had been delivered: a terminal may deliver
# one scan in two pieces.
_continued_at: float | None = None


def stamp_keys_by_read() -> None:
    """Patch Textual's parser, for the whole process."""
    feed = XTermParser.feed

    def stamped(parser: XTermParser, data: str) -> Iterable[Message]:
        global _delivering, _continued_at
        now = _time.get_time() if _continued_at is None else _continued_at
        _delivering = True
        try:
            for message in feed(parser, data):
                message.time = now
                yield message
        finally:
            _delivering = False
            _continued_at = now if _is_input_waiting() else None

    XTermParser.feed = stamped  # type: ignore[assignment, method-assign]
    # Each key waits for the interpreter's lock once: half a millisecond, not Python's default of five.
    sys.setswitchinterval(0.0005)


def has_unread_keys() -> bool:
    """Whether keys were pressed that the app hasn't got yet."""
    return _delivering or _is_input_waiting()


def _is_input_waiting() -> bool:
    if sys.__stdin__ is None or not sys.__stdin__.isatty():
        return False
    poll = select.poll()
    poll.register(sys.__stdin__, select.POLLIN)
    # A closed terminal is always ready.
    return any(ready & select.POLLIN and not ready & select.POLLHUP for _, ready in poll.poll(0))
