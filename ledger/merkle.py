"""Merkle trees of RFC 9162 section 2.1 over SHA-256, and proofs about them.

The hashes of perfect subtrees are stored, each under its `Node`; everything else is made from these. A subtree
is named by the `range` of its leaves: a proof is a list of such ranges, and `nodes` tells which stored hashes it
takes to make one. So whoever keeps the nodes needs no more than two steps:

    proof = inclusion(index, size)
    stored = {node: hash for each of the nodes of each subtree of the proof}
    path = [root(subtree, stored) for subtree in proof]

The verifiers take nothing on trust: what doesn't fit is False, whatever its length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

HASH_LENGTH = 32
EMPTY_ROOT = sha256(b"").digest()


class Node(NamedTuple):
    """The root of a perfect subtree: leaves `position << level` up to `(position + 1) << level`, not included."""

    level: int
    position: int


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def nodes(subtree: range) -> list[Node]:
    """The fewest stored nodes that cover the subtree, from left to right.

    Of the whole tree, `nodes(range(size))`, these are its peaks.
    """
    found = []
    start = subtree.start
    while start < subtree.stop:
        # As large as its place allows (a leaf 0 fits everything), and no larger than what is left.
        level = (subtree.stop - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        found.append(Node(level, start >> level))
        start += 1 << level
    return found


def root(subtree: range, stored: Mapping[Node, bytes]) -> bytes:
    """The hash of a subtree, or of the whole tree as `range(size)`, from the stored hashes of its `nodes`.

    Raises KeyError when one of them is missing.
    """
    hashes = [stored[node] for node in nodes(subtree)]
    if not hashes:
        return EMPTY_ROOT
    found = hashes.pop()
    while hashes:
        found = node_hash(hashes.pop(), found)
    return found


def _left_part(subtree: range) -> int:
    """Where the RFC splits a subtree of two leaves or more: after the largest power of two that leaves a rest."""
    return subtree.start + (1 << (len(subtree) - 1).bit_length() - 1)


def inclusion(index: int, size: int) -> list[range]:
    """The subtrees whose roots prove that leaf `index` is in the tree of `size` leaves (RFC 9162, 2.1.3.1).

    Raises ValueError when there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path = []
    subtree = range(size)
    while len(subtree) > 1:
        split = _left_part(subtree)
        left, right = range(subtree.start, split), range(split, subtree.stop)
        subtree, other = (left, right) if index < split else (right, left)
        path.append(other)
    return path[::-1]


def consistency(old: int, new: int) -> list[range]:
    """The subtrees whose roots prove that the tree of `new` leaves begins with that of `old` (RFC 9162, 2.1.4.1).

    Empty when there is nothing to prove: from the empty tree, or to the same size. Raises ValueError when `old`
    is the larger.
    """
    if not 0 <= old <= new:
        raise ValueError(f"no way from a tree of {old} to one of {new}")
    if old in (0, new):
        return []
    path = []
    subtree = range(new)
    while subtree.stop != old:
        split = _left_part(subtree)
        left, right = range(subtree.start, split), range(split, subtree.stop)
        subtree, other = (left, right) if old <= split else (right, left)
        path.append(other)
    # The old tree itself is known to whoever checks.
    if subtree.start:
        path.append(subtree)
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], tree_root: bytes) -> bool:
    """Whether `path` leads from the leaf's hash, at `index`, to the root of `size` leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _hashes(leaf, tree_root, *path):
        return False
    here, last = index, size - 1
    found = leaf
    for other in path:
        if last == 0:
            return False
        if here % 2 or here == last:
            found = node_hash(other, found)
            while here % 2 == 0 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, other)
        here, last = here >> 1, last >> 1
    return last == 0 and found == tree_root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` shows that the tree of `new` leaves begins with that of `old` (RFC 9162, 2.1.4.2).

    Every tree begins with the empty one, whose root is known.
    """
    if not 0 <= old <= new or not _hashes(old_root, new_root, *path):
        return False
    if old == 0 and old_root != EMPTY_ROOT:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path
    # An old tree that is perfect is a node of the new one, and left out of the path.
    if old & (old - 1) == 0:
        path = [old_root, *path]
    if not path:
        return False
    here, last = old - 1, new - 1
    while here % 2:
        here, last = here >> 1, last >> 1
    found_old = found_new = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if here % 2 or here == last:
            found_old, found_new = node_hash(other, found_old), node_hash(other, found_new)
            while here % 2 == 0 and here:
                here, last = here >> 1, last >> 1
        else:
            found_new = node_hash(found_new, other)
        here, last = here >> 1, last >> 1
    return last == 0 and found_old == old_root and found_new == new_root


def _hashes(*found: bytes) -> bool:
    """Of other lengths, what is hashed together could be cut in two elsewhere."""
    return all(len(one) == HASH_LENGTH for one in found)
