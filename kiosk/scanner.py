"""Tell a barcode scanner from a person, by the times of their keys.

A keyboard-wedge scanner types 2–30 ms a key and ends with Enter, Tab, LF or CRLF, up to 250 ms late. A person
needs 60 ms a key or more. A scanner that is programmed to put a prefix before what it reads is known by that, and
may be slower. The machine is fed `(key, at)` and `tick(now)`, all times in seconds of one
monotonic clock, and answers with readings; it knows nothing of the screen behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

from api.wire.gs1 import GS
from kiosk.language import _

SCANNER_GAP = 0.045
"""Two keys closer than this were not pressed by a person."""
BURST_GAP = 0.100
"""Patience inside an established burst: a busy machine may stamp a scanner's keys late."""
ESTABLISHED = 4
"""Keys after which a burst counts as established."""
PREFIXED_GAP = 0.110
"""Patience once keys may be, or follow, the prefix: 100 ms a key, and some leeway."""
SHORTEST_ENDED = 4
"""Fewest keys of a scan that its end key closes at once."""
SHORTEST_OPEN = 8
"""Fewest keys of a scan whose end key is late or missing: fewer may be a person over a jittery link."""
LATE_END = 0.300
"""An end key this long after the last key of a scan still belongs to the scan (250 ms, and some leeway)."""
END_PAIR = 0.050
"""LF follows CR within this."""
DOUBLE_READ_WITHIN = 0.300
"""From the last key of a scan to the first of the same one again: the scanner read one label twice."""
REPEAT_WITHIN = 2.0
"""The same command or card again within this may be a trigger held too long. Goods count each time."""

TYPED_FIRST = frozenset("0123456789+-=/ ")
"""Characters that people type at the till, so that no prefix begins with them."""
GS_KEYS = frozenset({GS, "ctrl+right_square_bracket", "ctrl+]"})
"""What a scanner presses for GS, between the parts of a GS1 code."""
END_KEYS = frozenset({"enter", "tab", "ctrl+j", "ctrl+m", "ctrl+i", "\r", "\n", "\t"})


@dataclass(frozen=True, slots=True)
class Scan:
    """A scanner read `text`."""

    text: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """A scanner read the same `text` again soon. `double`: so soon that nobody can have meant it."""

    text: str
    double: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """A person pressed these keys, in this order."""

    keys: tuple[str, ...]


Reading = Scan | Repeat | Typed


class Scanner:
    """Feed every key to `key`; when `deadline` has passed without one, call `tick`.

    `prefix` and `suffix` are what the scanner is programmed to put around each code; they are stripped. Raises
    ValueError, with a sentence, for what would be mistaken for typing or can't be typed at all.
    """

    def __init__(self, prefix: str = "", suffix: str = "") -> None:
        if not all(text.isascii() and text.isprintable() for text in (prefix, suffix)):
            raise ValueError(_("扫码枪的前缀和后缀只能是能打印的英文字符，结尾的回车不用写"))
        if prefix and prefix[0] in TYPED_FIRST:
            raise ValueError(_("扫码枪的前缀不能以数字、加减号、等号、斜杠或空格开头，会和按键混淆"))
        self._prefix = prefix.lower()
        self._suffix = suffix.lower()
        self._burst: list[str] = []
        self._burst_length = 0
        self._last_key_at = 0.0
        self._end_key_until = float("-inf")
        self._burst_started_at = self._last_read_at = float("-inf")
        self._counted_text: str | None = None
        self._counted_at = float("-inf")

    @property
    def deadline(self) -> float | None:
        """When the keys held back are due, if no other key comes first."""
        return self._last_key_at + self._patience if self._burst else None

    def key(self, key: str, at: float) -> list[Reading]:
        """Take one key: a printable character as itself, any other by its name (`enter`, `f2`, `left`)."""
        readings = self.tick(at)
        if key in GS_KEYS:
            key = GS
        if key in END_KEYS:
            return readings + self._end(key, at)
        if _printable(key):
            if not self._burst:
                self._burst_started_at = at
            self._burst.append(key)
            self._burst_length += 1
            self._last_key_at = at
            return readings
        return readings + self._other(key)

    def tick(self, now: float) -> list[Reading]:
        """Let time pass: a silence settles what the keys before it were."""
        if self.deadline is None or now < self.deadline:
            return []
        return self._settle()

    def paste(self, text: str, at: float) -> list[Reading]:
        """Take a code that came in one piece, as scanner programs on tablets send it."""
        return [*self._settle(), self._read(text.strip(" \r\n\t"), at, at)]

    @property
    def _patience(self) -> float:
        if self._prefix and (self._prefixed or self._prefix.startswith(self._held)):
            return PREFIXED_GAP
        return BURST_GAP if self._burst_length >= ESTABLISHED else SCANNER_GAP

    @property
    def _held(self) -> str:
        return "".join(filter(_printable, self._burst)).lower()

    @property
    def _prefixed(self) -> bool:
        """The burst begins with the prefix and goes on: it is a scan, however slow and short."""
        return (
            bool(self._prefix) and self._burst_length > len(self._prefix) and self._held.startswith(self._prefix)
        )

    def _other(self, key: str) -> list[Reading]:
        """A key no scanner sends. It comes after what was typed before it, but must not tear a scan in two."""
        if self._burst_length < ESTABLISHED and not self._prefixed:
            return [*self._settle(), Typed((key,))]
        if self._burst_length < SHORTEST_OPEN:
            self._burst.append(key)
            return []
        return [Typed((key,))]

    def _end(self, key: str, at: float) -> list[Reading]:
        alone = self._burst_length == len(self._burst)
        if self._prefixed or self._burst_length >= (SHORTEST_ENDED if alone else SHORTEST_OPEN):
            self._end_key_until = at + END_PAIR
            return self._scan()
        if self._burst:
            return [*self._settle(), Typed((key,))]
        if at <= self._end_key_until:
            self._end_key_until = at + END_PAIR
            return []
        return [Typed((key,))]

    def _settle(self) -> list[Reading]:
        if not self._burst:
            return []
        if self._burst_length < SHORTEST_OPEN and not self._prefixed:
            return [Typed(self._take())]
        if len(set(self._burst)) == 1:
            # A key held down repeats at a scanner's speed, but says one thing only: it counts once.
            return [Typed(self._take()[:1])]
        self._end_key_until = self._last_key_at + LATE_END
        return self._scan()

    def _scan(self) -> list[Reading]:
        keys = self._take()
        text = "".join(filter(_printable, keys))
        others = tuple(key for key in keys if not _printable(key))
        before: list[Reading] = [Typed(others)] if others else []
        return [*before, self._read(text, self._burst_started_at, self._last_key_at)]

    def _read(self, text: str, started_at: float, at: float) -> Reading:
        text = self._stripped(text)
        double, self._last_read_at = started_at - self._last_read_at <= DOUBLE_READ_WITHIN, at
        if text == self._counted_text and at - self._counted_at <= REPEAT_WITHIN:
            return Repeat(text, double)
        self._counted_text, self._counted_at = text, at
        return Scan(text)

    def _stripped(self, text: str) -> str:
        """Without prefix and suffix, in whatever case a caps lock left them."""
        if self._prefix and text[: len(self._prefix)].lower() == self._prefix:
            text = text[len(self._prefix) :]
        if self._suffix and text[-len(self._suffix) :].lower() == self._suffix:
            text = text[: -len(self._suffix)]
        return text

    def _take(self) -> tuple[str, ...]:
        keys = tuple(self._burst)
        self._burst.clear()
        self._burst_length = 0
        return keys


def _printable(key: str) -> bool:
    return len(key) == 1 and (key.isprintable() or key == GS)
