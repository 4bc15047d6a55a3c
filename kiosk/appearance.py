"""How the till looks and sounds: two sets of colours, large mode, sound on or off.

Cinnabar and gold on warm dark, light enough to read from a step away; or, for weak eyes and sunlit counters,
black, white and yellow alone, every writing at 7:1 or more against its ground (WCAG 2.2, AAA).

Only plain and full-width characters are drawn: line-drawing, blocks, dots and dashes are of ambiguous width,
and a terminal set up for Chinese may draw them two cells wide and shift every column.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Literal

from textual.geometry import Size
from textual.theme import Theme

SHANGHAI = timezone(timedelta(hours=8))
"""The time on the wall, everywhere in China."""

PALETTE = {
    "gold": "#f4c95d",
    "cream": "#f7eee0",
    "faded": "#a8998a",
    "faint": "#76685d",
    "jade": "#8fd19e",
    "ink": "#17110f",
    "paper": "#ffffff",
    "cinnabar": "#8c241d",
    "ember": "#ff8a75",
    "row": "#4a3226",
    "keycap": "#3a2c25",
}
"""Our own names for colours, beside the theme's. `ink` is written on gold and on `warning`, `paper` on `error`."""

THEME = Theme(
    name="jimei",
    dark=True,
    primary="#c8372d",
    secondary="#8c241d",
    accent="#f4c95d",
    foreground="#f7eee0",
    background="#17110f",
    surface="#211916",
    panel="#2d221d",
    success="#8fd19e",
    warning="#f0a63c",
    error="#d92b2b",
    variables=PALETTE,
)

CONTRAST = Theme(
    name="contrast",
    dark=True,
    primary="#ffff00",
    secondary="#ffffff",
    accent="#ffff00",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    success="#ffffff",
    warning="#ffffff",
    error="#ffff00",
    variables={
        "gold": "#ffff00",
        "cream": "#ffffff",
        "faded": "#ffffff",
        # What can't be had now: still legible, and plainly not white.
        "faint": "#c8c8c8",
        "jade": "#ffffff",
        "ink": "#000000",
        "paper": "#000000",
        "cinnabar": "#333333",
        "ember": "#ffff00",
        "row": "#333333",
        "keycap": "#333333",
    },
)

ThemeName = Literal["jimei", "contrast"]

LARGE = "-large"
"""The class of the app in large mode, for its style sheets and widgets."""
ROOMY = Size(72, 20)
"""Cells below which the till goes over to large mode by itself."""


@dataclass(frozen=True, slots=True)
class Look:
    theme: ThemeName = "jimei"
    large: bool | None = None
    """None: when the screen is small."""
    sound: bool = True

    def is_large(self, size: Size) -> bool:
        if self.large is None:
            return size.width < ROOMY.width or size.height < ROOMY.height
        return self.large
