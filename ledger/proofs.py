"""Proof files and posters, which anybody can verify offline.

A proof file proves that a record is in the books under a signed head. A poster is an old signed head: with a proof
of consistency to a later head, it proves that nothing before it was rewritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from ledger.commitments import MIN_SALT_LENGTH, Opening, find_commitment
from ledger.encoding import EncodingError, parse
from ledger.heads import MAX_LEAVES, HeadError, SignedHead, TreeHead, VerifierKey
from ledger.merkle import HASH_LENGTH, leaf_hash, verify_consistency, verify_inclusion
from ledger.restores import Restore, find_orphaning

MAX_BYTES = 10 * 1024 * 1024

# In the file these are base64.
_Hash: TypeAlias = Annotated[bytes, msgspec.Meta(min_length=HASH_LENGTH, max_length=HASH_LENGTH)]
# A tree has at most as many levels as its size has bits.
_Path: TypeAlias = Annotated[tuple[_Hash, ...], msgspec.Meta(max_length=64)]
_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MAX_LEAVES)]


class ProofError(ValueError):
    """Why a file is neither a proof nor a poster, in one sentence for people."""


class Consistency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A consistency path from the tree of `size` leaves with this root to a proof's head."""

    size: _Count
    root: _Hash
    path: _Path


class ProvenRestore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An audit path for the record of a restore, under the proof's head."""

    record: str
    position: _Count
    path: _Path


@dataclass(frozen=True, slots=True)
class Proof:
    """An audit path for `record`, a canonical text, as leaf `position` (from 0) of the tree under `head`.

    `key` is claimed to have signed the head. `opening` is for those who may read a subject that the record only
    commits to. Nothing is verified before `verify_documents`.
    """

    record: str
    position: int
    path: tuple[bytes, ...]
    head: SignedHead
    key: VerifierKey
    consistency: Consistency | None = None
    opening: Opening | None = None
    restores: tuple[ProvenRestore, ...] = ()

    def encode(self) -> bytes:
        """The proof file."""
        file = _File(
            format="jimei-proof-v1",
            record=self.record,
            position=self.position,
            path=self.path,
            head=self.head.text,
            key=self.key.text,
            consistency=self.consistency,
            opening=_Opening(self.opening.salt, self.opening.subject) if self.opening is not None else UNSET,
            restores=self.restores or UNSET,
        )
        return msgspec.json.format(msgspec.json.encode(file)) + b"\n"


class _Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    salt: Annotated[bytes, msgspec.Meta(min_length=MIN_SALT_LENGTH, max_length=64)]
    subject: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal["jimei-proof-v1"]
    record: str
    position: _Count
    path: _Path
    head: str
    key: str
    consistency: Consistency | None
    # Left out of the files that need none, which are as they always were.
    opening: _Opening | UnsetType = UNSET
    restores: Annotated[tuple[ProvenRestore, ...], msgspec.Meta(min_length=1)] | UnsetType = UNSET


def parse_document(content: bytes) -> Proof | SignedHead:
    """A proof file, or the text of a poster. Raises ProofError for anything else."""
    if len(content) > MAX_BYTES:
        raise ProofError("文件太大，不是证明文件，也不是公告文字。")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ProofError("文件不是 UTF-8 编码的文字。") from None
    if text.lstrip().startswith("{"):
        return _parse_proof(text)
    try:
        return SignedHead.parse_copied(text)
    except HeadError as error:
        raise ProofError(f"不是证明文件，作为公告文字也读不懂：{error}") from None


def _parse_proof(text: str) -> Proof:
    try:
        # Not by msgspec alone, which accepts duplicate keys.
        content = parse(text)
        file = msgspec.convert(content, _File)
        head, key = SignedHead.parse(file.head), VerifierKey.parse(file.key)
    except (EncodingError, HeadError) as error:
        raise ProofError(f"证明文件读不懂：{error}") from None
    except msgspec.ValidationError as error:
        # Quoted, since it may contain a field name with control characters.
        raise ProofError(f"证明文件的内容不对：{str(error)!r}") from None
    # Only canonical base64 is allowed.
    if parse(msgspec.json.encode(file).decode()) != content:
        raise ProofError("证明文件里的摘要写法不对。")
    opening = None if isinstance(file.opening, UnsetType) else Opening(file.opening.salt, file.opening.subject)
    restores = () if isinstance(file.restores, UnsetType) else file.restores
    return Proof(file.record, file.position, file.path, head, key, file.consistency, opening, restores)


@dataclass(frozen=True, slots=True)
class Finding:
    """`subject` names the document, empty for what concerns several; `code` is stable, `message` a sentence."""

    subject: str
    ok: bool
    code: str
    message: str


def verify_documents(documents: Mapping[str, Proof | SignedHead], key: VerifierKey | None = None) -> list[Finding]:
    """Verify proofs and posters, given by name. They are valid if every finding is ok.

    Without `key` the proofs' own is trusted, and a finding gives its fingerprint to compare. Proofs under
    different heads are verified independently: only a consistency path or a poster connects them.
    """
    proofs = {name: document for name, document in documents.items() if isinstance(document, Proof)}
    posters = {name: document for name, document in documents.items() if isinstance(document, SignedHead)}
    keys = {key} if key else {proof.key for proof in proofs.values()}
    if not keys:
        return [Finding("", False, "no-key", "只有公告，没有公钥：请一并给出证明文件，或指明公钥。")]
    if len(keys) > 1:
        return [Finding("", False, "several-keys", "这些证明用的公钥不是同一个，请指明该用哪一个。")]
    [trusted] = keys
    history = _History(trusted)
    # A restore that those of the key tell of explains the others.
    in_turn = sorted(proofs.items(), key=lambda item: item[1].key != trusted)
    findings = [finding for name, proof in in_turn for finding in history.check_proof(name, proof)]
    findings += [history.check_poster(name, poster) for name, poster in posters.items()]
    findings += history.find_misdated()
    findings += history.find_rewritten()
    if not key:
        message = f"公钥取自证明文件本身，请核对公告上印的指纹是否为 {trusted.fingerprint}。"
        findings.append(Finding("", True, "own-key", message))
    return findings


class _History:
    """The roots that heads signed with one key state for each size of the books."""

    def __init__(self, key: VerifierKey) -> None:
        self._key = key
        self._roots: dict[int, dict[bytes, set[str]]] = {}
        self._heads: dict[str, TreeHead] = {}
        # The proofs' heads, and the trees they were proven to begin with.
        self._proven: set[tuple[int, bytes]] = set()
        # Those in the trees under the proofs' heads.
        self._restores: list[Restore] = []

    def check_proof(self, name: str, proof: Proof) -> Iterator[Finding]:
        head, old = proof.head.head, proof.consistency
        if proof.key != self._key:
            orphaning = find_orphaning(self._restores, proof.head)
            if orphaning is not None:
                yield Finding(name, False, "printed-before-restore", orphaning.sentence)
                return
            yield Finding(name, False, "other-key", "证明文件里的公钥不是指明的公钥。")
            return
        if not self._key.has_signed(proof.head):
            yield Finding(name, False, "bad-signature", "封印的签名不对，这份证明不可信。")
            return
        self._heads[name] = head
        self._add_proven(name, head.size, head.root)
        if verify_inclusion(leaf_hash(proof.record.encode()), proof.position, head.size, proof.path, head.root):
            message = f"这条记录在账本里，是封印的 {head.size} 条中的第 {proof.position + 1} 条。"
            yield Finding(name, True, "included", message)
        else:
            yield Finding(name, False, "not-included", "封印的账本里没有这条记录，或者记录被改动过。")
        yield from _check_opening(name, proof)
        yield from self._check_restores(name, proof)
        if old and verify_consistency(old.size, head.size, old.root, head.root, old.path):
            self._add_proven(name, old.size, old.root)
            yield Finding(name, True, "consistent", f"账本的前 {old.size} 条，到封印时没有变过。")
        elif old:
            yield Finding(name, False, "not-consistent", f"没能证明账本的前 {old.size} 条没有变过。")

    def _check_restores(self, name: str, proof: Proof) -> Iterator[Finding]:
        head = proof.head.head
        for each in proof.restores:
            restore = Restore.from_record(each.record)
            leaf = leaf_hash(each.record.encode())
            if restore is None or not verify_inclusion(leaf, each.position, head.size, each.path, head.root):
                yield Finding(name, False, "restore-not-included", "证明文件里的恢复记录不在封印的账本里。")
            else:
                self._restores.append(restore)

    def _has_signed(self, poster: SignedHead) -> bool:
        """With the key, or with one that a restore ended and that had got no further than its backup."""
        return self._key.has_signed(poster) or any(each.continues(poster) for each in self._restores)

    def check_poster(self, name: str, poster: SignedHead) -> Finding:
        head = poster.head
        orphaning = find_orphaning(self._restores, poster)
        if orphaning is not None:
            return Finding(name, False, "printed-before-restore", orphaning.sentence)
        if not self._has_signed(poster):
            return Finding(name, False, "bad-signature", "公告的签名不对：不是这个公钥签的，或者抄录有误。")
        self._heads[name] = head
        self._add(name, head.size, head.root)
        if (head.size, head.root) in self._proven:
            return Finding(name, True, "connected", f"公告时的 {head.size} 条记录，到证明的封印时没有变过。")
        message = f"没有证明与这张公告（{head.size} 条记录）相连，请索取从这张公告算起的证明。"
        return Finding(name, False, "not-connected", message)

    def find_misdated(self) -> Iterator[Finding]:
        """Heads that are dated later than one of more records: the order is that of their sizes."""
        for name, head in self._heads.items():
            later = [other for other in self._heads.values() if other.size > head.size]
            if any(other.signed_at < head.signed_at for other in later):
                message = "封印的时间比条数更多的封印还晚：签的时候服务器的时钟不对；先后以条数为准。"
                yield Finding(name, True, "misdated", message)

    def find_rewritten(self) -> Iterator[Finding]:
        for size, roots in sorted(self._roots.items()):
            if len(roots) > 1:
                where = "、".join(sorted(set().union(*roots.values())))
                message = f"历史被改写了！同一个公钥下，前 {size} 条记录有不同的内容，见：{where}。"
                yield Finding("", False, "rewritten", message)

    def _add_proven(self, name: str, size: int, root: bytes) -> None:
        self._add(name, size, root)
        self._proven.add((size, root))

    def _add(self, name: str, size: int, root: bytes) -> None:
        self._roots.setdefault(size, {}).setdefault(root, set()).add(name)


def _check_opening(name: str, proof: Proof) -> Iterator[Finding]:
    commitment = find_commitment(proof.record)
    if proof.opening is None:
        if commitment is not None:
            yield Finding(name, True, "withheld", "这条记录的事项不公示：账本里只有它的摘要，这份证明没有附原文。")
    elif commitment == proof.opening.commitment:
        # It goes to a terminal, and comes from whoever made the file.
        subject = "".join(c if c.isprintable() else "�" for c in proof.opening.subject)
        yield Finding(name, True, "opened", f"附的原文与封存的摘要相符：{subject}")
    else:
        yield Finding(name, False, "opening-mismatch", "附的原文与封存的摘要不符：原文不是登记时的。")
