"""Letters stand out from their ground: contrast of WCAG 2 level AA, 4.5 to 1."""

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
    light, dark = sorted((_luminance(_COLOURS[ink]), _luminance(ground)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
