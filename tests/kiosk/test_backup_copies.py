"""Every till carries the newest proven backups along: fetched in pieces, never while somebody is served."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import msgspec
import pytest

from api.platform.backup.catalogue import Backup, Catalogue, backup_folder
from api.shop.till.backup_copy import MAX_PIECE
from kiosk import backup_copies
from kiosk.backup_copies import BackupCopyService
from kiosk.client import Client
from kiosk.errors import Refused
from kiosk.session import Session
from tests.api.asking import problem
from tests.conftest import NOW, LiveTown
from tests.kiosk.conftest import QUICK

FIRST, SECOND, THIRD = (os.urandom(size) for size in (2 * MAX_PIECE + 7, MAX_PIECE, 5))


@pytest.fixture(autouse=True)
def without_backups(town: LiveTown) -> Iterator[None]:
    yield
    shutil.rmtree(backup_folder(town.town.data), ignore_errors=True)


def put_backups(town: LiveTown, *contents: bytes, proven: bool = True) -> None:
    """The newest first."""
    folder = backup_folder(town.town.data)
    folder.mkdir(parents=True, exist_ok=True)
    backups = []
    for content in contents:
        digest = sha256(content).hexdigest()
        name = f"jimei-{digest[:8]}.jimei"
        (folder / name).write_bytes(content)
        backups.append(
            Backup(name, NOW, len(content), digest, "key", 1, "00", "1004", "", NOW if proven else None)
        )
    (folder / "catalogue.json").write_bytes(msgspec.json.encode(Catalogue(tuple(backups))))


def carrier(town: LiveTown, folder: Path) -> BackupCopyService:
    session = Session()
    session.connection.online = True
    return BackupCopyService(folder, Client(town.url, town.kiosk.token), session, QUICK)


def held(service: BackupCopyService) -> list[bytes]:
    return [file.read_bytes() for file in service.list_copies()]


def a_day_later(service: BackupCopyService) -> None:
    for file in service.list_copies():
        os.utime(file, (file.stat().st_atime, file.stat().st_mtime - timedelta(days=1).total_seconds()))


async def test_a_copy_is_fetched_in_pieces_and_goes_on_where_it_stopped(town: LiveTown, tmp_path: Path) -> None:
    service = carrier(town, tmp_path)
    with pytest.raises(Refused):
        await service.step()
    put_backups(town, FIRST)
    await service.step()
    [part] = (tmp_path / "backups").iterdir()
    assert part.read_bytes() == FIRST[:MAX_PIECE]
    # The power went.
    service = carrier(town, tmp_path)
    for _ in range(2):
        await service.step()
    assert held(service) == [FIRST]
    assert [file.suffix for file in (tmp_path / "backups").iterdir()] == [".jimei"]
    # Not again today; tomorrow the same one needs no second copy.
    put_backups(town, SECOND)
    assert await service.step() == QUICK.refused_pause
    put_backups(town, FIRST)
    a_day_later(service)
    await service.step()
    assert held(service) == [FIRST]
    assert await service.step() == QUICK.refused_pause


async def test_the_last_two_are_kept_and_a_newer_one_begins_anew(town: LiveTown, tmp_path: Path) -> None:
    service = carrier(town, tmp_path)
    put_backups(town, FIRST)
    await service.step()
    put_backups(town, SECOND)
    await service.step()
    assert held(service) == [SECOND]
    for newest in (THIRD, FIRST):
        a_day_later(service)
        put_backups(town, newest)
        for _ in range(3):
            await service.step()
    assert held(service) == [FIRST, THIRD]


async def test_nothing_is_fetched_while_somebody_is_served_or_offline_or_without_room(
    town: LiveTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_backups(town, THIRD)
    service = carrier(town, tmp_path)
    service.session.connection.online = False
    await service.step()
    service.session.connection.online = True
    service.session.prepare_for_card(town.card)
    async with Client(town.url, town.kiosk.token) as client:
        service.session.show_household(town.card, await client.get_card(town.card))
    await service.step()
    assert held(service) == []
    service.session.reset()
    service.session.connection.online = True
    monkeypatch.setattr(backup_copies, "ENOUGH_ROOM", 2**62)
    monkeypatch.setattr(backup_copies, "ROOM_FOR", 2**62)
    with pytest.raises(OSError, match="room"):
        await service.step()
    assert held(service) == []


async def test_what_was_cut_or_changed_on_the_way_is_no_copy(town: LiveTown, tmp_path: Path) -> None:
    put_backups(town, THIRD)
    [file] = backup_folder(town.town.data).glob("*.jimei")
    file.write_bytes(bytes(len(THIRD)))
    service = carrier(town, tmp_path)
    await service.step()
    assert list((tmp_path / "backups").iterdir()) == []


async def test_the_server_gives_pieces_to_its_tills_alone(town: LiveTown) -> None:
    put_backups(town, SECOND, proven=False)
    headers = {"Authorization": f"Bearer {town.kiosk.token}"}
    async with httpx.AsyncClient(base_url=town.url, headers=headers) as http:
        problem(await http.get("/v1/till/backup"), 404, "unknown")
        put_backups(town, THIRD)
        piece = await http.get("/v1/till/backup", headers={"Range": "bytes=1-2"})
        assert (piece.status_code, piece.content) == (206, THIRD[1:3])
        assert piece.headers["Content-Range"] == "bytes 1-2/5"
        problem(await http.get("/v1/till/backup", headers={"Range": "bytes=5-"}), 400, "malformed")
        anew = await http.get("/v1/till/backup", headers={"Range": "bytes=3-", "If-Range": '"other"'})
        assert anew.content == THIRD
    async with town.staff("office") as http:
        problem(await http.get("/v1/till/backup"), 401, "device-unknown")
