"""The server's API as far as a kiosk uses it, in the wire types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

import httpx
import msgspec

from api.wire import CardView, PinSignIn, Problem, Receipt, Redemption, Shift, StocktakeSheet, Till
from api.wire.promises import Cancellation, Collection, NewPromise, PromiseSlip
from api.wire.server_address import SCHEMES, parse_server_address
from api.wire.shelf import GoodsReceipt, GoodsReceiptDraft, ReceiptCountByPin, StockAlerts, TillStocktake
from api.wire.text import make_all_visible
from api.wire.till_journal import (
    Enrolment,
    JournalUpload,
    KioskLeases,
    NewEnrolment,
    Recalls,
    SignedEntry,
    UploadResult,
)
from kiosk.errors import Refused, ServerUnavailable
from kiosk.language import _

Answer = TypeVar("Answer")

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
ANSWER_MARGIN = 10.0
"""Seconds that an answer may take beyond the time requested to wait."""
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
UNAVAILABLE_STATUSES = frozenset({408, 425})
UNAVAILABLE_CODES = frozenset({"too-many", "busy", "server-fault"})
"""Error codes that don't answer the request: it may be sent again."""


def require_address(text: str) -> str:
    """The base URL. Raises ValueError, with a sentence."""
    if not text.startswith(SCHEMES):
        raise ValueError(_("服务器地址要以 http:// 或 https:// 开头：{url}").format(url=text))
    try:
        return parse_server_address(text)
    except ValueError:
        sentence = _("服务器地址不对：{url}；只写主机和端口，例如 http://192.168.1.10:8000")
        raise ValueError(sentence.format(url=text)) from None


class Client:
    """Every call raises `Refused` when the server refuses, and `ServerUnavailable` when no valid answer came back:
    connection error, time-out, the page of a proxy or captive portal."""

    def __init__(
        self, base_url: str, device_token: str = "", transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.base_url = base_url = require_address(base_url)
        # Reading the machine's certificates takes 30 ms at the start: not needed without TLS.
        secure = base_url.startswith("https:")
        self._http = httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT, transport=transport, verify=secure)
        self._device_token = device_token
        self._shift_token = ""
        # The ETag of the last answer.
        self._last_recalls = ""
        # With its ETag.
        self._last_till: tuple[str, Till] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    def use_device(self, token: str) -> None:
        """Authenticate as this kiosk from now on."""
        self._device_token = token
        self._last_till, self._last_recalls = None, ""

    def use_shift(self, token: str) -> None:
        """Redemptions from now on belong to this shift; empty: to none."""
        self._shift_token = token

    async def enrol(self, request: NewEnrolment) -> Enrolment:
        """Enrol by a one-time code; the same code and key may be sent again."""
        return await self._request("POST", "/v1/enrolments", Enrolment, body=request)

    async def renew_leases(self) -> KioskLeases:
        """Top up the leases of this kiosk, and get all of them."""
        return await self._request("POST", "/v1/till/leases", KioskLeases)

    async def wait_for_recalls(self, seconds: float) -> Recalls | None:
        """The points that this kiosk has to return, once they differ from the last answer; None if they don't
        within so many seconds."""
        response = await self._send(
            "GET",
            f"/v1/till/recalls?wait={seconds:g}",
            more_headers={"If-None-Match": self._last_recalls} if self._last_recalls else {},
            http_timeout=httpx.Timeout(10.0, connect=3.0, read=seconds + ANSWER_MARGIN),
        )
        if response.status_code == httpx.codes.NOT_MODIFIED:
            return None
        recalls = _decode(response, Recalls)
        self._last_recalls = response.headers.get("ETag", "")
        return recalls

    async def upload_entries(self, kiosk: UUID, epoch: int, entries: Sequence[SignedEntry]) -> UploadResult:
        """Upload entries of a journal; safe to repeat, and no token is needed, since they are signed."""
        return await self._request(
            "POST", f"/v1/journals/{kiosk}/{epoch}", UploadResult, body=JournalUpload(entries=list(entries))
        )

    async def get_till(self) -> Till:
        """The supermarket and its shelf; an unchanged one isn't transferred again."""
        condition = {"If-None-Match": self._last_till[0]} if self._last_till else {}
        response = await self._send("GET", "/v1/till", more_headers=condition)
        if response.status_code == httpx.codes.NOT_MODIFIED and self._last_till:
            return self._last_till[1]
        till = _decode(response, Till)
        self._last_till = (response.headers.get("ETag", ""), till) if "ETag" in response.headers else None
        return till

    # --- the shelf --------------------------------------------------------------------------------------

    async def get_stock_alerts(self) -> StockAlerts:
        """Products running out, and lots about to expire."""
        return await self._request("GET", "/v1/till/shelf-watch", StockAlerts)

    async def take_stock(self, id: UUID, stocktake: TillStocktake) -> StocktakeSheet:
        """Adjust the books to a stocktake; safe to repeat."""
        return await self._request("PUT", f"/v1/till/stocktakes/{id}", StocktakeSheet, stocktake)

    async def record_goods_receipt(self, id: UUID, draft: GoodsReceiptDraft) -> GoodsReceipt:
        """Record goods that arrived, for somebody else to count; safe to repeat."""
        return await self._request("PUT", f"/v1/till/receipts/{id}", GoodsReceipt, draft)

    async def list_open_goods_receipts(self) -> list[GoodsReceipt]:
        """Goods receipts that wait for a second person's count."""
        return await self._request("GET", "/v1/till/receipts", list[GoodsReceipt])

    async def confirm_goods_receipt(self, id: UUID, count: ReceiptCountByPin) -> GoodsReceipt:
        """Send the second person's count; safe to repeat."""
        return await self._request("POST", f"/v1/till/receipts/{id}/confirm", GoodsReceipt, count)

    # --- shifts, cards and redemptions ------------------------------------------------------------------

    async def open_shift(self, pin: str, attendant: UUID | None = None) -> Shift:
        """Sign an attendant in; redemptions from now on belong to their shift."""
        shift = await self._request("POST", "/v1/till/shifts", Shift, body=PinSignIn(pin=pin, attendant=attendant))
        self._shift_token = shift.token
        return shift

    async def get_card(self, token: str) -> CardView:
        """The household of a card."""
        return await self._request("GET", f"/v1/cards/{token}?held=true", CardView)

    async def redeem(
        self,
        redemption_id: UUID,
        redemption: Redemption,
        on_send: Callable[[], None] = lambda: None,
        card_pin: str = "",
    ) -> Receipt:
        """Redeem once, however often this is called with the same id and content; `card_pin` isn't part of the
        content. `on_send` is called when the request goes out: cancelled before that, it hasn't reached
        anybody."""
        path = f"/v1/redemptions/{redemption_id}"
        return await self._request(
            "PUT", path, Receipt, redemption, on_send, {"X-Card-Pin": card_pin} if card_pin else {}
        )

    async def promise(self, id: UUID, request: NewPromise) -> PromiseSlip:
        """Promise goods that are out of stock; safe to repeat with the same id and content."""
        return await self._request("PUT", f"/v1/promises/{id}", PromiseSlip, request)

    async def collect(
        self, promise: UUID, collection: Collection, on_send: Callable[[], None] = lambda: None
    ) -> Receipt:
        """Collect promised goods; safe to repeat like a redemption, `on_send` as there."""
        return await self._request("PUT", f"/v1/promises/{promise}/collection", Receipt, collection, on_send)

    async def cancel_promise(self, promise: UUID, cancellation: Cancellation) -> None:
        """Safe to repeat."""
        await self._request("POST", f"/v1/promises/{promise}/cancel", type(None), cancellation)

    async def _request(
        self,
        method: str,
        path: str,
        answer: type[Answer],
        body: msgspec.Struct | None = None,
        on_send: Callable[[], None] = lambda: None,
        more_headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        return _decode(await self._send(method, path, body, on_send, more_headers), answer)

    async def _send(
        self,
        method: str,
        path: str,
        body: msgspec.Struct | None = None,
        on_send: Callable[[], None] = lambda: None,
        more_headers: Mapping[str, str] = MappingProxyType({}),
        http_timeout: httpx.Timeout = TIMEOUT,
    ) -> httpx.Response:
        """Return the response to a request that succeeded."""

        async def trace(event: str, details: Any) -> None:
            if event.endswith("send_request_headers.started"):
                on_send()

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
                method, path, content=content, headers=headers, timeout=http_timeout, extensions={"trace": trace}
            )
        except NEVER_SENT as error:
            raise ServerUnavailable(sent=False) from error
        except httpx.HTTPError as error:
            raise ServerUnavailable(sent=True) from error
        if response.status_code >= 500 or response.status_code in UNAVAILABLE_STATUSES:
            raise ServerUnavailable(sent=True)
        if response.is_success or response.status_code == httpx.codes.NOT_MODIFIED:
            return response
        problem = _decode(response, Problem)
        if problem.type in UNAVAILABLE_CODES:
            raise ServerUnavailable(sent=True)
        raise Refused(problem)


def _decode(response: httpx.Response, answer: type[Answer]) -> Answer:
    try:
        return make_all_visible(msgspec.json.decode(response.content or b"null", type=answer))
    except msgspec.MsgspecError as error:
        raise ServerUnavailable(sent=True) from error
