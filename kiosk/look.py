"""The till's colours: cinnabar and gold on warm dark, light enough to read from a step away.

Only plain and full-width characters are drawn: line-drawing, blocks, dots and dashes are of ambiguous width,
and a terminal set up for Chinese may draw them two cells wide and shift every column.
"""

from __future__ import annotations

from datetime import timedelta, timezone

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
    "cinnabar": "#8c241d",
    "ember": "#ff8a75",
    "row": "#4a3226",
    "keycap": "#3a2c25",
}
"""Our own names for colours, beside the theme's."""

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
)
