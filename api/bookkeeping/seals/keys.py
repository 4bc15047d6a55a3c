"""The township's seal key: generated once, and anew after a restore; in the data folder, readable by its owner."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from api.platform.errors import ErrorCode, Refused
from ledger.heads import HeadError, SealKey


def load_seal_key(data: Path, township: str, restore: UUID | None = None) -> SealKey:
    """The key since the last restore of the books, which no earlier head is signed with. Generates it if there is
    none. Raises Refused: seal-key, if the file isn't a key."""
    name = "".join(c for c in township if c.isprintable() and c not in " +") or "积美"
    data.mkdir(mode=0o755, parents=True, exist_ok=True)
    file = data / ("seal.key" if restore is None else f"seal-{restore}.key")
    if not file.exists():
        _write_key(file, SealKey.generate(name))
    try:
        return SealKey.load(name, file.read_bytes())
    except HeadError as error:
        raise Refused(ErrorCode.SEAL_KEY, f"{file}：{error}") from None


def _write_key(file: Path, key: SealKey) -> None:
    """Atomic: the first of several processes wins, and the file is complete before it has its name."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.touch(mode=0o600)
    try:
        temporary.write_bytes(key.pem)
        with suppress(FileExistsError):
            os.link(temporary, file)
    finally:
        temporary.unlink()
