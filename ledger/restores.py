"""The books went back to a backup: what they were then, and which heads that leaves on paper alone.

A log that has lost leaves can't go on as the same one: it would sign another root for a size that it has signed
already. So its key is retired, as a CT log would be, and the books that begin with the backup's tree are sealed
with a key of their own. The record of the restore says which key ended at which size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from ledger.encoding import EncodingError, parse
from ledger.heads import HeadError, SignedHead, VerifierKey

_LOCAL = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Restore:
    """The books went back to the backup of `backup_at`, when their tree had `size` leaves and this root. `key`,
    a `VerifierKey`'s text, signed their heads until then; None if they had no head."""

    id: UUID
    backup_at: datetime
    restored_at: datetime
    size: int
    root: bytes
    key: str | None
    person: str
    reason: str

    @classmethod
    def from_record(cls, record: str) -> Restore | None:
        """From the canonical text of its leaf; None if it is another record's, or none."""
        try:
            told = msgspec.convert(parse(record), _Record)
            root = bytes.fromhex(told.root)
        except (EncodingError, msgspec.ValidationError, ValueError):
            return None
        return cls(told.id, told.backup_at, told.restored_at, told.size, root, told.key, told.person, told.reason)

    def orphans(self, signed: SignedHead) -> bool:
        """Whether this head is one of the gap: by the key of then, of more than the backup has, and dated between
        backup and restore."""
        return (
            signed.head.size > self.size
            and self.backup_at.replace(microsecond=0) <= signed.head.signed_at <= self.restored_at
            and self.ended_key_of(signed)
        )

    def continues(self, signed: SignedHead) -> bool:
        """Whether this head, by the key of then, is of no more than the books began with again."""
        return signed.head.size <= self.size and self.ended_key_of(signed)

    def ended_key_of(self, signed: SignedHead) -> bool:
        """Whether this head is signed with the key whose heads end here."""
        try:
            return self.key is not None and VerifierKey.parse(self.key).has_signed(signed)
        except HeadError:
            return False

    @property
    def sentence(self) -> str:
        """What whoever holds a head of the gap is told."""
        backup, restored = (
            f"{moment.astimezone(_LOCAL):%Y-%m-%d %H:%M}" for moment in (self.backup_at, self.restored_at)
        )
        return (
            f"这张是 {backup} 的备份之后印的；账本在 {restored} 从那份备份恢复过，"
            "中间的账有的由终端补报回来，有的丢了，所以和现在的账连不上，不是伪造的。"
        )


class _Record(msgspec.Struct, tag_field="record", tag="restore", forbid_unknown_fields=True):
    id: UUID
    key: str | None
    root: str
    size: int
    person: str
    reason: str
    township: int
    backup_at: datetime
    written_by: int
    restored_at: datetime


def find_orphaning(restores: Sequence[Restore], signed: SignedHead) -> Restore | None:
    """The restore in whose gap this head was printed."""
    return next((each for each in restores if each.orphans(signed)), None)
