"""The file of a backup: all of it or nothing, whatever happens to it."""

from __future__ import annotations

import errno
import io
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import hypothesis.strategies as st
import msgspec
import pyrage
import pytest
from hypothesis import given, settings
from pyrage.x25519 import Identity

from api.platform.backup.archive import DUMP, FORMAT, Manifest, measure, read_archive, write_archive
from api.platform.errors import ErrorCode, Refused
from tests.profile import many

KEY = Identity.generate()
MADE_AT = datetime(2026, 6, 15, tzinfo=UTC)
# Longer than one of age's pieces.
DUMPED = bytes(range(256)) * 300
FILES = {DUMP: DUMPED, "files/seal.key": b"secret"}


def written(folder: Path, output: Path) -> Manifest:
    folder.mkdir(parents=True, exist_ok=True)
    places = [(name, folder / name.replace("/", "-")) for name in FILES]
    for name, place in places:
        place.write_bytes(FILES[name])
    manifest = Manifest(
        program="0.1.0", revision="1003", made_at=MADE_AT, township="乡", tree_size=1, tree_root="00", rows={},
        parts={name: measure(place) for name, place in places},
    )  # fmt: skip
    encrypted = write_archive(output, [KEY.to_public()], manifest, places)
    assert (encrypted.size, encrypted.sha256) == (measure(output).size, measure(output).sha256)
    return manifest


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("backup")
    written(folder / "parts", folder / "a.jimei")
    return (folder / "a.jimei").read_bytes()


def read(content: bytes, folder: Path, key: Identity = KEY) -> ErrorCode | None:
    """What it was refused by."""
    folder.mkdir(exist_ok=True)
    (folder / "b.jimei").write_bytes(content)
    try:
        read_archive(folder / "b.jimei", key, folder)
    except Refused as refused:
        return refused.code
    return None


def test_what_was_written_is_read(tmp_path: Path) -> None:
    manifest = written(tmp_path / "parts", tmp_path / "a.jimei")
    (tmp_path / "out").mkdir()
    unpacked = read_archive(tmp_path / "a.jimei", KEY, tmp_path / "out")
    assert unpacked.manifest == manifest
    assert unpacked.dump.read_bytes() == DUMPED
    assert [(name, place.read_bytes()) for name, place in unpacked.list_files()] == [("seal.key", b"secret")]
    assert (tmp_path / "a.jimei").stat().st_mode & 0o777 == 0o600


def test_the_tools_that_everybody_has_open_it_too(backup: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(pyrage.decrypt(backup, [KEY]))) as tar:
        assert tar.getnames() == ["manifest.json", *FILES]


@settings(max_examples=many(60), deadline=None)
@given(st.data())
def test_one_byte_that_changed_anywhere_is_found_out(
    backup: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    # Half of them in the head, where the keys are.
    place = data.draw(st.one_of(st.integers(0, 400), st.integers(0, len(backup) - 1)))
    changed = bytearray(backup)
    changed[place] ^= data.draw(st.integers(1, 255))
    refused = read(bytes(changed), tmp_path_factory.mktemp("changed"))
    assert refused in (ErrorCode.BACKUP_DAMAGED, ErrorCode.KEY_WRONG)


@settings(max_examples=many(40), deadline=None)
@given(st.data())
def test_a_file_that_was_cut_off_or_goes_on_is_damaged(
    backup: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    cut = backup[: data.draw(st.integers(0, len(backup) - 1))]
    longer = backup + data.draw(st.binary(min_size=1, max_size=10))
    for content in (cut, longer):
        assert read(content, tmp_path_factory.mktemp("cut")) is ErrorCode.BACKUP_DAMAGED


def test_another_key_opens_nothing(backup: bytes, tmp_path: Path) -> None:
    assert read(backup, tmp_path, Identity.generate()) is ErrorCode.KEY_WRONG


def sealed(*members: tuple[str, bytes]) -> bytes:
    """What is encrypted soundly, and wasn't written by us."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return bytes(pyrage.encrypt(plain.getvalue(), [KEY.to_public()]))


def manifest_with(**changes: object) -> tuple[str, bytes]:
    known: dict[str, object] = {
        "format": FORMAT, "program": "", "revision": "1001", "made_at": MADE_AT, "township": "", "tree_size": 0,
        "tree_root": "", "rows": {}, "parts": {DUMP: {"size": 1, "sha256": "00"}},
    }  # fmt: skip
    return "manifest.json", msgspec.json.encode(known | changes)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ([], ErrorCode.BACKUP_DAMAGED),
        ([("../evil", b"")], ErrorCode.BACKUP_DAMAGED),
        ([("manifest.json", b"[]")], ErrorCode.BACKUP_DAMAGED),
        ([manifest_with()], ErrorCode.BACKUP_DAMAGED),
        ([manifest_with(), (DUMP, b"x")], ErrorCode.BACKUP_DAMAGED),
        ([manifest_with(parts={"../x": {"size": 1, "sha256": ""}}), ("../x", b"x")], ErrorCode.BACKUP_DAMAGED),
        ([manifest_with(parts={})], ErrorCode.BACKUP_DAMAGED),
        ([manifest_with(format=FORMAT + 1, parts=None)], ErrorCode.DATABASE_VERSION),
    ],
)  # fmt: skip
def test_what_is_no_backup_of_ours_is_told(
    tmp_path: Path, members: list[tuple[str, bytes]], code: ErrorCode
) -> None:
    assert read(sealed(*members), tmp_path / "out") is code
    assert not (tmp_path / "evil").exists()


def test_no_file_and_no_room_are_told(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="没有这个文件"):
        read_archive(tmp_path / "none", KEY, tmp_path)
    with pytest.raises(OSError, match="space") as full:
        written(tmp_path, Path("/dev/full"))
    assert full.value.errno == errno.ENOSPC


def test_a_part_that_changes_while_it_is_written_is_no_backup(tmp_path: Path) -> None:
    manifest = written(tmp_path / "parts", tmp_path / "a.jimei")
    places = [(name, tmp_path / "parts" / name.replace("/", "-")) for name in FILES]
    places[1][1].write_bytes(b"other!")
    with pytest.raises(Refused) as refused:
        write_archive(tmp_path / "b.jimei", [KEY.to_public()], manifest, places)
    assert refused.value.code is ErrorCode.BACKUP_FAILED
