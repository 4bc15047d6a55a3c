"""The server's API as far as a kiosk uses it, in the wire types."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple, Self, TypeVar
from uuid import UUID, uuid5

import httpx
import msgspec

from api.wire import (
    CardView,
    PinSignIn,
    Problem,
    Receipt,
    ReceiptLine,
    Redemption,
    RedemptionLine,
    Shift,
    StocktakeSheet,
    Till,
)
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
from kiosk.errors import Outage, Refused, ServerUnavailable
from kiosk.language import _

Answer = TypeVar("Answer")

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
ANSWER_MARGIN = 10.0
"""Seconds that an answer may take beyond the time requested to wait."""
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
NOTHING_CAME = "Server disconnected without sending a response."
"""How httpx tells an end without an answer from one that broke the protocol."""
BUSY_STATUSES = frozenset({408, 425, 502, 503, 504})
"""The server, or what stands before it, can't serve just now."""
UNAVAILABLE_CODES = {"too-many": Outage.BUSY, "busy": Outage.BUSY, "server-fault": Outage.FAULT}
"""Error codes that don't answer the request: it may be sent again."""
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-[0-9]{1,15}/([0-9]{1,15})")
_FILE_NAME = re.compile(r'filename="([^"/]+)"')
MAX_ANSWER = 8_000_000
"""Bytes; the leases of a whole township have some hundred thousand."""


def require_address(text: str) -> str:
    """The base URL. Raises ValueError, with a sentence."""
    if not text.startswith(SCHEMES):
        raise ValueError(_("服务器地址要以 http:// 或 https:// 开头：{url}").format(url=text))
    try:
        return parse_server_address(text)
    except ValueError:
        sentence = _("服务器地址不对：{url}；只写主机和端口，例如 http://192.168.1.10:8000")
        raise ValueError(sentence.format(url=text)) from None


class _Response(NamedTuple):
    status: int
    etag: str
    content: bytes
    headers: httpx.Headers


class BackupPiece(NamedTuple):
    """Of the server's newest proven backup. It has this name, size in bytes and SHA-256 in hexadecimal; `content`
    begins at byte `first`."""

    name: str
    digest: str
    size: int
    first: int
    content: bytes


class Client:
    """Every call raises `Refused` when the server refuses, and `ServerUnavailable` when no valid answer came back:
    connection error, time-out, the page of a proxy or captive portal, an answer to something else."""

    def __init__(
        self, base_url: str, device_token: str = "", transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.base_url = require_address(base_url)
        self._transport = transport
        self._http = self._open()
        self._device_token = device_token
        self._shift_token = ""
        self._restored_at: datetime | None = None
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

    def _open(self) -> httpx.AsyncClient:
        # Reading the machine's certificates takes 30 ms at the start: not needed without TLS.
        secure = self.base_url.startswith("https:")
        return httpx.AsyncClient(base_url=self.base_url, timeout=TIMEOUT, transport=self._transport, verify=secure)

    async def use_server(self, base_url: str) -> None:
        """Ask this server from now on. Raises ValueError, with a sentence."""
        base_url = require_address(base_url)
        if base_url != self.base_url:
            self.base_url, former = base_url, self._http
            self._http = self._open()
            await former.aclose()

    def use_device(self, token: str) -> None:
        """Authenticate as this kiosk from now on."""
        self._device_token = token
        self._last_till, self._last_recalls, self._restored_at = None, "", None

    def use_shift(self, token: str) -> None:
        """Redemptions from now on belong to this shift; empty: to none."""
        self._shift_token = token

    def use_books(self, restored_at: datetime | None) -> None:
        """The newest books that were seen last went back to a backup then: older ones refuse from now on."""
        self._restored_at = restored_at

    async def enrol(self, request: NewEnrolment) -> Enrolment:
        """Enrol by a one-time code; the same code and key may be sent again."""
        return await self._request("POST", "/v1/enrolments", Enrolment, body=request)

    async def renew_leases(self, last: int) -> KioskLeases:
        """Top up the leases of this kiosk, and get all of them. `last`: the number of its journal's last entry."""
        return await self._request("POST", f"/v1/till/leases?last={last}", KioskLeases)

    async def wait_for_recalls(self, seconds: float) -> Recalls | None:
        """The points that this kiosk has to return, once they differ from the last answer; None if they don't
        within so many seconds."""
        response = await self._send(
            "GET",
            f"/v1/till/recalls?wait={seconds:g}",
            condition=self._last_recalls,
            http_timeout=httpx.Timeout(10.0, connect=3.0, read=seconds + ANSWER_MARGIN),
        )
        if response.status == httpx.codes.NOT_MODIFIED:
            return None
        recalls = _decode(response, Recalls)
        self._last_recalls = response.etag
        return recalls

    async def upload_entries(self, kiosk: UUID, epoch: int, entries: Sequence[SignedEntry]) -> UploadResult:
        """Upload entries of a journal; safe to repeat, and no token is needed, since they are signed."""
        return await self._request(
            "POST", f"/v1/journals/{kiosk}/{epoch}", UploadResult, body=JournalUpload(entries=list(entries))
        )

    async def get_till(self) -> Till:
        """The supermarket and its shelf; an unchanged one isn't transferred again."""
        response = await self._send("GET", "/v1/till", condition=self._last_till[0] if self._last_till else "")
        if response.status == httpx.codes.NOT_MODIFIED and self._last_till:
            return self._last_till[1]
        till = _decode(response, Till)
        self._last_till = (response.etag, till) if response.etag else None
        return till

    async def fetch_backup(self, digest: str, first: int) -> BackupPiece:
        """The newest proven backup from this byte on, if it is still the one with this digest; else from its
        beginning."""
        headers = {"Range": f"bytes={first}-", "Accept-Encoding": "identity"}
        if digest:
            headers["If-Range"] = f'"{digest}"'
        response = await self._send("GET", "/v1/till/backup", more_headers=headers)
        found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        name = _FILE_NAME.search(response.headers.get("Content-Disposition", ""))
        if found is None or name is None:
            raise ServerUnavailable(Outage.FAULT, sent=True)
        return BackupPiece(name[1], response.etag.strip('"'), int(found[2]), int(found[1]), response.content)

    # --- the shelf --------------------------------------------------------------------------------------

    async def get_stock_alerts(self) -> StockAlerts:
        """Products running out, and lots about to expire."""
        return await self._request("GET", "/v1/till/shelf-watch", StockAlerts)

    async def take_stock(self, id: UUID, stocktake: TillStocktake) -> StocktakeSheet:
        """Adjust the books to a stocktake; safe to repeat."""
        sheet = await self._request("PUT", f"/v1/till/stocktakes/{id}", StocktakeSheet, stocktake)
        return _require(sheet, sheet.id == id)

    async def record_goods_receipt(self, id: UUID, draft: GoodsReceiptDraft) -> GoodsReceipt:
        """Record goods that arrived, for somebody else to count; safe to repeat."""
        receipt = await self._request("PUT", f"/v1/till/receipts/{id}", GoodsReceipt, draft)
        return _require(receipt, receipt.id == id)

    async def list_open_goods_receipts(self) -> list[GoodsReceipt]:
        """Goods receipts that wait for a second person's count."""
        return await self._request("GET", "/v1/till/receipts", list[GoodsReceipt])

    async def confirm_goods_receipt(self, id: UUID, count: ReceiptCountByPin) -> GoodsReceipt:
        """Send the second person's count; safe to repeat."""
        receipt = await self._request("POST", f"/v1/till/receipts/{id}/confirm", GoodsReceipt, count)
        return _require(receipt, receipt.id == id)

    # --- shifts, cards and redemptions ------------------------------------------------------------------

    async def open_shift(self, pin: str, attendant: UUID | None = None) -> Shift:
        """Sign an attendant in; redemptions from now on belong to their shift."""
        shift = await self._request("POST", "/v1/till/shifts", Shift, body=PinSignIn(pin=pin, attendant=attendant))
        self._shift_token = _require(shift, attendant in (None, shift.attendant_id)).token
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
        receipt = await self._request(
            "PUT", path, Receipt, redemption, on_send, {"X-Card-Pin": card_pin} if card_pin else {}
        )
        belongs = receipt.id == redemption_id and _add_up(receipt.lines) == _add_up(redemption.lines)
        return _require(receipt, belongs and _is_consistent(receipt))

    async def promise(self, id: UUID, request: NewPromise) -> PromiseSlip:
        """Promise goods that are out of stock; safe to repeat with the same id and content."""
        slip = await self._request("PUT", f"/v1/promises/{id}", PromiseSlip, request)
        line = (slip.line.product, slip.line.quantity, slip.line.price)
        return _require(slip, slip.id == id and line == (request.product, request.quantity, request.price))

    async def collect(
        self, promise: UUID, collection: Collection, on_send: Callable[[], None] = lambda: None
    ) -> Receipt:
        """Collect promised goods; safe to repeat like a redemption, `on_send` as there."""
        path = f"/v1/promises/{promise}/collection"
        receipt = await self._request("PUT", path, Receipt, collection, on_send)
        return _require(receipt, receipt.id == uuid5(promise, "collection") and _is_consistent(receipt))

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
        condition: str = "",
    ) -> _Response:
        """Return the response to a request that succeeded. `condition`: the ETag of the last answer; only with one
        is 304 a success."""

        async def trace(event: str, details: Any) -> None:
            if event.endswith("send_request_headers.started"):
                on_send()

        headers = dict(more_headers)
        if condition:
            headers["If-None-Match"] = condition
        if self._shift_token:
            headers["X-Shift"] = self._shift_token
        if self._restored_at is not None:
            headers["X-Restored-At"] = str(int(self._restored_at.timestamp()))
        if self._device_token:
            headers["Authorization"] = f"Bearer {self._device_token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else msgspec.json.encode(body)
        request = self._http.build_request(
            method, path, content=content, headers=headers, timeout=http_timeout, extensions={"trace": trace}
        )
        try:
            response = await self._receive(request)
        except NEVER_SENT as error:
            raise ServerUnavailable(sent=False) from error
        except httpx.HTTPError as error:
            raise ServerUnavailable(_tell_outage(error), sent=True) from error
        if httpx.codes.is_success(response.status) or (condition and response.status == httpx.codes.NOT_MODIFIED):
            return response
        raise _explain(response)

    async def _receive(self, request: httpx.Request) -> _Response:
        """Read no more than an answer may have."""
        response = await self._http.send(request, stream=True)
        content = bytearray()
        try:
            async for part in response.aiter_bytes():
                content += part
                if len(content) > MAX_ANSWER:
                    raise ServerUnavailable(Outage.FAULT, sent=True)
        finally:
            await response.aclose()
        return _Response(response.status_code, response.headers.get("ETag", ""), bytes(content), response.headers)


def _tell_outage(error: httpx.HTTPError) -> Outage:
    """What came isn't HTTP, or isn't all that it said it was; or nothing came at all."""
    unreadable = isinstance(error, httpx.RemoteProtocolError | httpx.DecodingError)
    return Outage.FAULT if unreadable and str(error) != NOTHING_CAME else Outage.NETWORK


def _explain(response: _Response) -> Refused | ServerUnavailable:
    """An answer that isn't what was asked for."""
    if response.status in BUSY_STATUSES:
        return ServerUnavailable(Outage.BUSY, sent=True)
    if not httpx.codes.is_client_error(response.status):
        return ServerUnavailable(Outage.FAULT, sent=True)
    try:
        problem = _decode(response, Problem)
    except ServerUnavailable as unreadable:
        too_many = response.status == httpx.codes.TOO_MANY_REQUESTS
        return ServerUnavailable(Outage.BUSY, sent=True) if too_many else unreadable
    if problem.type in UNAVAILABLE_CODES:
        return ServerUnavailable(UNAVAILABLE_CODES[problem.type], sent=True)
    return Refused(problem)


def _decode(response: _Response, answer: type[Answer]) -> Answer:
    # Only nothing is answered with nothing: a portal says 200 to everything.
    nothing = response.status == httpx.codes.NO_CONTENT
    _require(response, nothing == (answer is type(None)))
    try:
        return make_all_visible(msgspec.json.decode(b"null" if nothing else response.content, type=answer))
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise ServerUnavailable(Outage.FAULT, sent=True) from error


def _require(answer: Answer, belongs: bool) -> Answer:
    """`answer`, if it is one to what was asked."""
    if not belongs:
        raise ServerUnavailable(Outage.FAULT, sent=True)
    return answer


def _is_consistent(receipt: Receipt) -> bool:
    return receipt.points == sum(line.points for line in receipt.lines) and all(
        line.points == line.price * line.quantity for line in receipt.lines
    )


def _add_up(lines: Iterable[RedemptionLine | ReceiptLine]) -> dict[tuple[str, int], int]:
    """Pieces by product and price."""
    pieces: defaultdict[tuple[str, int], int] = defaultdict(int)
    for line in lines:
        pieces[line.product, line.price] += line.quantity
    return pieces
