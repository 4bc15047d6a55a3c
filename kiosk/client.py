"""The server as the till sees it: a few calls over HTTP, in the wire types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

import httpx
import msgspec

from api.wire import CardView, PinSignIn, Problem, Receipt, Redemption, Shift, StocktakeSheet, Till
from api.wire.promises import Cancellation, Collection, NewPromise, PromiseSlip
from api.wire.shelf import GoodsReceipt, GoodsReceiptDraft, ReceiptCountByPin, StockAlerts, TillStocktake
from api.wire.till_journal import Enrolment, JournalUpload, KioskLeases, NewEnrolment, SignedEntry, UploadResult
from kiosk.errors import Refused, ServerUnavailable
from kiosk.language import _

Answer = TypeVar("Answer")

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
NO_ANSWER_STATUSES = frozenset({408, 425})
NO_ANSWER_PROBLEMS = frozenset({"too-many", "busy", "server-fault"})
"""The server speaks, but says nothing about the matter asked: it may be asked again."""


def require_address(base_url: str) -> None:
    """Raises ValueError, with a sentence, for what is no server's base URL."""
    if not base_url.startswith(("http://", "https://")):
        raise ValueError(_("服务器地址要以 http:// 或 https:// 开头：{url}").format(url=base_url))


class Client:
    """One device's connection. Every call raises `Refused` when the server says no and `ServerUnavailable` when
    nothing that is an answer came back: broken line, time-out, a proxy's or a captive portal's page."""

    def __init__(
        self, base_url: str, device_token: str = "", transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        require_address(base_url)
        self.base_url = base_url
        # Reading the machine's certificates takes 30 ms of a till's start, for nothing on a line without TLS.
        secure = base_url.startswith("https:")
        self._http = httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT, transport=transport, verify=secure)
        self._device_token = device_token
        self._shift_token = ""
        # The last answer and its tag.
        self._shelf: tuple[str, Till] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    def use_device(self, token: str) -> None:
        """Be this kiosk from now on."""
        self._device_token = token
        self._shelf = None

    def use_shift(self, token: str) -> None:
        """Redemptions from now on belong to this shift; empty: to none."""
        self._shift_token = token

    async def enrol(self, wanted: NewEnrolment) -> Enrolment:
        """Become a kiosk by a one-time code; the same code and key may be sent again."""
        return await self._ask("POST", "/v1/enrolments", Enrolment, body=wanted)

    async def leases(self) -> KioskLeases:
        """Top up what this kiosk may spend without the network, and tell all of it."""
        return await self._ask("POST", "/v1/till/leases", KioskLeases)

    async def upload(self, kiosk: UUID, epoch: int, entries: Sequence[SignedEntry]) -> UploadResult:
        """Entries of a journal, which speak for themselves: safe to repeat, and no token needed."""
        return await self._ask(
            "POST", f"/v1/journals/{kiosk}/{epoch}", UploadResult, body=JournalUpload(entries=list(entries))
        )

    async def till(self) -> Till:
        """The supermarket and its shelf as they are now. Over a slow line an unchanged one costs a few bytes."""
        known = {"If-None-Match": self._shelf[0]} if self._shelf else {}
        response = await self._send("GET", "/v1/till", more_headers=known)
        if response.status_code == httpx.codes.NOT_MODIFIED and self._shelf:
            return self._shelf[1]
        till = _decoded(response, Till)
        self._shelf = (response.headers.get("ETag", ""), till) if "ETag" in response.headers else None
        return till

    # --- the shelf --------------------------------------------------------------------------------------

    async def shelf_watch(self) -> StockAlerts:
        """Products running out, and lots whose day comes."""
        return await self._ask("GET", "/v1/till/shelf-watch", StockAlerts)

    async def take_stock(self, id: UUID, stocktake: TillStocktake) -> StocktakeSheet:
        """Bring the books to what was counted; safe to repeat."""
        return await self._ask("PUT", f"/v1/till/stocktakes/{id}", StocktakeSheet, stocktake)

    async def write_receipt(self, id: UUID, arrived: GoodsReceiptDraft) -> GoodsReceipt:
        """Write down what arrived, for somebody else to count; safe to repeat."""
        return await self._ask("PUT", f"/v1/till/receipts/{id}", GoodsReceipt, arrived)

    async def open_receipts(self) -> list[GoodsReceipt]:
        """What waits for a second person's count."""
        return await self._ask("GET", "/v1/till/receipts", list[GoodsReceipt])

    async def confirm_receipt(self, id: UUID, count: ReceiptCountByPin) -> GoodsReceipt:
        """The second person's count; safe to repeat."""
        return await self._ask("POST", f"/v1/till/receipts/{id}/confirm", GoodsReceipt, count)

    # --- shifts, cards and redemptions ------------------------------------------------------------------

    async def open_shift(self, pin: str) -> Shift:
        """Sign an attendant in; redemptions from now on are theirs."""
        shift = await self._ask("POST", "/v1/till/shifts", Shift, body=PinSignIn(pin=pin))
        self._shift_token = shift.token
        return shift

    async def card(self, token: str) -> CardView:
        """The household behind a card."""
        return await self._ask("GET", f"/v1/cards/{token}", CardView)

    async def redeem(
        self,
        redemption_id: UUID,
        redemption: Redemption,
        sending: Callable[[], None] = lambda: None,
        card_pin: str = "",
    ) -> Receipt:
        """Redeem once, however often this is called with the same id and content. `sending` is called when it
        goes onto the wire: a call that is cancelled before that has not been heard by anybody. `card_pin` isn't
        part of the content."""
        path = f"/v1/redemptions/{redemption_id}"
        return await self._ask(
            "PUT", path, Receipt, redemption, sending, {"X-Card-Pin": card_pin} if card_pin else {}
        )

    async def promise(self, id: UUID, wanted: NewPromise) -> PromiseSlip:
        """Have goods kept that are out of stock; safe to repeat with the same id and content."""
        return await self._ask("PUT", f"/v1/promises/{id}", PromiseSlip, wanted)

    async def collect(
        self, promise: UUID, collection: Collection, sending: Callable[[], None] = lambda: None
    ) -> Receipt:
        """Hand over what was kept; safe to repeat like a redemption, `sending` as there."""
        return await self._ask("PUT", f"/v1/promises/{promise}/collection", Receipt, collection, sending)

    async def let_go(self, promise: UUID, cancellation: Cancellation) -> None:
        """The household doesn't want it any more; safe to repeat."""
        await self._ask("POST", f"/v1/promises/{promise}/cancel", type(None), cancellation)

    async def _ask(
        self,
        method: str,
        path: str,
        answer: type[Answer],
        body: msgspec.Struct | None = None,
        sending: Callable[[], None] = lambda: None,
        more_headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        return _decoded(await self._send(method, path, body, sending, more_headers), answer)

    async def _send(
        self,
        method: str,
        path: str,
        body: msgspec.Struct | None = None,
        sending: Callable[[], None] = lambda: None,
        more_headers: Mapping[str, str] = MappingProxyType({}),
    ) -> httpx.Response:
        """A response that grants what was asked."""

        async def trace(event: str, details: Any) -> None:
            if event.endswith("send_request_headers.started"):
                sending()

        headers = dict(more_headers)
        if self._shift_token:
            headers["X-Shift"] = self._shift_token
        if self._device_token:
            headers["Authorization"] = f"Bearer {self._device_token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else msgspec.json.encode(body)
        try:
            response = await self._http.request(
                method, path, content=content, headers=headers, extensions={"trace": trace}
            )
        except NEVER_SENT as error:
            raise ServerUnavailable(sent=False) from error
        except httpx.HTTPError as error:
            raise ServerUnavailable(sent=True) from error
        if response.status_code >= 500 or response.status_code in NO_ANSWER_STATUSES:
            raise ServerUnavailable(sent=True)
        if response.is_success or response.status_code == httpx.codes.NOT_MODIFIED:
            return response
        problem = _decoded(response, Problem)
        if problem.type in NO_ANSWER_PROBLEMS:
            raise ServerUnavailable(sent=True)
        raise Refused(problem)


def _decoded(response: httpx.Response, answer: type[Answer]) -> Answer:
    try:
        return msgspec.json.decode(response.content or b"null", type=answer)
    except msgspec.MsgspecError as error:
        raise ServerUnavailable(sent=True) from error
