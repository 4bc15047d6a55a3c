"""The household at the till: masked name, balance large, pending points; or how to begin."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from kiosk.columns import left
from kiosk.session import Session
from kiosk.widgets.big_number import ROWS, big_number

_STEPS = (("1", "扫户卡"), ("2", "按货号，或扫商品条码"), ("3", "按 F2 确认兑换"))


class Household(Widget):
    DEFAULT_CSS = f"""
    Household {{ height: {ROWS + 5}; background: $panel; padding: 1 2 0 2; }}
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def render(self) -> Content:
        return Content("\n").join(self._card() if self._session.card else self._idle())

    def _card(self) -> list[Content]:
        assert self._session.card is not None
        view = self._session.card.view
        width = self.content_size.width
        # In plain figures too: for a narrow screen, a screen reader, a copied line.
        now = "断网时在这里能兑换 " if self._session.card.offline else "现有 "
        parts = [(now, "$faded"), (f"{view.balance} 分", "bold $cream")]
        if view.pending:
            parts += [("，另有 ", "$faded"), (f"{view.pending} 分", "bold $gold"), ("正在公示", "$faded")]
        # Short enough for the narrowest column.
        expiring = [
            Content.assemble((f"{e.points} 分到{e.on.year}年{e.on.month}月{e.on.day}日过期", "$gold"))
            for e in view.expiring
        ]
        return [
            Content.assemble((view.name, "bold $cream"), (f"  {view.village}", "$faded")),
            Content(),
            *big_number(view.balance, "分", width, "$gold"),
            *([] if expiring else [Content()]),
            Content.assemble(*parts),
            *expiring,
        ]

    def _idle(self) -> list[Content]:
        till = self._session.till
        width = self.content_size.width
        notices = [Content.assemble((left(notice, width), "$faded")) for notice in till.notices] if till else []
        steps = [
            Content.assemble((f" {step} ", "bold $gold on $keycap"), (f"  {what}", "$cream"))
            for step, what in _STEPS
        ]
        return [Content.assemble(("请扫户卡", "bold $gold")), Content(), *steps, Content(), *notices[:3]]
