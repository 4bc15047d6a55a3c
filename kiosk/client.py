"""The server's API as far as a kiosk uses it, in the wire types."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import quote
from uuid import UUID

import httpx

from api.wire import (
    CardView,
    PinSignIn,
    Receipt,
    ReceiptLine,
    Redemption,
    RedemptionLine,
    Shift,
    StocktakeSheet,
    Till,
)
from api.wire.identification import CardFreeze, FoundHousehold, Identification, NewIdentification
from api.wire.promises import Cancellation, Collection, NewPromise, PromiseSlip, collection_id
from api.wire.shelf import GoodsReceipt, GoodsReceiptDraft, ReceiptCountByPin, StockAlerts, TillStocktake
from api.wire.till_journal import (
    Enrolment,
    JournalUpload,
    KioskLeases,
    NewEnrolment,
    Recalls,
    SignedEntry,
    UploadResult,
)
from kiosk.errors import INVALID_CARD, Outage, Refused, ServerUnavailable
from kiosk.http_client import HttpClient, decode, require

ANSWER_MARGIN = 10.0
"""Seconds that an answer may take beyond the time requested to wait."""
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-[0-9]{1,15}/([0-9]{1,15})")
_FILE_NAME = re.compile(r'filename="([^"/]+)"')


class BackupPiece(NamedTuple):
    """Of the server's newest proven backup. It has this name, size in bytes and SHA-256 in hexadecimal; `content`
    begins at byte `first`."""

    name: str
    digest: str
    size: int
    first: int
    content: bytes


class Client(HttpClient):
    """Every call raises as the requests of `HttpClient`. `on_card_refused` is called with a card's token and why
    the server refused it."""

    def __init__(
        self, base_url: str, device_token: str = "", transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        super().__init__(base_url, device_token, transport)
        self.on_card_refused: Callable[[str, str], None] = lambda token, reason: None
        # The ETag of the last answer.
        self._last_recalls = ""
        # With its ETag.
        self._last_till: tuple[str, Till] | None = None

    def use_device(self, token: str) -> None:
        super().use_device(token)
        self._last_till, self._last_recalls = None, ""

    async def enrol(self, request: NewEnrolment) -> Enrolment:
        """Enrol by a one-time code; the same code and key may be sent again."""
        return await self.request("POST", "/v1/enrolments", Enrolment, body=request)

    async def renew_leases(self, last: int) -> KioskLeases:
        """Top up the leases of this kiosk, and get all of them. `last`: the number of its journal's last entry."""
        return await self.request("POST", f"/v1/till/leases?last={last}", KioskLeases)

    async def wait_for_recalls(self, seconds: float) -> Recalls | None:
        """The points that this kiosk has to return, once they differ from the last answer; None if they don't
        within so many seconds."""
        response = await self.send(
            "GET",
            f"/v1/till/recalls?wait={seconds:g}",
            condition=self._last_recalls,
            http_timeout=httpx.Timeout(10.0, connect=3.0, read=seconds + ANSWER_MARGIN),
        )
        if response.status == httpx.codes.NOT_MODIFIED:
            return None
        recalls = decode(response, Recalls)
        self._last_recalls = response.etag
        return recalls

    async def upload_entries(self, kiosk: UUID, epoch: int, entries: Sequence[SignedEntry]) -> UploadResult:
        """Upload entries of a journal; safe to repeat, and no token is needed, since they are signed."""
        return await self.request(
            "POST", f"/v1/journals/{kiosk}/{epoch}", UploadResult, body=JournalUpload(entries=list(entries))
        )

    async def get_till(self) -> Till:
        """The supermarket and its shelf; an unchanged one isn't transferred again."""
        response = await self.send("GET", "/v1/till", condition=self._last_till[0] if self._last_till else "")
        if response.status == httpx.codes.NOT_MODIFIED and self._last_till:
            return self._last_till[1]
        till = decode(response, Till)
        self._last_till = (response.etag, till) if response.etag else None
        return till

    async def fetch_backup(self, digest: str, first: int) -> BackupPiece:
        """The newest proven backup from this byte on, if it is still the one with this digest; else from its
        beginning."""
        headers = {"Range": f"bytes={first}-", "Accept-Encoding": "identity"}
        if digest:
            headers["If-Range"] = f'"{digest}"'
        response = await self.send("GET", "/v1/till/backup", more_headers=headers)
        found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        name = _FILE_NAME.search(response.headers.get("Content-Disposition", ""))
        if found is None or name is None:
            raise ServerUnavailable(Outage.FAULT, sent=True)
        return BackupPiece(name[1], response.etag.strip('"'), int(found[2]), int(found[1]), response.content)

    # --- the shelf --------------------------------------------------------------------------------------

    async def get_stock_alerts(self) -> StockAlerts:
        """Products running out, and lots about to expire."""
        return await self.request("GET", "/v1/till/shelf-watch", StockAlerts)

    async def take_stock(self, id: UUID, stocktake: TillStocktake) -> StocktakeSheet:
        """Adjust the books to a stocktake; safe to repeat."""
        sheet = await self.request("PUT", f"/v1/till/stocktakes/{id}", StocktakeSheet, stocktake)
        return require(sheet, sheet.id == id)

    async def record_goods_receipt(self, id: UUID, draft: GoodsReceiptDraft) -> GoodsReceipt:
        """Record goods that arrived, for somebody else to count; safe to repeat."""
        receipt = await self.request("PUT", f"/v1/till/receipts/{id}", GoodsReceipt, draft)
        return require(receipt, receipt.id == id)

    async def list_open_goods_receipts(self) -> list[GoodsReceipt]:
        """Goods receipts that wait for a second person's count."""
        return await self.request("GET", "/v1/till/receipts", list[GoodsReceipt])

    async def confirm_goods_receipt(self, id: UUID, count: ReceiptCountByPin) -> GoodsReceipt:
        """Send the second person's count; safe to repeat."""
        receipt = await self.request("POST", f"/v1/till/receipts/{id}/confirm", GoodsReceipt, count)
        return require(receipt, receipt.id == id)

    # --- shifts, cards and redemptions ------------------------------------------------------------------

    async def open_shift(self, pin: str, attendant: UUID | None = None) -> Shift:
        """Sign an attendant in; redemptions from now on belong to their shift."""
        shift = await self.request("POST", "/v1/till/shifts", Shift, body=PinSignIn(pin=pin, attendant=attendant))
        self.use_shift(require(shift, attendant in (None, shift.attendant_id)).token)
        return shift

    async def get_card(self, token: str) -> CardView:
        """The household of a card."""
        with self._noting_refused(token):
            return await self.request("GET", f"/v1/cards/{token}?held=true", CardView)

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
        headers = {"X-Card-Pin": card_pin} if card_pin else {}
        with self._noting_refused(redemption.card, redemption.collector):
            receipt = await self.request("PUT", path, Receipt, redemption, on_send, headers)
        belongs = receipt.id == redemption_id and _add_up(receipt.lines) == _add_up(redemption.lines)
        return require(receipt, belongs and _is_consistent(receipt))

    async def promise(self, id: UUID, request: NewPromise) -> PromiseSlip:
        """Promise goods that are out of stock; safe to repeat with the same id and content."""
        with self._noting_refused(request.card):
            slip = await self.request("PUT", f"/v1/promises/{id}", PromiseSlip, request)
        line = (slip.line.product, slip.line.quantity, slip.line.price)
        return require(slip, slip.id == id and line == (request.product, request.quantity, request.price))

    async def collect(
        self, promise: UUID, collection: Collection, on_send: Callable[[], None] = lambda: None
    ) -> Receipt:
        """Collect promised goods; safe to repeat like a redemption, `on_send` as there."""
        path = f"/v1/promises/{promise}/collection"
        with self._noting_refused(collection.card, collection.collector):
            receipt = await self.request("PUT", path, Receipt, collection, on_send)
        return require(receipt, receipt.id == collection_id(promise) and _is_consistent(receipt))

    async def cancel_promise(self, promise: UUID, cancellation: Cancellation) -> None:
        """Safe to repeat."""
        with self._noting_refused(cancellation.card):
            await self.request("POST", f"/v1/promises/{promise}/cancel", type(None), cancellation)

    # --- households without their cards -----------------------------------------------------------------

    async def find_households(self, text: str) -> list[FoundHousehold]:
        """At most nine of the village. Raises Refused, also where this kiosk has searched too often."""
        try:
            path = f"/v1/till/households?text={quote(text)}"
            return await self.request("GET", path, list[FoundHousehold])
        except ServerUnavailable as error:
            if error.problem is not None and error.problem.type == "too-many":
                raise Refused(error.problem) from None
            raise

    async def identify(self, id: UUID, request: NewIdentification) -> Identification:
        """Safe to repeat with the same id and content."""
        answer = await self.request("PUT", f"/v1/till/identifications/{id}", Identification, request)
        return require(answer, answer.view.household == request.household)

    async def freeze_card(self, freeze: CardFreeze) -> None:
        """Safe to repeat."""
        await self.request("POST", "/v1/till/frozen-cards", type(None), freeze)

    @contextmanager
    def _noting_refused(self, token: str, collector: str = "") -> Iterator[None]:
        """With two cards nobody knows which of them a refusal is about."""
        try:
            yield
        except Refused as refusal:
            if refusal.problem.type in INVALID_CARD and not collector:
                self.on_card_refused(token, refusal.sentence)
            raise


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
