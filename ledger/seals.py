"""The Merkle tree over the books' records: append to it, sign its heads, prove what is in it.

Everything runs on the caller's connection and in the caller's database transaction; nothing here commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger import merkle
from ledger.heads import SealKey, SignedHead, TreeHead, VerifierKey
from ledger.merkle import Node
from ledger.proofs import Consistency, Proof, ProvenRestore
from ledger.restores import Restore
from ledger.tables import leaf, leaf_record, node, restore, seal_key, tree_head
from ledger.transactions import TownshipId, TransactionId

# Records made by sealing itself: a new head for each of them would never end.
_SEAL_KINDS = ("tree-head", "seal-key")


MAX_AHEAD = timedelta(minutes=10)
"""A head that is dated later was signed by a clock that was wrong; nothing waits until its time comes."""


class NotSealedError(LookupError):
    """The transaction isn't in the tree under the newest head."""


class RewrittenError(Exception):
    """The tree no longer begins with the last signed head, so nothing more is signed."""


class RetiredKeyError(Exception):
    """The key's heads ended with a restore: one more could have another root than one that is on paper."""


class Seals:
    def __init__(self, connection: AsyncConnection, township: TownshipId) -> None:
        self._connection = connection
        self._township = township

    async def append(self, *, limit: int) -> int:
        """Append committed records to the tree, at most `limit`; returns its size. Records that are newer than a
        database transaction still running are left for later."""
        size = await self._connection.execute(
            text("select ledger.seal(:township, :limit)"), {"township": self._township, "limit": limit}
        )
        return int(size.scalar_one())

    async def read_size(self) -> int:
        last = await self._connection.scalar(
            select(func.max(leaf.c.position)).where(leaf.c.township == self._township)
        )
        return 0 if last is None else int(last) + 1

    async def read_root(self, size: int) -> bytes:
        """The root of the first `size` leaves. Raises KeyError if a node is missing."""
        [root] = await self._read_roots([range(size)])
        return root

    async def sign(self, key: SealKey, now: datetime) -> SignedHead:
        """A signed head of the present tree. Call it after `append`, whose lock makes signers take turns. Its time
        is that of no other head, and later than the last one's unless that was signed by a wrong clock. Raises
        RewrittenError, RetiredKeyError."""
        if any(each.key == key.verifier.text for each in await self.read_restores()):
            raise RetiredKeyError
        size = await self.read_size()
        latest = await self.read_latest_head()
        signed_at = now.replace(microsecond=0)
        if latest is not None:
            if latest.head.size > size or await self.read_root(latest.head.size) != latest.head.root:
                raise RewrittenError
            if latest.head.signed_at <= now + MAX_AHEAD:
                signed_at = max(signed_at, latest.head.signed_at + timedelta(seconds=1))
            while await self._has_head_of(signed_at):
                signed_at += timedelta(seconds=1)
        signed = key.sign(TreeHead(key.name, size, await self.read_root(size), signed_at))
        await self._connection.execute(
            text("select ledger.add_seal_key(:township, :key, :now)"),
            {"township": self._township, "key": key.verifier.text, "now": now},
        )
        await self._connection.execute(
            text("select ledger.add_head(:township, :size, :note, :signed_at)"),
            {"township": self._township, "size": size, "note": signed.text, "signed_at": signed_at},
        )
        return signed

    async def _has_head_of(self, signed_at: datetime) -> bool:
        found = select(tree_head.c.size).where(
            tree_head.c.township == self._township, tree_head.c.signed_at == signed_at
        )
        return (await self._connection.execute(found)).first() is not None

    async def read_keys(self) -> list[VerifierKey]:
        """The keys that heads were signed with, newest first."""
        texts = await self._connection.scalars(
            select(seal_key.c.key)
            .where(seal_key.c.township == self._township)
            .order_by(seal_key.c.added_at.desc())
        )
        return [VerifierKey.parse(key) for key in texts]

    async def mark_restored(
        self, id: UUID, *, backup_at: datetime, now: datetime, person: str, reason: str
    ) -> Restore:
        """The books have gone back to a backup: the tree as it is now goes on, but no heads of the key that signed
        it until now. Marked again, it is as it was. To be called before anything else is appended."""
        size, latest = await self.read_size(), await self.read_latest_head()
        keys = await self.read_keys() if latest is not None else []
        key = next((key for key in keys if latest is not None and key.has_signed(latest)), None)
        await self._connection.execute(
            text(
                "select ledger.mark_restored"
                "(:township, :id, :backup_at, :size, :root, :key, :person, :reason, :now)"
            ),
            {
                "township": self._township,
                "id": id,
                "backup_at": backup_at,
                "size": size,
                "root": await self.read_root(size),
                "key": key.text if key is not None else None,
                "person": person,
                "reason": reason,
                "now": now,
            },
        )
        return next(each for each in await self.read_restores() if each.id == id)

    async def read_restores(self) -> list[Restore]:
        """Oldest first: each began with what the ones before it had left."""
        rows = await self._connection.execute(
            select(restore)
            .where(restore.c.township == self._township)
            .order_by(restore.c.size, restore.c.restored_at)
        )
        return [
            Restore(
                row.id,
                row.backup_at,
                row.restored_at,
                row.size,
                row.root,
                row.key,
                row.person,
                row.reason,
            )
            for row in rows
        ]

    async def signed_heads(self, limit: int) -> list[SignedHead]:
        """Newest first: by size, since a clock may have been wrong."""
        notes = await self._connection.scalars(
            select(tree_head.c.note)
            .where(tree_head.c.township == self._township)
            .order_by(tree_head.c.size.desc(), tree_head.c.signed_at.desc())
            .limit(limit)
        )
        return [SignedHead.parse(note) for note in notes]

    async def read_latest_head(self) -> SignedHead | None:
        newest = await self.signed_heads(1)
        return newest[0] if newest else None

    async def read_head_before(self, moment: datetime) -> SignedHead | None:
        """The newest that was signed before a moment."""
        note = await self._connection.scalar(
            select(tree_head.c.note)
            .where(tree_head.c.township == self._township, tree_head.c.signed_at < moment)
            .order_by(tree_head.c.size.desc(), tree_head.c.signed_at.desc())
            .limit(1)
        )
        return None if note is None else SignedHead.parse(note)

    async def list_misdated(self) -> list[datetime]:
        """The times of heads that a later head is dated before: the clock was wrong, though the books weren't."""
        earliest_after = func.min(tree_head.c.signed_at).over(
            order_by=(tree_head.c.size, tree_head.c.signed_at), rows=(1, None)
        )
        heads = (
            select(tree_head.c.signed_at, earliest_after.label("earliest_after"))
            .where(tree_head.c.township == self._township)
            .subquery()
        )
        found = await self._connection.scalars(
            select(heads.c.signed_at).where(heads.c.signed_at > heads.c.earliest_after).order_by(heads.c.signed_at)
        )
        return list(found)

    async def is_covered(self, transaction: TransactionId) -> bool:
        """Whether the newest head covers this transaction."""
        latest = await self.read_latest_head()
        position = await self._connection.scalar(
            select(leaf.c.position).where(
                leaf.c.township == self._township,
                leaf.c.kind == "transaction",
                leaf.c.key == str(transaction),
            )
        )
        return latest is not None and position is not None and position < latest.head.size

    async def has_grown_since(self, size: int) -> bool:
        """Whether the books have new records since the tree had this size."""
        newer = select(leaf.c.position).where(
            leaf.c.township == self._township, leaf.c.position >= size, leaf.c.kind.not_in(_SEAL_KINDS)
        )
        return (await self._connection.execute(newer.limit(1))).first() is not None

    async def prove(self, transaction: TransactionId, since: SignedHead | None = None) -> Proof:
        """Prove that the transaction is in the tree under the newest head, and that this tree begins with that of
        `since`. Raises NotSealedError; ValueError if `since` has a larger tree."""
        head = await self.read_latest_head()
        row = (
            await self._connection.execute(
                select(leaf_record.c.position, leaf_record.c.record).where(
                    leaf_record.c.township == self._township,
                    leaf_record.c.kind == "transaction",
                    leaf_record.c.key == str(transaction),
                )
            )
        ).one_or_none()
        if row is None or head is None or row.position >= head.head.size:
            raise NotSealedError
        key = next((known for known in await self.read_keys() if known.has_signed(head)), None)
        if key is None:
            raise NotSealedError
        consistency = None
        if since is not None:
            path = await self.prove_consistency(since.head.size, head.head.size)
            consistency = Consistency(since.head.size, since.head.root, tuple(path))
        path = await self._read_roots(merkle.find_inclusion_path(row.position, head.head.size))
        restores = await self._prove_restores(head.head.size)
        return Proof(row.record, row.position, tuple(path), head, key, consistency, restores=restores)

    async def _prove_restores(self, size: int) -> tuple[ProvenRestore, ...]:
        """Those in the tree of this size: whoever holds a head from before one learns what became of it."""
        rows = await self._connection.execute(
            select(leaf_record.c.position, leaf_record.c.record)
            .where(
                leaf_record.c.township == self._township,
                leaf_record.c.kind == "restore",
                leaf_record.c.position < size,
            )
            .order_by(leaf_record.c.position)
        )
        return tuple(
            [
                ProvenRestore(
                    row.record,
                    row.position,
                    tuple(await self._read_roots(merkle.find_inclusion_path(row.position, size))),
                )
                for row in rows.all()
            ]
        )

    async def prove_consistency(self, old: int, new: int) -> Sequence[bytes]:
        """The RFC 9162 path from the tree of `old` leaves to that of `new`. Raises ValueError if there is none."""
        if new > await self.read_size():
            raise ValueError(f"no tree of {new} leaves")
        return await self._read_roots(merkle.find_consistency_path(old, new))

    async def _read_roots(self, subtrees: Iterable[range]) -> list[bytes]:
        subtrees = list(subtrees)
        wanted = {node for subtree in subtrees for node in merkle.covering_nodes(subtree)}
        rows = await self._connection.execute(
            select(node.c.level, node.c.position, node.c.hash).where(
                node.c.township == self._township, tuple_(node.c.level, node.c.position).in_(wanted)
            )
        )
        stored = {Node(level, position): hash for level, position, hash in rows}
        return [merkle.compute_root(subtree, stored) for subtree in subtrees]
