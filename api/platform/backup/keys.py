"""The key that backups are encrypted to, and its three parts on paper, of which any two give it back.

The machine keeps the public half. The secret lies beside the backups until its parts are printed, and then
nowhere. Until then a backup can be restored as long as that file is kept, and a machine that burns takes it along;
who steals it with the machine reads no more than the database beside it.

One age key split by SLIP-39, not an age file for three recipients: of three any *one* would open it; two of three
would take files within files. And SLIP-39's words can be read aloud and typed where a QR has faded.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from pyrage import IdentityError
from pyrage.x25519 import Identity, Recipient
from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.wordlist import WORDLIST

from api.platform import os_errors
from api.platform.backup import bech32
from api.platform.backup.catalogue import backup_folder, lock_key
from api.platform.durable_files import write_durably
from api.platform.errors import ErrorCode, Refused

HOLDERS = ("党支部", "村委会", "监委")
"""Who keeps the first, second and third part."""
PARTS_NEEDED = 2
RECORD_FILE, SECRET_FILE = "key.json", "backup.key"
_PREFIX = "age-secret-key-"
_MAX_FILE = 10_000
"""Bytes; a key or a part is shorter."""
# Each word is told from all others by its first four letters.
_LETTERS = 4
_WORDS = {word[:_LETTERS]: word for word in WORDLIST}


class KeyRecord(msgspec.Struct, frozen=True):
    """`recipient`: the public half, as age writes it. `printed_at`, `printed_by`: when the parts were printed and
    the secret forgotten, and by whom. `approved_by`: who has agreed at the desk that they may be printed; `shown`:
    the digest of three words of the parts that were shown last."""

    recipient: str
    made_at: datetime
    approved_by: tuple[str, ...] = ()
    shown: str = ""
    printed_at: datetime | None = None
    printed_by: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(self.recipient)


@dataclass(frozen=True, slots=True)
class KeyPart:
    """`number`: from 1; `words`: what is printed, and in capitals in the QR."""

    number: int
    holder: str
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)


def fingerprint_of(recipient: str) -> str:
    """To compare by eye: two groups of four."""
    digest = hashlib.sha256(recipient.encode()).hexdigest().upper()
    return f"{digest[:4]} {digest[4:8]}"


def read_key_record(data: Path) -> KeyRecord | None:
    """None before the first backup. Raises Refused: key-wrong, where the record is damaged: who made another key
    then would lose this one's secret."""
    file = backup_folder(data) / RECORD_FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=KeyRecord)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except msgspec.DecodeError:
        raise _wrong(f"{file} 坏了，不知道备份用哪把钥匙：请从别处找回它，或把它移走、换新钥匙") from None


def provide_key(data: Path, now: datetime) -> KeyRecord:
    """The key of this folder, made where there is none."""
    with lock_key(data):
        return read_key_record(data) or replace_key(data, now)


def replace_key(data: Path, now: datetime) -> KeyRecord:
    """Another key for all backups to come; those made before still want the parts of the one before. Only while
    the key is locked."""
    identity = Identity.generate()
    record = KeyRecord(str(identity.to_public()), now)
    # The secret first: cut off in between, what is there is a secret of nothing.
    write_durably(backup_folder(data) / SECRET_FILE, f"{identity}\n".encode())
    write_key_record(data, record)
    return record


def write_key_record(data: Path, record: KeyRecord) -> None:
    write_durably(backup_folder(data) / RECORD_FILE, msgspec.json.encode(record))


def read_secret(data: Path) -> Identity | None:
    """Of the present key, as long as the machine has it."""
    record = read_key_record(data)
    try:
        identity = Identity.from_str((backup_folder(data) / SECRET_FILE).read_text().strip())
    except (OSError, IdentityError):
        return None
    return identity if record is not None and str(identity.to_public()) == record.recipient else None


def forget_secret(data: Path, record: KeyRecord) -> None:
    """Once its parts are printed; `record` says by whom."""
    write_key_record(data, record)
    (backup_folder(data) / SECRET_FILE).unlink(missing_ok=True)


def split(identity: Identity) -> list[KeyPart]:
    """Other parts each time: parts of different times don't go together."""
    secret = bech32.decode(_PREFIX, str(identity))
    [texts] = generate_mnemonics(1, [(PARTS_NEEDED, len(HOLDERS))], secret)
    # What can't be put together again would be found out in a fire.
    assert all(str(_combine([texts[n], texts[n - 1]])) == str(identity) for n in range(len(texts)))
    return [
        KeyPart(number, holder, tuple(text.split()))
        for number, (holder, text) in enumerate(zip(HOLDERS, texts, strict=True), start=1)
    ]


def shorten(word: str) -> str:
    """What tells a word from all others, however it was written."""
    return word.strip().lower()[:_LETTERS]


class KeyRing:
    """Takes parts and key files one by one, as they are read from paper, until they give the key."""

    def __init__(self) -> None:
        self._identity: Identity | None = None
        self._parts: list[str] = []

    @property
    def identity(self) -> Identity | None:
        return self._identity

    @property
    def by_parts(self) -> bool:
        """Whether it was put together of parts on paper."""
        return self._identity is not None and len(self._parts) >= PARTS_NEEDED

    @property
    def next_part(self) -> int:
        return len(self._parts) + 1

    def add_file(self, file: Path) -> None:
        """Raises Refused: unreadable, key-wrong."""
        try:
            with file.open("rb") as source:
                text = source.read(_MAX_FILE).decode("utf-8-sig", errors="replace")
        except OSError as error:
            raise Refused(ErrorCode.UNREADABLE, f"读不了 {file}：{os_errors.describe(error)}。") from None
        self.add(text)

    def add(self, text: str) -> None:
        """A part's words or QR, or the text of a key file. Raises Refused: key-wrong, in one sentence."""
        found = re.search(rf"{_PREFIX}1\w+", text, re.IGNORECASE)
        if found is not None:
            try:
                self._identity = Identity.from_str(found[0].upper())
            except IdentityError:
                raise _wrong("钥匙文件的内容不全或抄错了") from None
            return
        part = _read_part(text)
        if part in self._parts:
            raise _wrong("这是同一片，请用另一片")
        if self._parts:
            self._identity = _combine([*self._parts, part][:PARTS_NEEDED])
        self._parts.append(part)


def _read_part(text: str) -> str:
    """The words of a part in full, which may be shortened to four letters and numbered."""
    words = []
    for place, word in enumerate(re.findall(r"[a-z]+", text.lower()), start=1):
        known = _WORDS.get(word[:_LETTERS])
        if known is None or not known.startswith(word):
            raise _wrong(f"分片的第 {place} 个词“{word[:20]}”不在词表里，请对照纸上再输入")
        words.append(known)
    part = " ".join(words)
    try:
        Share.from_mnemonic(part)
    except MnemonicError:
        why = "分片不全或抄错了，请对照纸上的词（共 33 个）再输入" if words else "这里没有分片的词"
        raise _wrong(why) from None
    return part


def _combine(parts: Sequence[str]) -> Identity:
    try:
        secret = combine_mnemonics(parts)
    except MnemonicError:
        raise _wrong("这两片不是同一次印的，凑不成一把钥匙") from None
    try:
        return Identity.from_str(bech32.encode(_PREFIX, secret).upper())
    except IdentityError:
        raise _wrong("这两片不是备份的钥匙") from None


def _wrong(why: str) -> Refused:
    return Refused(ErrorCode.KEY_WRONG, f"{why}。")


def parse_recipient(text: str) -> Recipient:
    return Recipient.from_str(text)
