"""What a stranger has to type at the demo's till. `jimei demo` tells it: the till covers the demo's own lines."""

from __future__ import annotations

import msgspec


class DemoHints(msgspec.Struct, frozen=True):
    """`card`: what a scanner would read from a card. `lines`: addresses and sign-ins, each with its label."""

    pin: str
    card: str
    lines: list[str]
