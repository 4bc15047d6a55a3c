"""Printable A4 sheets of household cards: ten of bank-card size per page, each with a QR code that survives wear.

The code is `HTTPS://HOST/C/TOKEN` in capitals, so that QR's alphanumeric mode keeps it at version 4 or less
(33 modules) with error correction level Q, which recovers a quarter of the code words. It is 28 mm wide, at least
0.85 mm per module, with the margin of 4 modules that scanners need. Damage to a corner mark defeats any level, so
nothing else comes near the corners of code or card, and the sheet asks for lamination.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from api.registry.cards.paper import PAGE, render_code, render_sheet
from api.wire.card_token import LENGTH, format_groups

_COLUMNS: Final = 2
_ROWS: Final = 5
_CARD: Final = (85.6, 54.0)  # mm, ISO/IEC 7810 ID-1: fits purses and laminating pouches
_LEFT: Final = round((PAGE[0] - _COLUMNS * _CARD[0]) / 2, 2)
_TOP: Final = round((PAGE[1] - _ROWS * _CARD[1]) / 2, 2)
_CODE_WIDTH: Final = 28.0  # mm, without its margin
_URL_MAX: Final = 67  # characters: the capacity of version 4 at level Q in alphanumeric mode
_ADDRESS: Final = re.compile(r"HTTPS?://[0-9A-Z.:-]+", re.ASCII)
_PATH: Final = "/C/"


class UnprintableAddress(ValueError):
    """The server's address can't be printed as a code; the message is for whoever configured it."""


@dataclass(frozen=True)
class PrintedCard:
    """The texts on one card. `number` is the household's number in its village's register."""

    token: str
    name: str
    village: str
    number: str

    @property
    def name_size(self) -> int:
        """In points: a long name takes two lines of smaller type rather than a narrower code."""
        return 22 if len(self.name) <= 4 else 15 if len(self.name) <= 12 else 11


def render_card_sheet(cards: Iterable[PrintedCard], base_url: str) -> str:
    """An HTML page to print at 100 %; phones open `base_url` by its codes. Raises UnprintableAddress."""
    address = _to_address(base_url)
    all_cards = list(cards)
    size = _COLUMNS * _ROWS
    return render_sheet(
        "card_sheet.html",
        _cut_marks(),
        pages=[all_cards[start : start + size] for start in range(0, len(all_cards), size)],
        address=address + _PATH,
        left=_LEFT,
        top=_TOP,
        columns=_COLUMNS,
        card_size=_CARD,
        render_code=partial(render_code, width=_CODE_WIDTH),
        format_groups=format_groups,
    )


def _to_address(base_url: str) -> str:
    """Scheme and host in capitals, short enough for a small code. Raises UnprintableAddress."""
    address = base_url.strip().rstrip("/").upper()
    if not _ADDRESS.fullmatch(address):
        raise UnprintableAddress(
            f"“{base_url}”不能印成积分卡，应像 https://jifen.example.cn，只有域名和端口"
            " (a card's address is http or https, a host in Latin letters, at most a port, and no path)"
        )
    room = _URL_MAX - len(_PATH) - LENGTH
    if len(address) > room:
        raise UnprintableAddress(
            f"网址“{base_url}”有 {len(address)} 个字符，超过 {room} 个，二维码会太密扫不出，请换短域名"
            f" (the address is longer than {room} characters: its code would be too dense; use a shorter host)"
        )
    return address


def _cut_marks() -> list[str]:
    """Ticks in the margin at every edge, and small crosses where four cards meet."""
    columns = [_LEFT + column * _CARD[0] for column in range(_COLUMNS + 1)]
    rows = [_TOP + row * _CARD[1] for row in range(_ROWS + 1)]
    gap, tick, arm = 1.5, 5.0, 1.2  # mm
    bottom, right = rows[-1], columns[-1]
    steps = [f"M{x:.2f} {_TOP - gap:.2f}v-{tick}M{x:.2f} {bottom + gap:.2f}v{tick}" for x in columns]
    steps += [f"M{_LEFT - gap:.2f} {y:.2f}h-{tick}M{right + gap:.2f} {y:.2f}h{tick}" for y in rows]
    steps += [
        f"M{x - arm:.2f} {y:.2f}h{2 * arm}M{x:.2f} {y - arm:.2f}v{2 * arm}" for x in columns for y in rows[1:-1]
    ]
    return steps
