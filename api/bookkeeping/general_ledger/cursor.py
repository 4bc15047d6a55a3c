"""Pagination cursors of statements: opaque texts.

A cursor contains the balance there, so that a page deep in the past costs as much as the first, and a digest bound
to the account. The digest isn't secret: it detects cursors that are truncated, mistyped or of another account.
"""

from __future__ import annotations

import hashlib
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.platform.errors import ErrorCode, Refused
from ledger.entries import Position
from ledger.transactions import AccountId, TransactionId

# Microseconds since 1970, transaction, ordinal, balance.
_FIELDS = struct.Struct(">q16shq")
_DIGEST = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The position of a page's last entry, and the posted balance right before it."""

    position: Position
    balance: int

    def encode(self, account: AccountId) -> str:
        at = self.position
        packed = _FIELDS.pack((at.recorded_at - _EPOCH) // _TICK, at.transaction.bytes, at.ordinal, self.balance)
        return urlsafe_b64encode(packed + _digest(account, packed)).decode()

    @classmethod
    def decode(cls, text: str, account: AccountId) -> Cursor:
        """Raises Refused: malformed."""
        try:
            raw = urlsafe_b64decode(text.encode("ascii"))
        except ValueError:
            raw = b""
        packed, digest = raw[: _FIELDS.size], raw[_FIELDS.size :]
        # The decoder ignores characters outside the alphabet, so compare with the canonical encoding as well.
        if digest != _digest(account, packed) or urlsafe_b64encode(raw).decode() != text:
            raise Refused(ErrorCode.MALFORMED, "翻页标记不对，请从第一页重新查起。")
        ticks, transaction, ordinal, balance = _FIELDS.unpack(packed)
        return cls(Position(_EPOCH + ticks * _TICK, TransactionId(UUID(bytes=transaction)), ordinal), balance)


def _digest(account: AccountId, packed: bytes) -> bytes:
    return hashlib.sha256(account.bytes + packed).digest()[:_DIGEST]
