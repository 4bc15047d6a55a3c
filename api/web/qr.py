"""QR codes as drawings: crisp at any printer's resolution, and a few hundred bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from qrcode.main import QRCode

MARGIN = 4
"""Modules of white that scanners look for around a code."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """The dark modules as one SVG path, a run of them a step. `modules` is the width of the code, `view` the box
    that has its margin in it, `ground` a path that fills that box."""

    path: str
    modules: int

    @property
    def whole(self) -> int:
        """The width with the margin on both sides."""
        return self.modules + 2 * MARGIN

    @property
    def view(self) -> str:
        return f"{-MARGIN} {-MARGIN} {self.whole} {self.whole}"

    @property
    def ground(self) -> str:
        return f"M{-MARGIN} {-MARGIN}h{self.whole}v{self.whole}h{-self.whole}z"


def draw(code: QRCode) -> Drawing:
    """`code` has its data, and no border of its own."""
    code.make()
    rows: list[list[bool]] = code.get_matrix()
    runs: list[str] = []
    for y, row in enumerate(rows):
        line = "".join("1" if dark else "0" for dark in row)
        runs += [f"M{run.start()} {y}h{len(run[0])}v1h-{len(run[0])}z" for run in re.finditer("1+", line)]
    return Drawing("".join(runs), len(rows))


def drawn(address: str) -> Drawing:
    """A code for an address that phones open; repairs a sixth of it."""
    code = QRCode(border=0)
    code.add_data(address)
    return draw(code)
