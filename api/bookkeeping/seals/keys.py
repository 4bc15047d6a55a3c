"""The township's seal key: made once, kept beside the data, readable by its owner alone."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from api.platform.errors import ErrorCode, Refused
from ledger.heads import HeadError, SealKey


def seal_key(data: Path, township: str) -> SealKey:
    """Raises Refused: seal-key, when the file there isn't a key."""
    name = "".join(c for c in township if c.isprintable() and c not in " +") or "积美"
    data.mkdir(mode=0o755, parents=True, exist_ok=True)
    file = data / "seal.key"
    if not file.exists():
        _make(file, SealKey.generate(name))
    try:
        return SealKey.load(name, file.read_bytes())
    except HeadError as error:
        raise Refused(ErrorCode.SEAL_KEY, f"{file}：{error}") from None


def _make(file: Path, key: SealKey) -> None:
    """The first of several processes makes it, and it is whole before it has its name."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.touch(mode=0o600)
    try:
        beside.write_bytes(key.pem)
        with suppress(FileExistsError):
            os.link(beside, file)
    finally:
        beside.unlink()
