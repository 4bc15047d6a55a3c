"""What the tests of backups share: one folder of backups each, and how to go from a backup to a township."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.bookkeeping.backup.rebuilding import Rebuilder
from api.bookkeeping.backup.restoring import Restored, Restorer
from api.bookkeeping.backup.use_cases import BackupResult, back_up
from api.platform.backup.keys import KeyRing, read_secret
from api.platform.clock import TravelClock
from api.platform.database.engine import Access
from tests.clusters import passable
from tests.conftest import NOW, TOWNSHIP
from tests.databases import Clone


@dataclass
class Workshop:
    """A folder to back up into and others to restore into; backups are of `clone`."""

    folder: Path
    clock: TravelClock

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def rebuilder(self) -> Rebuilder:
        return Rebuilder(TOWNSHIP, self.clock)

    def access(self, clone: Clone, *, by_owner: bool = True) -> Access:
        # As one of the operator's own, so that it doesn't lower the priority of these tests.
        return Access(clone.owner if by_owner else None, clone.app, self.data, embedded=False)

    async def back_up(
        self, clone: Clone, *, prove: bool = False, copy: Path | None = None, by_owner: bool = True
    ) -> BackupResult:
        return await back_up(self.access(clone, by_owner=by_owner), self.rebuilder, copy, prove=prove)

    def restorer(self, file: Path, *, even_if_wrong: bool = False) -> Restorer:
        identity = read_secret(self.data)
        assert identity is not None
        return Restorer(file, identity, self.rebuilder, "操作员", even_if_wrong)

    async def restore(self, file: Path, own: Access | None = None) -> tuple[Path, Restored]:
        target = self.folder / "restored"
        return target, await self.restorer(file).restore(target, own)


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    with passable("jimei-backup-") as folder:
        (folder / "data").mkdir()
        (folder / "data" / "seal.key").write_bytes(b"the key of seals")
        yield Workshop(folder, TravelClock(NOW))


def ring_of(*texts: str) -> KeyRing:
    ring = KeyRing()
    for text in texts:
        ring.add(text)
    return ring
