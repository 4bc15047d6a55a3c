"""Signed tree heads, printed on public notices: later changes to the books can be proven with them.

The text is a C2SP tlog-checkpoint in a signed note, with the time of signing as its one extension line:

    示范乡
    1234
    ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=
    2026-06-15T02:00:00Z

    — 示范乡 BASE64(first four bytes of the key's digest, then the Ed25519 signature)

Parsing is strict: each head has exactly one text. The specification allows several signatures; ours have one, and
its name is the origin's.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ledger.merkle import HASH_LENGTH

MAX_LEAVES = 2**63 - 1
_ED25519 = b"\x01"
_KEY_LENGTH = 32
_ID_LENGTH = 4
_SIGNATURE_LENGTH = 64
_SIGNATURE_LINE = re.compile(r"— (\S+) (\S+)")


class HeadError(ValueError):
    """What is wrong with a head or a key, in one sentence for people."""


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The root of the books' first `size` records. `signed_at` is UTC, in whole seconds.

    Raises HeadError for values that can't be written as a head.
    """

    origin: str
    size: int
    root: bytes
    signed_at: datetime

    def __post_init__(self) -> None:
        _check_name(self.origin)
        if not 0 <= self.size <= MAX_LEAVES:
            raise HeadError("记录条数超出范围。")
        if len(self.root) != HASH_LENGTH:
            raise HeadError("根摘要的长度不对。")
        if self.signed_at.utcoffset() != timedelta(0) or self.signed_at.microsecond:
            raise HeadError("签署时间应为协调世界时（UTC）的整秒。")

    @property
    def text(self) -> str:
        """What is signed: four lines, each with its newline."""
        return f"{self.origin}\n{self.size}\n{_encode_base64(self.root)}\n{_format_moment(self.signed_at)}\n"

    @property
    def reference(self) -> str:
        """As printed on receipts: its size and the first characters of its root."""
        return f"{self.size} {_encode_base64(self.root)[:8]}"


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head with a signature that is not verified yet: see `VerifierKey.has_signed`."""

    head: TreeHead
    key_id: bytes
    signature: bytes

    @property
    def text(self) -> str:
        return f"{self.head.text}\n— {self.head.origin} {_encode_base64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, text: str) -> SignedHead:
        """Raises HeadError unless it is the exact text of a head."""
        lines = text.split("\n")
        if len(lines) != 7 or lines[4] or lines[6]:
            raise HeadError("封印应为四行文字、一个空行、一行签名，并以换行结束。")
        origin, size, root, moment, _, signature, _ = lines
        if not re.fullmatch(r"0|[1-9][0-9]{0,18}", size):
            raise HeadError("第二行应为记录条数。")
        head = TreeHead(
            origin, int(size), _parse_base64(root, HASH_LENGTH, "第三行应为根摘要。"), _parse_moment(moment)
        )
        named = _SIGNATURE_LINE.fullmatch(signature)
        if not named or named[1] != origin:
            raise HeadError("最后一行应为“— 账本名称 签名”，名称与第一行相同。")
        signed = _parse_base64(named[2], _ID_LENGTH + _SIGNATURE_LENGTH, "最后一行的签名残缺。")
        return cls(head, signed[:_ID_LENGTH], signed[_ID_LENGTH:])

    @classmethod
    def parse_copied(cls, text: str) -> SignedHead:
        """Parse a text that was copied by people: other line ends, and surrounding spaces and blank lines, are
        allowed. The signature is verified over the head's exact text anyway.
        """
        lines = text.strip().splitlines()
        return cls.parse("\n".join(line.strip() for line in lines) + "\n")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a seal key, as a signed note's `NAME+ID+KEY`."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public) != _KEY_LENGTH:
            raise HeadError("公钥的长度不对。")

    @property
    def text(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_encode_base64(_ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Raises HeadError unless it is the exact text of a key."""
        name, *rest = text.split("+", 2)
        if len(rest) != 2:
            raise HeadError("公钥应为“名称+编号+内容”。")
        encoded = _parse_base64(rest[1], 1 + _KEY_LENGTH, "公钥的内容残缺。")
        if not encoded.startswith(_ED25519):
            raise HeadError("公钥不是 Ed25519 的。")
        key = cls(name, encoded[1:])
        if rest[0] != key.id.hex():
            raise HeadError("公钥的编号与内容不符。")
        return key

    @property
    def id(self) -> bytes:
        """Four bytes: enough to tell keys apart, not enough to trust one."""
        return self._digest[:_ID_LENGTH]

    @property
    def fingerprint(self) -> str:
        """128 bits of the key's digest in eight groups, to compare with a printed notice."""
        return self._digest[:16].hex(" ", 2).upper()

    @property
    def _digest(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()

    def has_signed(self, note: SignedHead) -> bool:
        if note.head.origin != self.name or note.key_id != self.id:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(note.signature, note.head.text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SealKey:
    """The private key that signs the heads of one origin. Its `repr` doesn't reveal it; only `pem` does."""

    name: str
    private: Ed25519PrivateKey

    def __post_init__(self) -> None:
        _check_name(self.name)

    @classmethod
    def generate(cls, name: str) -> SealKey:
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, name: str, pem: bytes) -> SealKey:
        """Raises HeadError if `pem` isn't an unencrypted Ed25519 key in PKCS8."""
        try:
            private = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise HeadError("这不是封印私钥文件。") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise HeadError("封印私钥应为 Ed25519 的。")
        return cls(name, private)

    @property
    def pem(self) -> bytes:
        """PKCS8, unencrypted: whoever can read it can sign."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, self.private.public_key().public_bytes_raw())

    def sign(self, head: TreeHead) -> SignedHead:
        """Raises HeadError if the head has another origin."""
        if head.origin != self.name:
            raise HeadError("封印私钥与账本名称不符。")
        return SignedHead(head, self.verifier.id, self.private.sign(head.text.encode()))


def _check_name(name: str) -> None:
    """No spaces, no invisible characters, no plus sign: these have a meaning in a signed note."""
    if not name or not name.isprintable() or " " in name or "+" in name:
        raise HeadError("账本名称不能为空，也不能有空格、加号或看不见的字符。")


def _encode_base64(raw: bytes) -> str:
    return b64encode(raw).decode()


def _parse_base64(text: str, length: int, error: str) -> bytes:
    """Raises HeadError with the sentence `error` unless it is the canonical base64 of that many bytes."""
    try:
        raw = b64decode(text, validate=True)
    except ValueError:
        raise HeadError(error) from None
    if len(raw) != length or _encode_base64(raw) != text:
        raise HeadError(error)
    return raw


def _format_moment(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat() + "Z"


def _parse_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or _format_moment(moment) != text:
        raise HeadError("第四行应为签署时间，如 2026-06-15T02:00:00Z。")
    return moment
