"""Appearance and sound: two themes, large mode, sound on or off.

The default theme is cinnabar and gold on a warm dark ground. The other, for weak eyes and sunlit counters, is
black, white and yellow alone, all text at a contrast of 7:1 or more (WCAG 2.2, AAA).

Only ASCII and full-width characters are drawn. Box drawing, blocks, dots and dashes are of ambiguous width: a
terminal set up for Chinese may draw them two cells wide and shift every column.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Literal

from textual.geometry import Size
from textual.theme import Theme

SHANGHAI = timezone(timedelta(hours=8))
"""Local time everywhere in China."""

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
"""Colours beside the theme's own. `ink` is text on gold and on `warning`, `paper` text on `error`."""

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
        # For what is unavailable: legible, but clearly not white.
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
"""The CSS class of the app in large mode."""
MIN_NORMAL_SIZE = Size(72, 20)
"""Cells; a smaller screen is in large mode unless set otherwise."""


@dataclass(frozen=True, slots=True)
class Appearance:
    theme: ThemeName = "jimei"
    large: bool | None = None
    """None: if the screen is small."""
    sound: bool = True

    def is_large(self, size: Size) -> bool:
        if self.large is None:
            return size.width < MIN_NORMAL_SIZE.width or size.height < MIN_NORMAL_SIZE.height
        return self.large
