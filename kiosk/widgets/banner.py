"""The bar on top: whose till this is and who serves."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from kiosk.columns import left
from kiosk.look import SHANGHAI
from kiosk.session import Session

BRAND = " 积美 "


class Banner(Widget):
    DEFAULT_CSS = """
    Banner { height: 1; background: $cinnabar; color: $cream; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def render(self) -> Content:
        session = self._session
        till = session.till
        place = f" {till.supermarket}（{till.village}）" if till else " 积分超市"
        line, style = self._line()
        duty = f" 值班 {session.attendant} " if session.attendant else ""
        end = Content.assemble((f" {line} ", style), (duty, "bold $gold"))
        width = self.content_size.width - Content(BRAND).cell_length - end.cell_length
        return Content.assemble((BRAND, "bold $ink on $gold"), left(place, width), end)

    def _line(self) -> tuple[str, str]:
        """Online or not, what waits to be sent, and until when the kiosk may go on without the server."""
        contact = self._session.contact
        unsent = f" 待传 {contact.unsent} 笔" if contact.unsent else ""
        if contact.online is None:
            return f"正在联网{unsent}", "$cream"
        if contact.online:
            return f"在线{unsent}", "$ink on $gold" if contact.fence else "$cream"
        until = contact.lease_until
        if contact.fence or until is None:
            allowed = "不能断网兑换"
        elif contact.expired:
            allowed = "断网兑换已到期"
        else:
            local = until.astimezone(SHANGHAI)
            allowed = f"可兑到 {local.month}月{local.day}日"
        return f"断网 {allowed}{unsent}", "bold $ink on $ember"
