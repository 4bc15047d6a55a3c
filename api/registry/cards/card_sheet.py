"""Printable household cards of bank-card size, with a QR code that survives wear.

On A4 five to a page, front and back beside each other to be folded, by grid, each grid with a list on which its
households sign for their cards; or a page for each side, for a card printer.

The code is `HTTPS://HOST/C/TOKEN` in capitals, so that QR's alphanumeric mode keeps it at version 4 or less
(33 modules) with error correction level Q, which recovers a quarter of the code words. It is 28 mm wide, at least
0.85 mm per module, with the margin of 4 modules that scanners need. Damage to a corner mark defeats any level, so
nothing else comes near the corners of code or card, and the sheet asks for lamination.

A card that lies in the lane says no more than it must: the family name alone, and whom to bring it to.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Final

from api.registry.cards.paper import PAGE, measure_code, render_code, render_sheet
from api.wire.card_token import LENGTH, format_groups
from api.wire.names import mask_name

_ROWS: Final = 5
_CARD: Final = (85.6, 54.0)  # mm, ISO/IEC 7810 ID-1: fits purses and laminating pouches
_LEFT: Final = round((PAGE[0] - 2 * _CARD[0]) / 2, 2)
_TOP: Final = round((PAGE[1] - _ROWS * _CARD[1]) / 2, 2)
_CODE_WIDTH: Final = 28.0  # mm, without its margin
_LINES: Final = 25  # of a hand-over list, a page
_URL_MAX: Final = 67  # characters: the capacity of version 4 at level Q in alphanumeric mode
_ADDRESS: Final = re.compile(r"HTTPS?://[0-9A-Z.:-]+", re.ASCII)
_PATH: Final = "/C/"


class UnprintableAddress(ValueError):
    """The server's address can't be printed as a code; the message is for whoever configured it."""


class Layout(StrEnum):
    """How cards are printed: A4 with its lists, a page for each side of a card, or the lists alone."""

    A4 = "a4"
    CARDS = "cards"
    LISTS = "lists"


@dataclass(frozen=True)
class PrintedCard:
    """The texts on one card and on its line of the list. `number` is the household's number in its village's
    register; only the list has the whole name."""

    token: str
    name: str
    village: str
    number: str
    grid: str = ""

    @property
    def masked(self) -> str:
        return mask_name(self.name)

    @property
    def name_size(self) -> str:
        """A long name takes two lines of smaller type rather than a narrower code."""
        return "short" if len(self.masked) <= 4 else "medium" if len(self.masked) <= 12 else "long"


@dataclass(frozen=True)
class _Page:
    """Cards of one grid on a page: `number` of `count` of its kind."""

    village: str
    grid: str
    total: int
    number: int
    count: int
    first: int
    cards: Sequence[PrintedCard]


def render_card_sheet(cards: Iterable[PrintedCard], base_url: str, layout: Layout = Layout.A4) -> str:
    """An HTML page to print at 100 %; phones open `base_url` by its codes. A grid's cards stay together as they
    come. Raises UnprintableAddress."""
    address = _to_address(base_url) + _PATH
    all_cards = list(cards)
    by_grid = [list(each) for _, each in groupby(all_cards, key=lambda card: (card.village, card.grid))]
    return render_sheet(
        "card_sheet.html",
        _cut_marks(),
        page=_CARD if layout == Layout.CARDS else PAGE,
        code_width=measure_code(address + "0" * LENGTH, _CODE_WIDTH),
        layout=layout,
        fold_path=f"M{PAGE[0] / 2:g} {_TOP:g}v{_ROWS * _CARD[1]:g}",
        cards=all_cards,
        grids=[(list(_paginate(grid, _LINES)), list(_paginate(grid, _ROWS))) for grid in by_grid],
        address=address,
        left=_LEFT,
        top=_TOP,
        card_size=_CARD,
        render_code=render_code,
        format_groups=format_groups,
    )


def _paginate(cards: Sequence[PrintedCard], size: int) -> Iterable[_Page]:
    starts = range(0, len(cards), size)
    for number, start in enumerate(starts, start=1):
        on_page = cards[start : start + size]
        yield _Page(on_page[0].village, on_page[0].grid, len(cards), number, len(starts), start, on_page)


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
    """Ticks in the margin at every edge and at the fold, and small crosses where cards meet at the sides."""
    columns = [_LEFT + column * _CARD[0] for column in range(3)]
    rows = [_TOP + row * _CARD[1] for row in range(_ROWS + 1)]
    gap, tick, arm = 1.5, 4.0, 1.2  # mm
    bottom, right = rows[-1], columns[-1]
    steps = [f"M{x:.2f} {_TOP - gap:.2f}v-{tick}M{x:.2f} {bottom + gap:.2f}v{tick}" for x in columns]
    steps += [f"M{_LEFT - gap:.2f} {y:.2f}h-{tick}M{right + gap:.2f} {y:.2f}h{tick}" for y in rows]
    steps += [
        f"M{x - arm:.2f} {y:.2f}h{2 * arm}M{x:.2f} {y - arm:.2f}v{2 * arm}"
        for x in (columns[0], right)
        for y in rows[1:-1]
    ]
    return steps
