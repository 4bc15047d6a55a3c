"""The sheet of command cards for a counter, with which a whole redemption needs only the scanner.

One A4 page with four cards below each other. The codes are far apart, so that a scanner aimed at one doesn't see
another, and 40 mm wide: version 1 (21 modules), 1.9 mm per module, for the worst scanner at arm's length.
"""

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from api.registry.cards.paper import PAGE, measure_code, render_code, render_sheet
from api.wire import Command

_TEXTS: Final = {
    Command.CONFIRM: ("确认兑换", "户卡和商品都扫好以后扫这张，效果同 F2"),
    Command.CANCEL: ("取消", "这一户不兑换了，效果同 Esc"),
    Command.RECEIPT: ("再看收据", "再显示一次刚才那一笔的收据"),
    Command.VOID: ("作废", "选出这一班兑换错了的一笔，效果同 F8"),
}
_CODE_WIDTH: Final = 40.0  # mm, without its margin
_SIDE: Final = 20.0  # mm left and right of the cards
_TOP: Final = 15.0
_HEIGHT: Final = 67.0  # mm of a card


@dataclass(frozen=True)
class _CommandCard:
    title: str
    hint: str
    code: Markup
    text: str


def render_command_sheet() -> str:
    """An HTML page to print at 100 %."""
    cards = [
        _CommandCard(title, hint, render_code(command.value), command.value)
        for command, (title, hint) in _TEXTS.items()
    ]
    edges = [_TOP + row * _HEIGHT for row in range(len(cards) + 1)]
    cut_lines = [f"M{_SIDE:g} {y:g}h{PAGE[0] - 2 * _SIDE:g}" for y in edges]
    return render_sheet(
        "command_sheet.html",
        cut_lines,
        code_width=measure_code(Command.CONFIRM.value, _CODE_WIDTH),
        cards=cards,
        side=_SIDE,
        top=_TOP,
        height=_HEIGHT,
    )
