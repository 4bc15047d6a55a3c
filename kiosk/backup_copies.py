"""Copies of the server's newest proven backup, in the kiosk's folder: one house may burn, all of them do not. They
are encrypted, and nobody at the counter has to do anything."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from time import time

from kiosk.client import BackupPiece, Client
from kiosk.errors import Refused, ServerUnavailable
from kiosk.session import Session
from kiosk.timing import Timing

FOLDER = "backups"
KEPT = 2
ENOUGH_ROOM = 1_000_000_000
"""Bytes free, or ten times the file."""
ROOM_FOR = 10
EVERY = 24 * 3600.0
"""Seconds from one copy to the next."""
_NAME = re.compile(r"[0-9A-Za-z_-][0-9A-Za-z._-]{0,99}\.jimei")


@dataclass
class BackupCopyService:
    """Fetches a piece at a time, never while a customer is served."""

    folder: Path
    client: Client
    session: Session
    timing: Timing

    async def run(self) -> None:
        """Run as long as the app does."""
        while True:
            try:
                pause = await self.step()
            except (ServerUnavailable, Refused, OSError):
                pause = self.timing.refused_pause
            await asyncio.sleep(pause)

    def list_copies(self) -> list[Path]:
        """Newest first."""
        return sorted(self._at.glob("*.jimei"), key=lambda file: file.stat().st_mtime, reverse=True)

    async def step(self) -> float:
        """One piece; returns the seconds until the next. Raises ServerUnavailable, Refused, OSError."""
        session, copies = self.session, self.list_copies()
        if session.connection.online is not True or session.card or session.cart or session.pending:
            return self.timing.recall_pause
        if copies and time() - copies[0].stat().st_mtime < EVERY:
            return self.timing.refused_pause
        part = next(self._at.glob("*.part"), None)
        piece = await self.client.fetch_backup(part.stem if part else "", part.stat().st_size if part else 0)
        if part is not None and part.stem != piece.digest:
            part.unlink()
        if (known := self._at / piece.name) in copies:
            # There is no newer one yet.
            known.touch()
        else:
            self._save(piece)
        return self.timing.recall_pause

    @property
    def _at(self) -> Path:
        return self.folder / FOLDER

    def _save(self, piece: BackupPiece) -> None:
        self._at.mkdir(mode=0o700, exist_ok=True)
        free = shutil.disk_usage(self._at).free
        if _NAME.fullmatch(piece.name) is None or (free < ENOUGH_ROOM and free < ROOM_FOR * piece.size):
            raise OSError("no room for a copy")
        part = self._at / f"{piece.digest}.part"
        with part.open("ab") as file:
            if file.tell() == piece.first:
                file.write(piece.content)
            if file.tell() < piece.size:
                return
        if hashlib.sha256(part.read_bytes()).hexdigest() != piece.digest:
            # Begun anew.
            part.unlink()
            return
        part.replace(self._at / piece.name)
        for old in self.list_copies()[KEPT:]:
            old.unlink()
