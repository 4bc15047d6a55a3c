"""A household by a photo of its card, taken with the phone's own camera: it needs no script, and none of the photo
is kept.

Not by the browser's `BarcodeDetector`: iPhones and the browsers inside messengers have none, and what decodes for
them would be a second program on the page.
"""

from __future__ import annotations

import asyncio
from io import BytesIO

from api.awards.evidence.photo_reader import PHOTO_READER
from api.platform.access import Staff
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.cards.use_cases import CardHolder, find_card_holder
from api.wire.card_token import MalformedCard, parse

_NO_CARD = "照片里没有认出户卡的码。请把卡放平、靠近些、避开反光再拍，或直接填户号。"


async def find_photographed(services: Services, staff: Staff, content: bytes) -> CardHolder:
    """The household of the card in a photo. Raises Refused: unreadable, too-large, busy, card-malformed,
    card-unknown, card-revoked, card-frozen, household-ended, unknown."""
    reading = await PHOTO_READER.read(content)
    token = await asyncio.to_thread(_find_card, reading.jpeg)
    if token is None:
        raise Refused(ErrorCode.CARD_MALFORMED, _NO_CARD)
    async with services.unit_of_work() as uow:
        holder = await find_card_holder(uow, token)
    if not staff.serves(holder.village):
        raise Refused(ErrorCode.UNKNOWN, "这张卡是别的村的，请由那个村申报。")
    return holder


def _find_card(jpeg: bytes) -> str | None:
    """The token of the first card in a photo that was drawn anew here."""
    # Together a quarter of a second, which only those who scan need.
    import zxingcpp
    from PIL import Image

    formats = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    for code in zxingcpp.read_barcodes(Image.open(BytesIO(jpeg)), formats=formats):
        try:
            return parse(code.text)
        except MalformedCard:
            continue
    return None
