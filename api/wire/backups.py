"""Backups, as the office and the supervisors see them."""

from __future__ import annotations

from datetime import datetime

from api.wire.base import Incoming, Wire


class BackupView(Wire, frozen=True):
    """`made_at`: the moment that it shows; `size`: in bytes; `key`: the number of the key that opens it;
    `sealed`: how many records of the books were sealed, under `root` (hexadecimal). `proven_at`: when it was
    restored beside, verified, and its seal compared; null where it wasn't."""

    name: str
    made_at: datetime
    size: int
    sha256: str
    key: str
    sealed: int
    root: str
    proven_at: datetime | None


class BackupKeyView(Wire, frozen=True):
    """`on_server`: the secret is still there, and would be lost with it. `approved`: two people have agreed that
    its parts may be printed."""

    number: str
    on_server: bool
    approved: bool
    printed_at: datetime | None
    printed_by: list[str]


class BackupStatus(Wire, frozen=True):
    """`backups`: newest first. `failure`, `copy_failure`: why the last one failed, why the second folder hasn't
    all of them; empty where nothing did. `copied_at`: null where there is no second folder. `drilled_at`: when the
    present key's parts last opened a backup; `drill_due`: that was too long ago."""

    newest_proven: BackupView | None
    backups: list[BackupView]
    failure: str
    copied_at: datetime | None
    copy_failure: str
    key: BackupKeyView | None
    drilled_at: datetime | None
    drill_due: bool


class BackupKeyPrinting(Incoming, frozen=True):
    """What is proposed: that the parts of the key with this number are printed."""

    key: str
