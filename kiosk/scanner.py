"""Tell a barcode scanner from a person, by the times of their keys.

A keyboard-wedge scanner types 2–30 ms a key and ends with Enter, Tab, LF or CRLF, up to 250 ms late. A person
needs 60 ms a key or more. The machine is fed `(key, at)` and `tick(now)`, all times in seconds of one
monotonic clock, and answers with readings; it knows nothing of the screen behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

SCANNER_GAP = 0.045
"""Two keys closer than this were not pressed by a person."""
BURST_GAP = 0.100
"""Patience inside an established burst: a busy machine may stamp a scanner's keys late."""
ESTABLISHED = 4
"""Keys after which a burst counts as established."""
SHORTEST_ENDED = 4
"""Fewest keys of a scan that its end key closes at once."""
SHORTEST_OPEN = 8
"""Fewest keys of a scan whose end key is late or missing: fewer may be a person over a jittery link."""
LATE_END = 0.300
"""An end key this long after the last key of a scan still belongs to the scan (250 ms, and some leeway)."""
END_PAIR = 0.050
"""LF follows CR within this."""
REPEAT_WITHIN = 2.0
"""The same text again within this is a trigger held too long, not a second thing."""

END_KEYS = frozenset({"enter", "tab", "ctrl+j", "ctrl+m", "ctrl+i", "\r", "\n", "\t"})


@dataclass(frozen=True, slots=True)
class Scan:
    """A scanner read `text`."""

    text: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """A scanner read `text` again, too soon to mean it."""

    text: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A person pressed these keys, in this order."""

    keys: tuple[str, ...]


Reading = Scan | Repeat | Typed


class Scanner:
    """Feed every key to `key`; when `deadline` has passed without one, call `tick`."""

    def __init__(self) -> None:
        self._burst: list[str] = []
        self._burst_length = 0
        self._last_key_at = 0.0
        self._end_key_until = float("-inf")
        self._counted_text: str | None = None
        self._counted_at = float("-inf")

    @property
    def deadline(self) -> float | None:
        """When the keys held back are due, if no other key comes first."""
        return self._last_key_at + self._patience if self._burst else None

    def key(self, key: str, at: float) -> list[Reading]:
        """Take one key: a printable character as itself, any other by its name (`enter`, `f2`, `left`)."""
        readings = self.tick(at)
        if key in END_KEYS:
            return readings + self._end(key, at)
        if _printable(key):
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

    @property
    def _patience(self) -> float:
        return BURST_GAP if self._burst_length >= ESTABLISHED else SCANNER_GAP

    def _other(self, key: str) -> list[Reading]:
        """A key no scanner sends. It comes after what was typed before it, but must not tear a scan in two."""
        if self._burst_length < ESTABLISHED:
            return [*self._settle(), Typed((key,))]
        if self._burst_length < SHORTEST_OPEN:
            self._burst.append(key)
            return []
        return [Typed((key,))]

    def _end(self, key: str, at: float) -> list[Reading]:
        alone = self._burst_length == len(self._burst)
        if self._burst_length >= (SHORTEST_ENDED if alone else SHORTEST_OPEN):
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
        if self._burst_length < SHORTEST_OPEN:
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
        if text == self._counted_text and self._last_key_at - self._counted_at <= REPEAT_WITHIN:
            return [*before, Repeat(text)]
        self._counted_text, self._counted_at = text, self._last_key_at
        return [*before, Scan(text)]

    def _take(self) -> tuple[str, ...]:
        keys = tuple(self._burst)
        self._burst.clear()
        self._burst_length = 0
        return keys


def _printable(key: str) -> bool:
    return len(key) == 1 and key.isprintable()
