"""The sheet of command cards for a counter: a whole redemption needs only the scanner.

One A4 page, four cards below each other. The codes are far apart, so that a scanner aimed at one never sees the
next, and 40 mm wide: version 1 (21 modules), 1.9 mm a module, for the worst scanner at arm's length.
"""

from typing import Final

from api.registry.cards.paper import PAGE, code, document, marks
from api.wire import Command

_WORDS: Final = {
    Command.CONFIRM: ("确认兑换", "户卡和商品都扫好以后扫这张，效果同 F2"),
    Command.CANCEL: ("取消", "这一户不兑换了，效果同 Esc"),
    Command.RECEIPT: ("再看收据", "再显示一次刚才那一笔的收据"),
    Command.VOID: ("作废", "选出这一班兑换错了的一笔，效果同 F8"),
}
_CODE_WIDTH: Final = 40.0  # mm, without its margin
_SIDE: Final = 20.0  # mm of paper left of the cards and right of them
_TOP: Final = 15.0
_HEIGHT: Final = 67.0  # mm of a card


def command_sheet() -> str:
    """An HTML page to print at 100 %."""
    cards = "".join(_card(command, *words) for command, words in _WORDS.items())
    page = (
        f'<section class="page">\n{_cut_lines()}<div class="cards">\n{cards}</div>\n'
        "<footer>A4 纸按 100% 打印，裁开后过塑，分开摆在收银台上</footer>\n</section>\n"
    )
    return document("指令卡", _STYLE, [page])


def _card(command: Command, word: str, use: str) -> str:
    return (
        f'<article class="card">\n<div class="what"><header><b class="seal">积<br>美</b>指令卡</header>'
        f"<h1>{word}</h1><p>{use}</p></div>\n"
        f'<div class="scan">{code(command.value, _CODE_WIDTH)}<code>{command.value}</code></div>\n</article>\n'
    )


def _cut_lines() -> str:
    edges = [_TOP + row * _HEIGHT for row in range(len(_WORDS) + 1)]
    return marks(f"M{_SIDE:g} {y:g}h{PAGE[0] - 2 * _SIDE:g}" for y in edges)


_STYLE: Final = f"""
.cards {{ position: absolute; left: {_SIDE:g}mm; right: {_SIDE:g}mm; top: {_TOP:g}mm; display: grid;
  grid-auto-rows: {_HEIGHT:g}mm }}
.card {{ display: grid; grid-template-columns: 1fr auto; align-items: center; padding: 4mm 2mm 4mm 8mm;
  overflow: hidden }}
.what {{ display: flex; flex-direction: column; justify-content: space-between; min-width: 0; height: 54mm }}
header {{ display: flex; align-items: center; gap: 2.4mm; font-size: 11pt; color: var(--soft) }}
.seal {{ padding: 1.1mm 1mm; border-radius: .8mm; background: var(--red); color: #fff;
  font: 700 10pt/1.08 var(--song) }}
h1 {{ font: 700 48pt/1.5 var(--song); color: var(--red); white-space: nowrap }}
.what p {{ padding-left: 2mm; border-left: .7mm solid var(--gold); font-size: 12pt; line-height: 1.5 }}
.scan {{ display: flex; flex-direction: column; align-items: center }}
.scan code {{ font: 600 10pt/1 "Noto Sans Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace }}
footer {{ position: absolute; inset: auto 0 8mm; text-align: center; font-size: 9pt; color: var(--soft) }}
"""
