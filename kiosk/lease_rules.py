"""What the leases allow without the server."""

from __future__ import annotations

from msgspec import UNSET

from api.wire import CardView, Till
from kiosk.errors import PROBLEM, Declined, ServerUnavailable
from kiosk.language import _, find_sentence
from kiosk.session import Session
from kiosk.store.facade import Store
from kiosk.store.redemptions import ConfirmedCart, hash_card


class LeaseRules:
    def __init__(self, store: Store, session: Session) -> None:
        self._store = store
        self._session = session

    def build_view(self, token: str) -> CardView:
        """The household of a card as its lease has it. Raises Declined for one that the server has refused, and
        ServerUnavailable for one without a lease."""
        leases = self._store.leases
        lease = leases.find_by_card(hash_card(token))
        if lease is None:
            raise ServerUnavailable(self._session.connection.outage, sent=True)
        if lease.refused:
            raise Declined(lease.refused)
        return CardView(
            household=lease.household,
            name=lease.name,
            village=lease.village,
            balance=leases.get_available(lease.household),
            pending=0,
        )

    def require_usable(self) -> None:
        """Raises Declined where nothing can be sold offline."""
        reason = self._get_common_reason()
        if reason is not None:
            raise Declined(reason)

    def require_unfrozen(self) -> None:
        """By what the server has told last. Raises Declined while supervisors have frozen this kiosk."""
        frozen = tell_frozen(self._store.shelf.till)
        if frozen:
            raise Declined(frozen)

    def get_decline_reason(self, cart: ConfirmedCart) -> str | None:
        """Why this can't be redeemed by lease, or None if it can."""
        outage = self._session.connection.outage
        if cart.promise:
            return outage.fill(_("{outage}，留的货要等{recovery}才能领"))
        reason = self._get_common_reason()
        if reason is not None:
            return reason
        household = cart.view.household
        lease = self._store.leases.find(household)
        left = self._store.leases.get_available(household, less_pending=False)
        if lease is None or left < cart.total:
            sentence = _("{outage}，这户{meanwhile}在这里只能兑换 {left} 分：请减少商品，或等{recovery}再确认")
            return outage.fill(sentence, left=left)
        if lease.refused:
            return lease.refused
        if lease.card != hash_card(cart.token):
            return outage.fill(_("{outage}：{meanwhile}要扫这户现在用的卡，没带卡要等{recovery}"))
        if lease.pin_above is not None and cart.total > lease.pin_above:
            sentence = _(
                "{outage}，这张卡超过 {pin_above} 分要输密码，{meanwhile}不能核对：请减少商品，或等{recovery}"
            )
            return outage.fill(sentence, pin_above=lease.pin_above)
        return None

    def _get_common_reason(self) -> str | None:
        """Why nothing can be sold offline."""
        enrolment = self._store.enrolments.current
        if enrolment is not None and enrolment.lockout_reason:
            return _(enrolment.lockout_reason)
        frozen = tell_frozen(self._store.shelf.till)
        if frozen:
            return frozen
        if self._store.leases.expired:
            return self._session.connection.outage.fill(_("{outage}，断网兑换已到期：要等{recovery}才能兑换"))
        return None


def tell_frozen(till: Till | None) -> str:
    """Why nothing is sold here, as long as supervisors have frozen this kiosk: in the server's words, where the
    language chosen has none."""
    if till is None or till.frozen is UNSET:
        return ""
    return find_sentence(PROBLEM, "kiosk-suspended") or till.frozen
