"""Files that are there, complete, after a power cut, or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

# On another disk, or one that knows no second names.
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.ENOTSUP)
_DIGEST = re.compile(r"[0-9a-f]{64}")


def write_durably(file: Path, content: bytes) -> None:
    """Readable by its owner alone; under its name only once it is complete and on disk."""
    new = file.with_name(f".{file.name}.new")
    with open(new, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    new.replace(file)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in the folder durable."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class ContentFiles:
    """Files in `folder`, each named by the SHA-256 of its content in hexadecimal, in a folder named by the first
    two digits. Whoever writes the same content at the same moment writes one file. All raise OSError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def locate(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest

    def write(self, content: bytes) -> str:
        """Its digest, once the file is there and on disk."""
        digest = digest_of(content)
        place = self.locate(digest)
        if self.examine(digest) == "sound":
            return digest
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._incoming.mkdir(mode=0o700, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._incoming)
        try:
            with open(handle, "wb") as output:
                output.write(content)
                output.flush()
                os.fsync(output.fileno())
            place.parent.mkdir(mode=0o700, exist_ok=True)
            Path(name).replace(place)
        finally:
            Path(name).unlink(missing_ok=True)
        for folder in (place.parent, self.folder, self.folder.parent):
            sync_folder(folder)
        return digest

    def read(self, digest: str) -> bytes | None:
        """None where there is no such file, or another content in it."""
        try:
            content = self.locate(digest).read_bytes()
        except FileNotFoundError:
            return None
        return content if digest_of(content) == digest else None

    def examine(self, digest: str) -> Literal["sound", "missing", "altered"]:
        if not self.locate(digest).exists():
            return "missing"
        return "altered" if self.read(digest) is None else "sound"

    def adopt(self, digest: str, place: Path) -> None:
        """Move a file of the same disk here, as it is; it may not yet be on disk."""
        self.locate(digest).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.replace(self.locate(digest))

    def link_into(self, folder: Path) -> None:
        """Give each file another name in a folder, where it stays whatever happens here."""
        for digest in self.iter_digests():
            with suppress(FileExistsError, FileNotFoundError):
                try:
                    (folder / digest).hardlink_to(self.locate(digest))
                except OSError as error:
                    if error.errno not in _NO_LINKS:
                        raise
                    shutil.copy(self.locate(digest), folder / digest)

    def remove(self, digest: str) -> None:
        self.locate(digest).unlink(missing_ok=True)

    def iter_digests(self) -> Iterator[str]:
        for place in sorted(self.folder.glob("[0-9a-f][0-9a-f]/*")):
            if _DIGEST.fullmatch(place.name):
                yield place.name

    def forget_incoming(self, before: float) -> None:
        """Remove what a process that was killed while it wrote has left, from before that time in seconds."""
        for left in self._incoming.glob("*"):
            if left.stat().st_mtime < before:
                left.unlink(missing_ok=True)

    @property
    def _incoming(self) -> Path:
        return self.folder / "incoming"


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
