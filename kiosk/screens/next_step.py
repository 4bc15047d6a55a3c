"""The hint for the next step on the serving screen."""

from __future__ import annotations

from kiosk.language import _
from kiosk.session import Session


def get_next_step(session: Session, *, choosing_collector: bool) -> tuple[str, bool]:
    """The sentence, and whether the cart can be confirmed or goods collected. `choosing_collector`: the
    collector's card is to be scanned."""
    if choosing_collector:
        return _("请扫代领人自己家的户卡；不用代领请按 F7 或 Esc"), False
    if session.cart and session.card:
        return _("共 {points} 分：按 F2 确认兑换，或扫确认卡").format(points=session.total), True
    if session.card and any(promised.arrived for promised in session.card.view.promises):
        return _("给这户留的货到了：按 F4 领货；也可照常选商品"), True
    if session.card:
        return _("按货号或扫商品条码；也可用上下键选，空格键加"), False
    if session.demo is not None:
        sentence = _("演示：粘贴 {card} 再按回车，就是扫户卡；也可以按 F9 选“演示”。网址按 F1 看")
        return sentence.format(card=session.demo.card), False
    connection = session.connection
    if connection.online is False and not connection.leases_expired and not connection.lockout_reason:
        return connection.outage.fill(_("请扫户卡；{outage}，照常兑换，{recovery}后自动上传")), False
    if connection.lockout_reason:
        return _(connection.lockout_reason), False
    return _("请扫户卡"), False
