"""Letters stand out from their ground, and what has the focus from what is around it: contrast of WCAG 2 level AA,
4.5 and 3 to 1. Type grows with what the browser is set to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import api.web

_CSS = Path(api.web.__file__).with_name("style.css").read_text(encoding="utf-8")
_COLOURS = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", _CSS))
_PAIRS = [
    (ink, ground)
    for ink in ("ink", "quiet", "red", "red-dark", "gold-ink", "green")
    for ground in (_COLOURS["paper"], _COLOURS["sheet"], "#ffffff")
] + [
    # The words for a claim's state, and the sentences of a flash.
    ("gold-ink", _COLOURS["gold-wash"]),
    ("green", "#e6f0e5"),
    ("red", "#fae9e4"),
    ("ink", "#eaf2e8"),
    ("quiet", "#efe7d8"),
]


@pytest.mark.parametrize(("ink", "ground"), _PAIRS)
def test_contrast(ink: str, ground: str) -> None:
    assert _contrast(_COLOURS[ink], ground) >= 4.5


def test_the_focus_is_seen() -> None:
    [ring] = re.findall(r":focus-visible \{ outline: 3px solid var\(--([a-z-]+)\)", _CSS)
    grounds = {ground for _, ground in _PAIRS}
    assert min(_contrast(_COLOURS[ring], ground) for ground in grounds) >= 3


def test_no_type_is_in_pixels() -> None:
    screen = _CSS.partition("@media print")[0]
    assert re.findall(r"font(?:-size)?:[^;]*\dpx", screen) == []


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
