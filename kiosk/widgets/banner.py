"""The bar at the top: supermarket, attendant, connection."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from kiosk.appearance import SHANGHAI
from kiosk.columns import align_left
from kiosk.language import _
from kiosk.session import Session


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
        brand = " " + _("积美") + " "
        place = _("积分超市")
        if till:
            place = _("{supermarket}（{village}）").format(supermarket=till.supermarket, village=till.village)
        connection, style = self._describe_connection()
        attendant = " " + _("值班 {name}").format(name=session.attendant) + " " if session.attendant else ""
        end = Content.assemble((f" {connection} ", style), (attendant, "bold $gold"))
        width = self.content_size.width - Content(brand).cell_length - end.cell_length
        return Content.assemble((brand, "bold $ink on $gold"), align_left(f" {place}", width), end)

    def _describe_connection(self) -> tuple[str, str]:
        """Online or not, unsent entries, and until when the kiosk may sell offline; with the style."""
        connection = self._session.connection
        unsent = _(" 待传 {unsent} 笔").format(unsent=connection.unsent) if connection.unsent else ""
        if connection.online is None:
            return _("正在联网{unsent}").format(unsent=unsent), "$cream"
        if connection.online:
            if connection.lockout_reason:
                return _("在线 须重新登记{unsent}").format(unsent=unsent), "bold $ink on $gold"
            return _("在线{unsent}").format(unsent=unsent), "$cream"
        until = connection.leases_expire_at
        if connection.lockout_reason or until is None:
            allowed = _("不能断网兑换")
        elif connection.leases_expired:
            allowed = _("断网兑换已到期")
        else:
            local = until.astimezone(SHANGHAI)
            allowed = _("可兑到 {month}月{day}日").format(month=local.month, day=local.day)
        sentence = connection.outage.fill(_("{offline} {allowed}{unsent}"), allowed=allowed, unsent=unsent)
        return sentence, "bold $ink on $ember"
