"""The household: masked name, balance in large figures, pending points. Without a card, instructions."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from kiosk.appearance import LARGE
from kiosk.columns import align_left
from kiosk.holdings import count_all, describe_unavailable
from kiosk.identifications import IdentificationService
from kiosk.language import N_, _
from kiosk.session import Session
from kiosk.widgets.big_number import ROWS, render_big_number

_STEPS = (("1", N_("扫户卡")), ("2", N_("按货号，或扫商品条码")), ("3", N_("按 F2 确认兑换")))


ROWS_AROUND = 5
"""Banner, status and keys."""
ROWS_OF_CART = 5
"""Heading, totals and the space around them."""
CART_LINES = 4
"""Lines of the cart that matter more than large figures."""
MINUTES_INTERVAL = 5.0
"""Seconds between two looks at the minutes of a household without its card."""


class Household(Widget):
    DEFAULT_CSS = f"""
    Household {{ height: {ROWS + 5}; background: $panel; padding: 1 2 0 2; }}
    Household.-one {{ height: {ROWS + 6}; }}
    Household.-two {{ height: {ROWS + 7}; }}
    Household.-three {{ height: {ROWS + 8}; }}
    Household.-four {{ height: {ROWS + 9}; }}
    Household.-compact {{ height: 5; }}
    Household.-compact.-one {{ height: 6; }}
    Household.-compact.-two {{ height: 7; }}
    Household.-compact.-three {{ height: 8; }}
    Household.-compact.-four {{ height: 9; }}
    """

    def __init__(self, session: Session, identifications: IdentificationService) -> None:
        super().__init__()
        self._session = session
        self._identifications = identifications

    def on_mount(self) -> None:
        self.set_interval(MINUTES_INTERVAL, self._refresh_minutes)

    def _refresh_minutes(self) -> None:
        if self._session.without_card is not None:
            self.refresh()

    def fit(self) -> None:
        """Make room for the notes below the balance."""
        notes = len(self._build_notes())
        rows = self.screen.size.height - ROWS_AROUND - (ROWS + 5 + notes)
        needed = ROWS_OF_CART + min(len(self._session.cart), CART_LINES)
        compact = not self.app.has_class(LARGE) and self._session.card is not None and rows < needed
        counted = enumerate(("-one", "-two", "-three", "-four"), start=1)
        self.update_classes({"-compact": compact, **{name: notes == count for count, name in counted}})

    def render(self) -> Content:
        return Content("\n").join(self._build_card() if self._session.card else self._build_instructions())

    def _build_card(self) -> list[Content]:
        assert self._session.card is not None
        compact = self.has_class("-compact")
        view = self._session.card.view
        width = self.content_size.width
        # Also in normal figures, for narrow screens and screen readers.
        points = _("{points} 分")
        now = _("断网时在这里能兑换 ") if self._session.card.offline else _("现有 ")
        parts = [(now, "$faded"), (points.format(points=count_all(view)), "bold $cream")]
        if view.pending:
            parts += [
                (_("，另有 "), "$faded"),
                (points.format(points=view.pending), "bold $gold"),
                (_("正在公示"), "$faded"),
            ]
        # Must fit the narrowest column.
        expires = _("{points} 分到{year}年{month}月{day}日过期")
        expiring = [
            Content.assemble(
                (expires.format(points=e.points, year=e.on.year, month=e.on.month, day=e.on.day), "$gold")
            )
            for e in view.expiring
        ]
        return [
            Content.assemble((view.name, "bold $cream"), (f"  {view.village}", "$faded")),
            *([] if compact else [Content()]),
            *([] if compact else render_big_number(count_all(view), _("分"), width, "$gold")),
            *([] if expiring or compact else [Content()]),
            Content.assemble(*parts),
            *expiring,
            *self._build_notes(),
        ]

    def _build_notes(self) -> list[Content]:
        """No card, points that can't be spent here, the collector, and goods promised to the household."""
        card, collector = self._session.card, self._session.collector
        notes = []
        minutes = self._identifications.minutes_left
        if minutes is not None:
            left = _("没带卡，还有 {minutes} 分钟").format(minutes=minutes)
            notes.append(Content.assemble((left if minutes else _("没带卡，时间已过：再按 /"), "bold $gold")))
        unavailable = describe_unavailable(self._session.unavailable)
        if unavailable:
            notes.append(Content.assemble((unavailable, "bold $gold")))
        if collector:
            notes.append(Content.assemble((_("由{name}代领").format(name=collector.view.name), "bold $gold")))
        promises = card.view.promises if card else []
        arrived = sum(promised.arrived for promised in promises)
        if arrived:
            notes.append(
                Content.assemble((_("留的货到了 {arrived} 样：按 F4 领").format(arrived=arrived), "$jade"))
            )
        elif promises:
            notes.append(Content.assemble((_("留着货 {kept} 样，还没到").format(kept=len(promises)), "$faded")))
        return notes

    def _build_instructions(self) -> list[Content]:
        till = self._session.till
        width = self.content_size.width
        told = [(notice, "$faded") for notice in till.notices[:3]] if till else []
        if till and till.backup:
            told.append((till.backup.sentence, "bold $gold" if till.backup.late else "$faded"))
        steps = [
            Content.assemble((f" {step} ", "bold $gold on $keycap"), (f"  {_(what)}", "$cream"))
            for step, what in _STEPS
        ]
        return [
            Content.assemble((_("请扫户卡"), "bold $gold")),
            Content(),
            *steps,
            Content(),
            *(Content.assemble((align_left(sentence, width), style)) for sentence, style in told),
        ]
