"""A backup's file: a tar of a manifest and what it lists, encrypted by age. `age -d` and `tar` open it too.

age writes in pieces of 64 kB that each prove themselves and their place, so a byte changed or a file cut off
anywhere is found out; the manifest has the digest of each part besides.
"""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec
import pyrage
from pyrage.x25519 import Identity, Recipient

from api.platform import os_errors
from api.platform.disk import unwritable
from api.platform.errors import ErrorCode, Refused

FORMAT = 2
DUMP = "database.dump"
FILES = "files/"
"""Before the names of the data folder's files."""
PHOTOS = "evidence/"
"""Before the digests of photos."""
_MANIFEST = "manifest.json"
# With a line for each of two hundred thousand photos.
_MAX_MANIFEST = 50_000_000
_PIECE = 1 << 18
"""Bytes held in memory at a time."""
_PART_NAME = re.compile(rf"{re.escape(DUMP)}|{FILES}[\w.-]{{1,80}}|{PHOTOS}[0-9a-f]{{64}}")


class Part(msgspec.Struct, frozen=True):
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`made_at`: the moment that the backup shows; `revision`: of the database's tables, None before the first;
    `tree_size`, `tree_root`: of the sealed books then, the root in hexadecimal; `rows`: how many each table has;
    `parts`: what the file holds beside this; `with_photos`: also those of the evidence."""

    format: int = FORMAT
    program: str
    revision: str
    made_at: datetime
    township: str
    tree_size: int
    tree_root: str
    rows: dict[str, int]
    parts: dict[str, Part]
    with_photos: bool = False


@dataclass(frozen=True, slots=True)
class Encrypted:
    """A file as it was written; `size`: in bytes."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A backup that was opened and holds what its manifest says, in `folder`."""

    manifest: Manifest
    folder: Path

    @property
    def dump(self) -> Path:
        return self.folder / DUMP

    def list_files(self) -> list[tuple[str, Path]]:
        """Names and places of the data folder's files."""
        names = [name for name in self.manifest.parts if name.startswith(FILES)]
        return [(name.removeprefix(FILES), self.folder / name) for name in names]

    def list_photos(self) -> list[tuple[str, Path]]:
        """Digests and places."""
        names = [name for name in self.manifest.parts if name.startswith(PHOTOS)]
        return [(name.removeprefix(PHOTOS), self.folder / name) for name in names]


def open_private(file: Path) -> IO[bytes]:
    """To write it; only its owner can read it."""
    return open(file, "wb", opener=lambda name, flags: os.open(name, flags, 0o600))


def measure(file: Path) -> Part:
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as source:
        while piece := source.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return Part(size, digest.hexdigest())


def write_archive(
    output: Path, recipients: Sequence[Recipient], manifest: Manifest, places: Sequence[tuple[str, Path]]
) -> Encrypted:
    """`places`: where the parts are, in the order to write them. The file is on disk before this returns.

    Raises OSError; Refused: backup-failed, where a part isn't any more what the manifest says.
    """
    source = _Source(_tar(manifest, places))
    with open_private(output) as file:
        target = _Target(file)
        try:
            pyrage.encrypt_io(source, target, list(recipients))
        except pyrage.EncryptError:
            # It only tells in words what it met.
            raise source.failure or target.failure or OSError("encryption failed") from None
        file.flush()
        os.fsync(file.fileno())
    return Encrypted(target.size, target.digest.hexdigest())


def read_archive(file: Path, identity: Identity, folder: Path) -> Unpacked:
    """Open a backup into an empty folder, all of it, and hold each part against the manifest.

    Raises Refused: unreadable; key-wrong; backup-damaged; database-version, of a newer program's; disk-full.
    """
    try:
        with _decrypting(file, identity) as plain:
            unpacked = _unpack(plain, folder)
    except OSError as error:
        raise unwritable(folder, error, "，没有恢复") from None
    return unpacked


def _tar(manifest: Manifest, places: Sequence[tuple[str, Path]]) -> Iterator[bytes]:
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    yield _header(_MANIFEST, len(text))
    yield text + _padding(len(text))
    for name, place in places:
        part, digest, left = manifest.parts[name], hashlib.sha256(), manifest.parts[name].size
        yield _header(name, part.size)
        with place.open("rb") as source:
            while left and (piece := source.read(min(left, _PIECE))):
                digest.update(piece)
                left -= len(piece)
                yield piece
        if left or digest.hexdigest() != part.sha256:
            raise Refused(ErrorCode.BACKUP_FAILED, "备份的时候文件变了，没有备成，请再备一次。")
        yield _padding(part.size)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.PAX_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


class _Source:
    """What is to be encrypted, read piece by piece. `failure`: what reading it raised."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._held = pieces, b""
        self.failure: Exception | None = None

    def read(self, size: int) -> bytes:
        try:
            while not self._held:
                self._held = next(self._pieces)
        except StopIteration:
            return b""
        except Exception as failure:
            self.failure = failure
            raise
        piece, self._held = self._held[:size], self._held[size:]
        return piece


class _Target:
    """A file that is written, and what was written to it. `failure`: what writing raised."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest, self.size = hashlib.sha256(), 0
        self.failure: Exception | None = None

    def write(self, piece: bytes) -> int:
        try:
            self._file.write(piece)
        except Exception as failure:
            self.failure = failure
            raise
        self.digest.update(piece)
        self.size += len(piece)
        return len(piece)

    def flush(self) -> None:
        self._file.flush()


@contextmanager
def _decrypting(file: Path, identity: Identity) -> Iterator[IO[bytes]]:
    """What is in the file, as a stream; whether all of it was sound is known at the end of the block, and raised
    there before anything that came of it."""
    try:
        source = file.open("rb")
    except OSError as error:
        raise Refused(ErrorCode.UNREADABLE, f"读不了 {file}：{os_errors.describe(error)}。") from None
    faults: list[Exception] = []

    def decrypt(target: IO[bytes]) -> None:
        # The other end is closed where what came was no backup.
        with source, suppress(BrokenPipeError), target:
            try:
                pyrage.decrypt_io(source, target, [identity])
            except (pyrage.DecryptError, OSError) as fault:
                faults.append(fault)

    reading, writing = os.pipe()
    worker = threading.Thread(target=decrypt, args=(os.fdopen(writing, "wb"),))
    worker.start()
    failure: Exception | None = None
    with os.fdopen(reading, "rb") as plain:
        try:
            yield plain
            while plain.read(_PIECE):
                pass
        except Exception as error:
            failure = error
    worker.join()
    # What is damaged may have broken off what reads it, and what breaks off a reader isn't damage.
    if faults and (failure is None or isinstance(failure, (tarfile.TarError, _Malformed))):
        raise _explain(file, faults[0])
    if isinstance(failure, (tarfile.TarError, _Malformed)):
        raise Refused(ErrorCode.BACKUP_DAMAGED, f"{file} 打得开，但不是积美的备份，或已损坏；请换一份备份。")
    if failure is not None:
        raise failure


def _explain(file: Path, fault: Exception) -> Refused:
    if "No matching keys" in str(fault):
        return Refused(ErrorCode.KEY_WRONG, f"这把钥匙打不开 {file}：它是用另一把钥匙加密的，或文件的开头坏了。")
    return Refused(
        ErrorCode.BACKUP_DAMAGED, f"{file} 不是积美的备份，或已损坏（被截断或有字节变了）；请换一份备份。"
    )


class _Malformed(Exception):
    """What was decrypted isn't what we write."""


def _unpack(plain: IO[bytes], folder: Path) -> Unpacked:
    with tarfile.open(fileobj=plain, mode="r|") as tar:
        first = tar.next()
        if first is None or first.name != _MANIFEST or first.size > _MAX_MANIFEST:
            raise _Malformed
        manifest = _read_manifest(tar, first)
        for name, part in manifest.parts.items():
            info = tar.next()
            if info is None or info.name != name or not info.isreg() or not _PART_NAME.fullmatch(name):
                raise _Malformed
            if _extract(tar, info, folder / name) != part:
                raise _Malformed
        if tar.next() is not None or DUMP not in manifest.parts:
            raise _Malformed
    return Unpacked(manifest, folder)


def _read_manifest(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Manifest:
    file = tar.extractfile(info)
    text = file.read() if file is not None else b""
    try:
        if int(msgspec.json.decode(text)["format"]) > FORMAT:
            raise Refused(ErrorCode.DATABASE_VERSION, "这份备份是更新的程序做的，请先升级本程序。")
        return msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        raise _Malformed from None


def _extract(tar: tarfile.TarFile, info: tarfile.TarInfo, place: Path) -> Part:
    place.parent.mkdir(mode=0o700, exist_ok=True)
    source = tar.extractfile(info)
    digest, size = hashlib.sha256(), 0
    with open_private(place) as output:
        while source is not None and (piece := source.read(_PIECE)):
            output.write(piece)
            digest.update(piece)
            size += len(piece)
    return Part(size, digest.hexdigest())
