"""Sheets of new cards, to be printed from the browser that issued them.

A card's token exists in the clear only in the answer that issues it. Printers jam and browsers are closed, so the
same person can get the same sheet again for an hour: it is stored encrypted by a key that is made of the secret of
their sign-in, which the database has as a hash alone. After a sign-out, or with another browser, nobody reads it.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from sqlalchemy import select, update
from uuid_utils.compat import uuid7

from api import wire
from api.platform.access import Staff
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.cards.preview import arrange
from api.registry.cards.tables import CardSheet
from api.registry.register.queries import read_households_by_code

KEPT_FOR = timedelta(hours=1)
_NONCE = 12


@dataclass(frozen=True, slots=True)
class KeptSheet:
    id: UUID
    created_at: datetime

    @property
    def until(self) -> datetime:
        return self.created_at + KEPT_FOR


async def keep_sheet(services: Services, staff: Staff, secret: str, cards: Sequence[wire.NewCard]) -> UUID:
    """Keep the cards that this person has just issued; `secret`: of their sign-in. Returns the sheet's id."""
    id = uuid7()
    async with services.unit_of_work() as uow:
        await uow.session.execute(
            update(CardSheet)
            .where(
                CardSheet.township == uow.township,
                CardSheet.sealed.is_not(None),
                CardSheet.created_at <= uow.now - KEPT_FOR,
            )
            .values(sealed=None)
        )
        known = await read_households_by_code(uow, [card.household for card in cards])
        by_code = {card.household: card for card in cards}
        content = msgspec.json.encode([by_code[code] for code in arrange(known.values())])
        nonce = os.urandom(_NONCE)
        sealed = nonce + ChaCha20Poly1305(_derive_key(secret)).encrypt(nonce, content, id.bytes)
        uow.session.add(
            CardSheet(township=uow.township, id=id, person=staff.id, created_at=uow.now, sealed=sealed)
        )
    return id


async def open_sheet(services: Services, staff: Staff, secret: str, id: UUID) -> list[wire.NewCard]:
    """The cards of a sheet, by village, grid and house. Raises Refused: unknown, too-late."""
    async with services.unit_of_work() as uow:
        sheet = await uow.session.get(CardSheet, (uow.township, id))
        if sheet is None or sheet.person != staff.id:
            raise Refused(ErrorCode.UNKNOWN, "没有这一批卡，或不是您发的。")
        if sheet.sealed is None or sheet.created_at <= uow.now - KEPT_FOR:
            raise Refused(
                ErrorCode.TOO_LATE, "发卡一小时以后不能再打印：我们只存卡号的指纹。没有印出来的，请重新发卡。"
            )
        nonce, sealed = sheet.sealed[:_NONCE], sheet.sealed[_NONCE:]
    try:
        content = ChaCha20Poly1305(_derive_key(secret)).decrypt(nonce, sealed, id.bytes)
    except InvalidTag:
        raise Refused(
            ErrorCode.TOO_LATE, "这一批卡要在发卡的那个浏览器里、没有退出登录时打印。没有印出来的，请重新发卡。"
        ) from None
    return msgspec.json.decode(content, type=list[wire.NewCard])


async def list_sheets(services: Services, staff: Staff) -> list[KeptSheet]:
    """This person's sheets that can still be printed, the newest first."""
    async with services.unit_of_work() as uow:
        rows = await uow.session.execute(
            select(CardSheet.id, CardSheet.created_at)
            .where(
                CardSheet.township == uow.township,
                CardSheet.sealed.is_not(None),
                CardSheet.created_at > uow.now - KEPT_FOR,
                CardSheet.person == staff.id,
            )
            .order_by(CardSheet.created_at.desc(), CardSheet.id.desc())
        )
        return [KeptSheet(*row) for row in rows]


def _derive_key(secret: str) -> bytes:
    # The secret is 256 random bits: nothing has to be stretched.
    return hmac.digest(secret.encode(), b"jimei card sheet", "sha256")
