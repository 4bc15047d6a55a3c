"""Whose kiosk this machine is, now and before: the keys that sign its journals."""

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


def plain_code(text: str) -> str:
    """A code as typed or scanned, in capitals without spaces and dashes, look-alikes taken for what they mean."""
    text = unicodedata.normalize("NFKC", text).upper()
    return re.sub(r"[^0-9A-Z]", "", text).translate(_LOOK_ALIKES)


@dataclass(frozen=True, slots=True)
class Begun:
    """An enrolment that was asked for; `key` was kept before."""

    id: int
    code: str
    key: Ed25519PrivateKey

    @property
    def wanted(self) -> till_journal.NewEnrolment:
        public_key = self.key.public_key().public_bytes_raw().hex()
        return till_journal.NewEnrolment(code=self.code, public_key=public_key)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An enrolment as the server gave it. `fence`: why it may not sell without the network any more, or empty."""

    id: int
    server: str
    code: str
    key: Ed25519PrivateKey
    kiosk: UUID
    epoch: int
    token: str
    supermarket: str
    name: str
    fence: str


class Enrolments:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._current = self._read_current()

    @property
    def current(self) -> Enrolled | None:
        return self._current

    @property
    def required(self) -> Enrolled:
        assert self._current is not None, "nothing is sold before the kiosk is enrolled"
        return self._current

    def all(self) -> list[Enrolled]:
        """Oldest first."""
        return [
            _enrolled(row)
            for row in self._database.rows(f"select {_COLUMNS} from enrolment where kiosk is not null order by id")
        ]

    def begin(self, server: str, code: str) -> Begun:
        """Keep the key for this code before anybody hears of it; asked again, the same one."""
        code = plain_code(code)
        row = self._database.row(
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
                row = (self._database.value("select last_insert_rowid()"), key.private_bytes_raw())
        return Begun(row[0], code, Ed25519PrivateKey.from_private_bytes(row[1]))

    def unfinished(self) -> str:
        """The code of an enrolment whose answer never came, or empty."""
        latest = self._database.row("select code, kiosk from enrolment order by id desc")
        return str(latest[0]) if latest is not None and latest[1] is None else ""

    def complete(self, begun: Begun, answer: till_journal.Enrolment) -> None:
        """Inside a commit, after which `reload`."""
        self._database.write(
            "update enrolment set kiosk = ?, epoch = ?, token = ?, supermarket = ?, name = ? where id = ?",
            *(str(answer.kiosk), answer.epoch, answer.token, answer.supermarket, answer.name, begun.id),
        )

    def moved(self, server: str) -> None:
        """The server has another address now, also for what earlier enrolments have to say to it."""
        current = self._current
        if current is not None and current.server != server:
            with self._database.commit("server moved"):
                self._database.write("update enrolment set server = ? where server = ?", server, current.server)
            self.reload()

    def fence(self, enrolment: Enrolled, reason: str) -> None:
        """Inside a commit, after which `reload`."""
        self._database.write("update enrolment set fence = ? where id = ?", reason, enrolment.id)

    def reload(self) -> None:
        self._current = self._read_current()

    def _read_current(self) -> Enrolled | None:
        enrolled = self.all()
        return enrolled[-1] if enrolled else None


def _enrolled(row: Sequence[Any]) -> Enrolled:
    id, server, code, key, kiosk, epoch, token, supermarket, name, fence = row
    private = Ed25519PrivateKey.from_private_bytes(key)
    return Enrolled(id, server, code, private, UUID(kiosk), epoch, token, supermarket, name, fence)
