"""Printable A4 sheets of household cards: ten of bank-card size a page, each with a QR code that survives use.

The code holds `HTTPS://HOST/C/TOKEN` in capitals, so that QR's alphanumeric mode keeps it at version 4 or less
(33 modules) with error level Q, which repairs a quarter of the code words. It is 28 mm wide, 0.85 mm a module or
more, with the margin of 4 modules that scanners look for. Damage to a corner mark defeats any level, so nothing
else comes near the corners of code or card, and the sheet asks for lamination.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final

from api.registry.cards.paper import PAGE, code, document, marks
from api.wire.card_token import LENGTH, format_groups

_COLUMNS: Final = 2
_ROWS: Final = 5
_CARD: Final = (85.6, 54.0)  # mm, ISO/IEC 7810 ID-1: fits purses and laminating pouches
_LEFT: Final = (PAGE[0] - _COLUMNS * _CARD[0]) / 2
_TOP: Final = (PAGE[1] - _ROWS * _CARD[1]) / 2
_CODE_WIDTH: Final = 28.0  # mm, without its margin
_URL_MAX: Final = 67  # characters: what version 4 at level Q holds in alphanumeric mode
_ADDRESS: Final = re.compile(r"HTTPS?://[0-9A-Z.:-]+", re.ASCII)
_PATH: Final = "/C/"


class UnprintableAddress(ValueError):
    """The server's address makes no scannable card; the message is for whoever set it."""


@dataclass(frozen=True)
class Card:
    """What stands on one card. `number` is the household's number in its village's register."""

    token: str
    name: str
    village: str
    number: str


def sheet(cards: Iterable[Card], base_url: str) -> str:
    """An HTML page to print at 100 %, for phones that then open `base_url`. Raises UnprintableAddress."""
    address = _address(base_url)
    everyone = list(cards)
    size = _COLUMNS * _ROWS
    batches = [everyone[start : start + size] for start in range(0, len(everyone), size)]
    pages = [_page(batch, address, f"{number} / {len(batches)}") for number, batch in enumerate(batches, 1)]
    return document("积分卡", _STYLE, pages)


def _address(base_url: str) -> str:
    """Scheme and host in capitals, if a token fits behind them in a small code."""
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


def _page(cards: list[Card], address: str, number: str) -> str:
    shown = "".join(_card(card, address) for card in cards)
    return (
        f'<section class="page">\n{_cut_marks()}<div class="cards">\n{shown}</div>\n'
        f"<footer><p>A4 纸按 100% 打印，沿裁切线裁开，过塑后发放</p><p>第 {number} 页</p></footer>\n</section>\n"
    )


def _card(card: Card, address: str) -> str:
    # A long name takes two lines of smaller type rather than a narrower code.
    size = 22 if len(card.name) <= 4 else 15 if len(card.name) <= 12 else 11
    scan = code(address + _PATH + card.token, _CODE_WIDTH)
    return (
        '<article class="card">\n'
        '<div class="who">'
        f'<header><b class="seal">积<br>美</b><span><em>积分卡</em>{escape(card.village)}</span></header>'
        f'<h1 style="font-size:{size}pt">{escape(card.name)}</h1>'
        f'<p class="number">户号 <b>{escape(card.number)}</b></p>'
        '<p class="use">手机扫码看积分<br>到超市出示此卡</p></div>\n'
        f'<div class="scan">{scan}<code>{format_groups(card.token)}</code></div>\n'
        "</article>\n"
    )


def _cut_marks() -> str:
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
    return marks(steps)


_STYLE: Final = f"""
.cards {{ position: absolute; left: {_LEFT:g}mm; top: {_TOP:g}mm; display: grid;
  grid-template-columns: repeat({_COLUMNS}, {_CARD[0]:g}mm); grid-auto-rows: {_CARD[1]:g}mm }}
.card {{ display: grid; grid-template-columns: 1fr 40mm; column-gap: 1.5mm; padding: 5mm 4.5mm 5mm 6mm;
  overflow: hidden }}
.who {{ display: flex; flex-direction: column; min-width: 0 }}
header {{ display: flex; align-items: flex-start; gap: 2.4mm; font-size: 8pt; color: var(--soft) }}
header span {{ min-width: 0; overflow-wrap: anywhere; line-height: 1.35 }}
.seal {{ flex: none; padding: 1.1mm 1mm; border-radius: .8mm; background: var(--red); color: #fff;
  font: 700 10pt/1.08 var(--song); box-shadow: inset 0 0 0 .35mm var(--red), inset 0 0 0 .5mm #fff9 }}
em {{ display: block; font: 700 12pt/1.3 var(--song); letter-spacing: .12em; color: var(--red) }}
h1 {{ margin-top: auto; max-height: 15mm; overflow: hidden;
  font-family: var(--song); font-weight: 700; line-height: 1.2; letter-spacing: .06em;
  overflow-wrap: anywhere }}
.number {{ margin: .8mm 0 auto; padding-top: 1.4mm; border-top: .3mm solid var(--gold); font-size: 8.5pt;
  color: var(--soft) }}
.number b {{ color: var(--ink); font-weight: 600; letter-spacing: .06em }}
.use {{ padding-left: 2mm; border-left: .7mm solid var(--red); font-size: 8.5pt; line-height: 1.5 }}
.scan {{ display: flex; flex-direction: column; align-items: center; justify-content: space-between }}
.code {{ margin-top: -1mm }}
.scan code {{ font: 600 7.8pt/1 "Noto Sans Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
  white-space: nowrap }}
footer {{ position: absolute; left: {_LEFT:g}mm; bottom: 6mm; display: grid; text-align: center; font-size: 7pt;
  grid-template-columns: repeat({_COLUMNS}, {_CARD[0]:g}mm); color: var(--soft) }}
"""
