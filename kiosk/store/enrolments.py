"""This machine's enrolments as a kiosk, now and before, with the keys that sign their journals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.wire import till_journal
from kiosk.store.database import Database

CODE_LENGTH = 12
_LOOK_ALIKES = str.maketrans("OIL", "011")
_COLUMNS = "id, server, code, key, kiosk, epoch, token, supermarket, name, fence"


def normalize_code(text: str) -> str:
    """A code as typed or scanned, in capitals without spaces and dashes; O, I and L are read as 0 and 1."""
    text = unicodedata.normalize("NFKC", text).upper()
    return re.sub(r"[^0-9A-Z]", "", text).translate(_LOOK_ALIKES)


@dataclass(frozen=True, slots=True)
class PendingEnrolment:
    """An enrolment that the server hasn't answered; `key` is already on the disk."""

    id: int
    code: str
    key: Ed25519PrivateKey

    @property
    def request(self) -> till_journal.NewEnrolment:
        public_key = self.key.public_key().public_bytes_raw().hex()
        return till_journal.NewEnrolment(code=self.code, public_key=public_key)


@dataclass(frozen=True, slots=True)
class KioskEnrolment:
    """An enrolment that the server accepted. `lockout_reason`: why it may no longer sell without the network, or
    empty."""

    id: int
    server: str
    code: str
    key: Ed25519PrivateKey
    kiosk: UUID
    epoch: int
    token: str
    supermarket: str
    name: str
    lockout_reason: str


class Enrolments:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._current = self._read_current()

    @property
    def current(self) -> KioskEnrolment | None:
        return self._current

    @property
    def required(self) -> KioskEnrolment:
        assert self._current is not None, "nothing is sold before the kiosk is enrolled"
        return self._current

    def list_all(self) -> list[KioskEnrolment]:
        """Oldest first."""
        rows = self._database.fetch_all(f"select {_COLUMNS} from enrolment where kiosk is not null order by id")
        return [_from_row(row) for row in rows]

    def begin(self, server: str, code: str) -> PendingEnrolment:
        """Save a key for this code before the code is sent; called again, it returns the same key."""
        code = normalize_code(code)
        row = self._database.fetch_one(
            "select id, key from enrolment where server = ? and code = ? and kiosk is null"
            " and id > (select coalesce(max(id), 0) from enrolment where kiosk is not null) order by id desc",
            server,
            code,
        )
        if row is None:
            key = Ed25519PrivateKey.generate()
            with self._database.commit("enrolment begun"):
                self._database.write(
                    "insert into enrolment (server, code, key) values (?, ?, ?)",
                    server,
                    code,
                    key.private_bytes_raw(),
                )
                row = (self._database.fetch_value("select last_insert_rowid()"), key.private_bytes_raw())
        return PendingEnrolment(row[0], code, Ed25519PrivateKey.from_private_bytes(row[1]))

    def get_unfinished_code(self) -> str:
        """The code of an enrolment that was never answered, or empty."""
        latest = self._database.fetch_one("select code, kiosk from enrolment order by id desc")
        return str(latest[0]) if latest is not None and latest[1] is None else ""

    def complete(self, pending: PendingEnrolment, answer: till_journal.Enrolment) -> None:
        """Inside a commit, after which `reload`."""
        self._database.write(
            "update enrolment set kiosk = ?, epoch = ?, token = ?, supermarket = ?, name = ? where id = ?",
            *(str(answer.kiosk), answer.epoch, answer.token, answer.supermarket, answer.name, pending.id),
        )

    def change_server(self, server: str) -> None:
        """The server has another address now, also for the journals of earlier enrolments."""
        current = self._current
        if current is not None and current.server != server:
            with self._database.commit("server moved"):
                self._database.write("update enrolment set server = ? where server = ?", server, current.server)
            self.reload()

    def set_lockout_reason(self, enrolment: KioskEnrolment, reason: str) -> None:
        """Inside a commit, after which `reload`."""
        self._database.write("update enrolment set fence = ? where id = ?", reason, enrolment.id)

    def reload(self) -> None:
        self._current = self._read_current()

    def _read_current(self) -> KioskEnrolment | None:
        enrolments = self.list_all()
        return enrolments[-1] if enrolments else None


def _from_row(row: Sequence[Any]) -> KioskEnrolment:
    id, server, code, key, kiosk, epoch, token, supermarket, name, lockout_reason = row
    private = Ed25519PrivateKey.from_private_bytes(key)
    return KioskEnrolment(id, server, code, private, UUID(kiosk), epoch, token, supermarket, name, lockout_reason)
