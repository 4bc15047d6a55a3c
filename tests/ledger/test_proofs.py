"""Proofs and posters as people hold them, honest ones and others."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.heads import SealKey, SignedHead, TreeHead
from ledger.merkle import Node, compute_root, find_consistency_path, find_inclusion_path
from ledger.proofs import MAX_BYTES, Consistency, Proof, ProofError, parse_document, verify_documents
from tests.ledger.trees import stored_of

KEY = SealKey.generate("示范乡")
NOW = datetime(2026, 6, 15, 2, tzinfo=UTC)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
RECORDS = [f'{{"id": {n}, "reason": "清扫门前雪"}}' for n in range(60)]


class Office:
    """Whoever keeps the books of these records, and can sign."""

    def __init__(self, records: list[str], key: SealKey = KEY) -> None:
        self.records = records
        self.key = key
        self.stored: dict[Node, bytes] = stored_of([r.encode() for r in records])

    def head(self, size: int) -> SignedHead:
        signed_at = NOW + timedelta(days=size)
        return self.key.sign(TreeHead(self.key.name, size, compute_root(range(size), self.stored), signed_at))

    def proof(self, position: int, size: int, since: int | None = None) -> Proof:
        path = self.path(find_inclusion_path(position, size))
        joined = None
        if since is not None:
            old_root = compute_root(range(since), self.stored)
            joined = Consistency(since, old_root, self.path(find_consistency_path(since, size)))
        return Proof(self.records[position], position, path, self.head(size), self.key.verifier, joined)

    def path(self, subtrees: list[range]) -> tuple[bytes, ...]:
        return tuple(compute_root(subtree, self.stored) for subtree in subtrees)


OFFICE = Office(RECORDS)
# The same key, and a record of the past that reads otherwise.
FORGED = Office([*RECORDS[:2], '{"id": 2, "reason": "无"}', *RECORDS[3:]])


def codes(documents: dict[str, Proof | SignedHead], given: SealKey | None = KEY) -> dict[str, list[str]]:
    """The codes found for each document, those that are not ok in capitals."""
    found: dict[str, list[str]] = {}
    for one in verify_documents(documents, given and given.verifier):
        assert one.message.endswith("。")
        assert "\n" not in one.message
        found.setdefault(one.subject, []).append(one.code if one.ok else one.code.upper())
    return found


@given(data=st.data(), records=st.lists(TEXTS, min_size=1, max_size=40))
def test_an_honest_proof_comes_back_from_its_file_and_verifies(data: st.DataObject, records: list[str]) -> None:
    office = Office(records)
    size = data.draw(st.integers(1, len(records)))
    since = data.draw(st.none() | st.integers(0, size))
    proof = office.proof(data.draw(st.integers(0, size - 1)), size, since)
    file = proof.encode()
    assert parse_document(file) == proof
    documents: dict[str, Proof | SignedHead] = {"proof": proof}
    expected = {"proof": ["included"] + ["consistent"] * (since is not None)}
    if since is not None:
        documents["poster"] = office.head(since)
        expected["poster"] = ["connected"]
    assert codes(documents) == expected


def test_the_key_of_the_file_is_believed_with_its_fingerprint_told() -> None:
    *_, last = verify_documents({"proof": OFFICE.proof(3, 50)})
    assert (last.ok, last.code) == (True, "own-key")
    assert KEY.verifier.fingerprint in last.message


def test_a_poster_is_connected_by_the_same_head_or_a_path_from_its_own() -> None:
    proof, joined = OFFICE.proof(3, 50), OFFICE.proof(3, 50, since=20)
    # Another day's signature under the same books.
    same = KEY.sign(replace(OFFICE.head(50).head, signed_at=NOW))
    assert codes({"a": proof, "p": same}) == {"a": ["included"], "p": ["connected"]}
    assert codes({"a": proof, "p": OFFICE.head(20)})["p"] == ["NOT-CONNECTED"]
    assert codes({"a": joined, "p": OFFICE.head(20)})["p"] == ["connected"]
    assert codes({"a": joined, "p": OFFICE.head(21)})["p"] == ["NOT-CONNECTED"]
    assert codes({"a": joined, "p": OFFICE.head(60)})["p"] == ["NOT-CONNECTED"]
    both = {"p": OFFICE.head(20), "b": joined, "q": OFFICE.head(45), "a": OFFICE.proof(1, 60, since=45)}
    assert codes(both) == {
        "b": ["included", "consistent"],
        "a": ["included", "consistent"],
        "p": ["connected"],
        "q": ["connected"],
    }


def test_posters_alone_need_a_key_and_a_proof() -> None:
    assert codes({"p": OFFICE.head(20)}, given=None) == {"": ["NO-KEY"]}
    assert codes({"p": OFFICE.head(20)}) == {"p": ["NOT-CONNECTED"]}


def test_another_key() -> None:
    other = SealKey.generate(KEY.name)
    proof, poster = OFFICE.proof(3, 50), OFFICE.head(50)
    assert codes({"a": proof}, given=other) == {"a": ["OTHER-KEY"]}
    assert codes({"a": replace(proof, key=other.verifier)}, given=None)["a"] == ["BAD-SIGNATURE"]
    theirs = Office(RECORDS, other)
    assert codes({"a": proof, "b": theirs.proof(3, 50)}, given=None) == {"": ["SEVERAL-KEYS"]}
    assert codes({"a": proof, "p": theirs.head(50)})["p"] == ["BAD-SIGNATURE"]
    assert codes({"p": poster, "b": theirs.proof(3, 50)}, given=None)["p"] == ["BAD-SIGNATURE"]


def test_two_heads_of_one_size_show_that_history_was_rewritten() -> None:
    found = verify_documents({"旧公告": OFFICE.head(50), "证明": FORGED.proof(9, 50)}, KEY.verifier)
    [loud] = [one for one in found if one.code == "rewritten"]
    assert not loud.ok
    assert "旧公告" in loud.message
    assert "证明" in loud.message
    assert codes({"p": OFFICE.head(50), "q": FORGED.head(50)})[""] == ["REWRITTEN"]
    assert codes({"a": OFFICE.proof(9, 50), "b": FORGED.proof(9, 50)})[""] == ["REWRITTEN"]


def test_a_path_from_other_old_books_shows_it_too() -> None:
    """The sizes of the heads differ, but a signed head begins with 20 records that aren't the poster's."""
    found = codes({"p": OFFICE.head(20), "a": FORGED.proof(9, 50, since=20)})
    assert found == {"a": ["included", "consistent"], "p": ["NOT-CONNECTED"], "": ["REWRITTEN"]}


@given(
    changed=st.integers(0, 19),
    size=st.integers(20, 60),
    path=st.lists(st.sampled_from(sorted({*OFFICE.stored.values()})), max_size=8),
)
def test_nobody_can_join_an_old_poster_to_rewritten_books(changed: int, size: int, path: list[bytes]) -> None:
    """Whichever old record was changed, and whatever path is offered, also by who has the key."""
    office = Office([*RECORDS[:changed], "{}", *RECORDS[changed + 1 :]])
    poster = OFFICE.head(20)
    bare = office.proof(9, size)
    invented = replace(bare, consistency=Consistency(20, poster.head.root, tuple(path)))
    borrowed = replace(bare, consistency=OFFICE.proof(9, size, since=20).consistency)
    own = office.proof(9, size, since=20)
    for proof in (bare, invented, borrowed, own):
        assert codes({"p": poster, "a": proof})["p"] == ["NOT-CONNECTED"]
    for proof in (invented, borrowed):
        assert codes({"p": poster, "a": proof})["a"] == ["included", "NOT-CONSISTENT"]
    assert codes({"p": poster, "a": own})[""] == ["REWRITTEN"]


def _set(*where: str | int) -> Callable[[dict[str, Any], Any], None]:
    def change(file: dict[str, Any], value: Any) -> None:
        here: Any = file
        for step in where[:-1]:
            here = here[step]
        here[where[-1]] = value

    return change


OTHER = json.loads(OFFICE.proof(4, 51, since=21).encode())
FORGERY = json.loads(FORGED.proof(3, 50, since=20).encode())


@pytest.mark.parametrize(
    ("where", "values"),
    [
        (["record"], ["", RECORDS[4], RECORDS[3] + " ", RECORDS[3].replace("门", "闩")]),
        (["position"], [0, 2, 4, 49, 50, 2**63 - 1]),
        (["path"], [[], OTHER["path"], FORGERY["path"], *([OTHER["path"][0]] * n for n in (5, 6, 64))]),
        (["path", 0], [OTHER["path"][1]]),
        (["path", -1], [OTHER["path"][0]]),
        (["head"], [OTHER["head"], FORGERY["head"], OTHER["head"].replace("51", "50")]),
        (["key"], [SealKey.generate(KEY.name).verifier.text]),
        (["consistency", "size"], [0, 1, 19, 21, 49, 50, 51, 2**63 - 1]),
        (["consistency", "root"], [OTHER["consistency"]["root"], FORGERY["consistency"]["root"]]),
        (["consistency", "path"], [[], OTHER["consistency"]["path"], FORGERY["consistency"]["path"]]),
        (["consistency"], [OTHER["consistency"], FORGERY["consistency"]]),
    ],
)
def test_each_field_that_was_tampered_with_is_found(where: list[str | int], values: list[Any]) -> None:
    for value in values:
        file = json.loads(OFFICE.proof(3, 50, since=20).encode())
        _set(*where)(file, value)
        found = verify_documents({"proof": parse_document(json.dumps(file).encode())}, KEY.verifier)
        assert not all(one.ok for one in found), value


@given(data=st.data())
def test_a_byte_changed_anywhere_is_found_or_changes_nothing(data: st.DataObject) -> None:
    proof = OFFICE.proof(3, 50, since=20)
    file = bytearray(proof.encode())
    file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        changed = parse_document(bytes(file))
    except ProofError:
        return
    assert changed == proof or not all(one.ok for one in verify_documents({"proof": changed}, KEY.verifier))


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (["format"], "jimei-proof-v2"),
        (["format"], None),
        (["more"], 1),
        (["\x1b[2J"], 1),
        (["record"], 5),
        (["record"], None),
        (["position"], -1),
        (["position"], 2**63),
        (["position"], 10**400),
        (["position"], 3.0),
        (["position"], "3"),
        (["position"], True),
        (["path"], None),
        (["path"], "AAAA"),
        (["path"], [None]),
        (["path"], ["AAAA"]),
        (["path"], ["A" * 42 + "B="]),
        (["path"], ["A" * 43 + "=\n"]),
        (["path"], ["A" * 43]),
        (["path"], ["A" * 43 + "="] * 65),
        (["head"], ""),
        (["head"], OFFICE.head(50).text + "\n"),
        (["head"], {}),
        (["key"], ""),
        (["key"], KEY.verifier.text + " "),
        (["consistency"], {}),
        (["consistency"], []),
        (["consistency", "more"], 1),
        (["consistency", "size"], -1),
        (["consistency", "root"], ""),
        (["consistency", "path"], [""]),
    ],
    # Not the values themselves: a head and a key are new ones in every run.
    ids=count(),
)
def test_a_proof_file_of_another_shape_is_refused(where: list[str | int], value: Any) -> None:
    file = json.loads(OFFICE.proof(3, 50, since=20).encode())
    _set(*where)(file, value)
    with pytest.raises(ProofError) as refused:
        parse_document(json.dumps(file).encode())
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("field", ["format", "record", "position", "path", "head", "key", "consistency"])
def test_every_field_is_needed(field: str) -> None:
    file = json.loads(OFFICE.proof(3, 50).encode())
    del file[field]
    with pytest.raises(ProofError):
        parse_document(json.dumps(file).encode())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "公告"),
        (b"hello", "公告"),
        (b"[]", "公告"),
        (b"{", "JSON"),
        (b"{}", "内容不对"),
        (b'{"a": NaN}', "不是数字"),
        (b'{"position": 1, "position": 2}', "两次"),
        (b'{"a": ' + b"[" * 100_000, "嵌套"),
        (b'{"a": "\\ud800"}', "残缺"),
        (b"\xff\xfe{", "UTF-8"),
        (OFFICE.head(3).text.encode("gb18030"), "UTF-8"),
        (b" " * (MAX_BYTES + 1), "太大"),
    ],
)
def test_what_is_neither_proof_nor_poster(content: bytes, sentence: str) -> None:
    with pytest.raises(ProofError, match=sentence) as refused:
        parse_document(content)
    assert str(refused.value).isprintable()


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode(errors="replace")))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with pytest.raises(ProofError):
        parse_document(content)


def test_files_that_an_editor_saved() -> None:
    poster, proof = OFFICE.head(20), OFFICE.proof(3, 50, since=20)
    saved = b"\xef\xbb\xbf" + poster.text.replace("\n", "\r\n").encode() + b"\r\n"
    assert parse_document(saved) == poster
    assert parse_document(b"\xef\xbb\xbf\r\n" + proof.encode().replace(b"\n", b"\r\n")) == proof
