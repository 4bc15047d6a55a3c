"""Heads and keys: one text for each, and none that was tampered with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from ledger.heads import MAX_LEAVES, HeadError, SealKey, SignedHead, TreeHead, VerifierKey

NAME = "示范乡.example/jimei"
KEY = SealKey(NAME, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
HEAD = TreeHead(NAME, 1234, bytes(range(32, 64)), datetime(2026, 6, 15, 2, tzinfo=UTC))

# Posters with these hang on walls: should the format change, these have to be readable still.
FIXED_KEY = "示范乡.example/jimei+2d2594c6+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
FIXED_FINGERPRINT = "2D25 94C6 B360 1937 5FC3 2566 3765 24B0"
FIXED_TEXT = """\
示范乡.example/jimei
1234
ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=
2026-06-15T02:00:00Z

— 示范乡.example/jimei LSWUxr1W8b8AV6VgQ2hICPw659ihysrSHf++Uykr6wAe7D9YKb1lR60/G5BC6kf20TRsUF4b4EOMn2xT4VylE3V6XgQ=
"""

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(
    lambda name: name.isprintable() and not set(" +") & set(name)
)
MOMENTS = st.datetimes(timezones=st.just(UTC)).map(partial(datetime.replace, microsecond=0))
HEADS = st.builds(TreeHead, NAMES, st.integers(0, MAX_LEAVES), st.binary(min_size=32, max_size=32), MOMENTS)
KEYS = st.binary(min_size=32, max_size=32).map(Ed25519PrivateKey.from_private_bytes)


def test_the_fixed_texts() -> None:
    assert KEY.verifier.text == FIXED_KEY
    assert KEY.verifier.fingerprint == FIXED_FINGERPRINT
    assert KEY.sign(HEAD).text == FIXED_TEXT
    assert VerifierKey.parse(FIXED_KEY).has_signed(SignedHead.parse(FIXED_TEXT))


def test_a_key_that_everybody_knows() -> None:
    """That of Go's checksum database: our ids are made as other people's."""
    known = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    assert VerifierKey.parse(known).text == known


@given(HEADS, KEYS)
def test_heads_and_keys_come_back_from_their_texts(head: TreeHead, private: Ed25519PrivateKey) -> None:
    key = SealKey(head.origin, private)
    note = key.sign(head)
    assert SignedHead.parse(note.text) == SignedHead.parse_copied(note.text) == note
    assert VerifierKey.parse(key.verifier.text) == key.verifier
    assert key.verifier.has_signed(note)
    assert SealKey.load(head.origin, key.pem).verifier == key.verifier


def _changes(text: str) -> set[str]:
    """Every text one character away: another one, one less, one more, two exchanged."""
    characters = "0Aa9Z+/=—- \n\r\t积\0\u3000é"
    found = set()
    for i in range(len(text) + 1):
        before, here, after = text[:i], text[i : i + 1], text[i + 1 :]
        near = {here.swapcase(), *map(chr, range(max(0, ord(here) - 2), ord(here) + 3))} if here else set()
        found |= {before + c + after for c in {*characters, *near}}
        found |= {before + c + here + after for c in characters}
        found |= {before + after, before + after[:1] + here + after[1:]}
    return found - {text}


def test_no_character_of_a_head_can_be_changed() -> None:
    for changed in _changes(FIXED_TEXT):
        try:
            note = SignedHead.parse(changed)
        except HeadError:
            continue
        assert not KEY.verifier.has_signed(note), changed


def test_no_character_of_a_head_can_be_changed_by_copying() -> None:
    """What a copied text tolerates reads as the same head."""
    tolerated = 0
    for changed in _changes(FIXED_TEXT):
        try:
            note = SignedHead.parse_copied(changed)
        except HeadError:
            continue
        if KEY.verifier.has_signed(note):
            assert note.text == FIXED_TEXT
            tolerated += 1
    assert tolerated > 0


def test_no_character_of_a_key_can_be_changed() -> None:
    for changed in _changes(FIXED_KEY):
        with pytest.raises(HeadError):
            VerifierKey.parse(changed)


def test_a_copied_text() -> None:
    copied = "\ufeff\r\n  \r\n" + FIXED_TEXT.replace("\n", " \t\r\n").rstrip()
    with pytest.raises(HeadError):
        SignedHead.parse(copied)
    assert SignedHead.parse_copied(copied.removeprefix("\ufeff")).text == FIXED_TEXT
    # But not a line more or less.
    for other in (FIXED_TEXT.replace("\n\n", "\n"), FIXED_TEXT.replace("\n", "\n\n"), FIXED_TEXT * 2, ""):
        with pytest.raises(HeadError):
            SignedHead.parse_copied(other)


@pytest.mark.parametrize(
    ("line", "wrong", "sentence"),
    [
        (0, "", "名称"),
        (0, "示范 乡", "名称"),
        (1, "", "条数"),
        (1, "01234", "条数"),
        (1, "+1234", "条数"),
        (1, "１２３４", "条数"),
        (1, "1e3", "条数"),
        (1, str(MAX_LEAVES + 1), "范围"),
        (1, "9" * 5000, "条数"),
        (2, "", "根摘要"),
        (2, "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pg==", "根摘要"),
        (2, "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9=", "根摘要"),
        (2, "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8", "根摘要"),
        (2, "积" * 44, "根摘要"),
        (3, "2026-06-15 02:00:00Z", "签署时间"),
        (3, "2026-06-15T02:00:00+00:00", "签署时间"),
        (3, "2026-06-15T10:00:00+08:00", "签署时间"),
        (3, "2026-06-15T02:00:00", "签署时间"),
        (3, "2026-06-15T02:00:00.500000Z", "签署时间"),
        (3, "2026-06-31T02:00:00Z", "签署时间"),
        (3, "0001-01-01T00:00:00+23:00", "签署时间"),
        (5, "", "最后一行"),
        (5, "- " + FIXED_TEXT.splitlines()[5][2:], "最后一行"),
        (5, f"— 别的乡 {FIXED_TEXT.splitlines()[5].split()[2]}", "最后一行"),
        (5, f"— {NAME} AAAA", "残缺"),
    ],
)
def test_each_malformed_line_is_named(line: int, wrong: str, sentence: str) -> None:
    lines = FIXED_TEXT.split("\n")
    lines[line] = wrong
    with pytest.raises(HeadError, match=sentence):
        SignedHead.parse("\n".join(lines))


def test_only_what_can_be_written_is_a_head() -> None:
    make = partial(TreeHead, NAME, 1, bytes(32))
    for moment in (
        datetime(2026, 6, 15, 2),  # noqa: DTZ001
        datetime(2026, 6, 15, 2, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 6, 15, 10, tzinfo=timezone(timedelta(hours=8))),
    ):
        with pytest.raises(HeadError, match="UTC"):
            make(moment)
    for name in ("", "a b", "a+b", "a\nb", "a\u200bb", "\ud800"):
        with pytest.raises(HeadError, match="名称"):
            TreeHead(name, 1, bytes(32), HEAD.signed_at)
        with pytest.raises(HeadError, match="名称"):
            SealKey.generate(name)
    with pytest.raises(HeadError, match="条数"):
        TreeHead(NAME, -1, bytes(32), HEAD.signed_at)
    with pytest.raises(HeadError, match="根摘要"):
        TreeHead(NAME, 1, bytes(31), HEAD.signed_at)


def test_another_key_has_not_signed() -> None:
    note = KEY.sign(HEAD)
    assert not SealKey.generate(NAME).verifier.has_signed(note)
    assert not VerifierKey("别的乡", KEY.verifier.public).has_signed(note)
    other = SealKey.generate(NAME).sign(HEAD)
    assert not KEY.verifier.has_signed(SignedHead(HEAD, KEY.verifier.id, other.signature))
    with pytest.raises(HeadError, match="不符"):
        SealKey.generate("别的乡").sign(HEAD)


def test_files_that_hold_no_seal_key() -> None:
    private = KEY.private
    locked = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    exchange = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for pem in (b"", b"nonsense", KEY.pem[:-40], locked, exchange, KEY.verifier.text.encode()):
        with pytest.raises(HeadError, match="私钥"):
            SealKey.load(NAME, pem)


def test_a_key_does_not_show_itself() -> None:
    assert bytes(range(32)).hex() not in repr(KEY)
    assert repr(bytes(range(32)))[2:-1] not in repr(KEY)
