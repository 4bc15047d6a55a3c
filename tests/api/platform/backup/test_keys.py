"""The key of backups, and its parts on paper."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from pyrage.x25519 import Identity

from api.platform.backup import bech32
from api.platform.backup.catalogue import backup_folder, lock_backups
from api.platform.backup.keys import (
    HOLDERS,
    KeyRing,
    forget_secret,
    provide_key,
    read_key_record,
    read_secret,
    replace_key,
    split,
)
from api.platform.errors import ErrorCode, Refused
from tests.profile import many

NOW = datetime(2026, 6, 15, tzinfo=UTC)


def opened(*texts: str) -> Identity | None:
    ring = KeyRing()
    for text in texts:
        ring.add(text)
    return ring.identity


def refused(*texts: str) -> str:
    with pytest.raises(Refused) as refusal:
        opened(*texts)
    assert refusal.value.code is ErrorCode.KEY_WRONG
    return refusal.value.detail


def test_any_two_of_three_give_the_key_and_one_gives_nothing() -> None:
    identity = Identity.generate()
    parts = split(identity)
    assert [part.holder for part in parts] == list(HOLDERS)
    for one, other in combinations(parts, 2):
        assert str(opened(one.text, other.text.upper())) == str(identity)
        # As they are read off the paper: numbered, shortened, over several lines.
        numbered = "\n".join(f"{n}. {word[:4]}" for n, word in enumerate(one.words, start=1))
        assert str(opened(other.text, numbered)) == str(identity)
    for part in parts:
        assert opened(part.text) is None


def test_what_does_not_go_together_is_told() -> None:
    identity = Identity.generate()
    first, again, other = split(identity), split(identity), split(Identity.generate())
    assert "同一片" in refused(first[0].text, first[0].text)
    for strange in (again, other):
        assert "不是同一次印的" in refused(first[0].text, strange[1].text)
    swapped = [*first[0].words]
    swapped[5], swapped[6] = swapped[6], swapped[5]
    if swapped != [*first[0].words]:
        assert "抄错了" in refused(" ".join(swapped))
    assert "第 3 个词“abcdef”" in refused(f"{first[0].words[0]} {first[0].words[1]} abcdef")
    assert "没有分片" in refused("。")
    assert "钥匙文件" in refused(str(identity)[:-1] + ("Q" if str(identity)[-1] != "Q" else "P"))
    assert str(opened(f"# 备份钥匙\n{identity}\n")) == str(identity)


@settings(max_examples=many(100))
@given(st.binary(max_size=40), st.data())
def test_bech32_gives_back_what_was_put_in_and_sees_one_wrong_letter(content: bytes, data: st.DataObject) -> None:
    text = bech32.encode("age-secret-key-", content)
    assert bech32.decode("age-secret-key-", text) == content
    assert bech32.decode("age-secret-key-", text.upper()) == content
    place = data.draw(st.integers(len("age-secret-key-1"), len(text) - 1))
    letter = data.draw(st.sampled_from("qpzry9x8gf2tvdw0s3jn54khce6mua7l").filter(lambda c: c != text[place]))
    with pytest.raises(ValueError, match="mistyped"):
        bech32.decode("age-secret-key-", text[:place] + letter + text[place + 1 :])


def test_the_secret_stays_until_its_parts_are_printed(tmp_path: Path) -> None:
    with lock_backups(tmp_path):
        record = provide_key(tmp_path, NOW)
        assert provide_key(tmp_path, NOW) == record == read_key_record(tmp_path)
        secret = backup_folder(tmp_path) / "backup.key"
        assert secret.stat().st_mode & 0o777 == 0o600
        identity = read_secret(tmp_path)
        assert identity is not None
        assert str(identity.to_public()) == record.recipient
        forget_secret(tmp_path, record)
        assert (read_secret(tmp_path), secret.exists()) == (None, False)
        (backup_folder(tmp_path) / "key.json").write_text("{")
        with pytest.raises(Refused, match="坏了"):
            provide_key(tmp_path, NOW)
        another = replace_key(tmp_path, NOW)
        assert another.fingerprint != record.fingerprint
        assert read_secret(tmp_path) is not None
