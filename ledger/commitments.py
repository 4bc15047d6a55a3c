"""Salted commitments: a transaction proves a subject that its record doesn't tell.

The record has `SHA-256(salt ‖ canonical text of the subject)` in its metadata. Whoever is given the opening, salt
and text, can check it; nobody else can try out guesses, since the salt is random.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ledger.encoding import EncodingError, Json, encode_canonical, parse
from ledger.transactions import Transaction

COMMITMENT = "subject"
"""The key of the commitment in the metadata of a transaction."""

SALT_LENGTH = 32
MIN_SALT_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a commitment: `subject` is the canonical JSON text of an object, whose `readers` name the bodies
    that may read it."""

    salt: bytes
    subject: str

    @property
    def commitment(self) -> str:
        return hashlib.sha256(self.salt + self.subject.encode()).hexdigest()

    def read(self) -> Json:
        """The subject. Raises EncodingError."""
        return parse(self.subject)


def open_commitment(readers: Sequence[str], subject: Mapping[str, Json], salt: bytes | None = None) -> Opening:
    """An opening of the subject; with the `salt` of an earlier one a repeated transaction has the same content."""
    text = encode_canonical({**subject, "readers": list(readers)})
    return Opening(secrets.token_bytes(SALT_LENGTH) if salt is None else salt, text)


def commit(transaction: Transaction, opening: Opening) -> Transaction:
    """The transaction with the commitment in its metadata."""
    return replace(transaction, metadata={**transaction.metadata, COMMITMENT: opening.commitment})


def find_commitment(record: str) -> str | None:
    """The commitment in the text of a transaction's record; None without one."""
    try:
        value = parse(record)
    except EncodingError:
        return None
    metadata = value.get("metadata") if isinstance(value, dict) else None
    commitment = metadata.get(COMMITMENT) if isinstance(metadata, dict) else None
    return commitment if isinstance(commitment, str) else None
