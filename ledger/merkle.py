"""Merkle trees of RFC 9162 section 2.1 over SHA-256, and proofs about them.

The hashes of perfect subtrees are stored, each under its `Node`; all other hashes are computed from these. A
subtree is given as the `range` of its leaves: a path is a list of such ranges, and `covering_nodes` says which
stored hashes are needed to compute the root of one:

    subtrees = find_inclusion_path(index, size)
    stored = {node: hash for each node of covering_nodes(subtree), for each subtree}
    path = [compute_root(subtree, stored) for subtree in subtrees]

The verifiers return False for any input that doesn't fit, whatever its length.
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


def covering_nodes(subtree: range) -> list[Node]:
    """The fewest stored nodes that cover the subtree, from left to right.

    For the whole tree, `covering_nodes(range(size))`, these are its peaks.
    """
    nodes = []
    start = subtree.start
    while start < subtree.stop:
        # As large as the alignment of `start` allows, and no larger than what is left.
        level = (subtree.stop - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def compute_root(subtree: range, stored: Mapping[Node, bytes]) -> bytes:
    """The hash of a subtree, or of the whole tree as `range(size)`, from the hashes of its covering nodes.

    Raises KeyError if one of them is missing.
    """
    hashes = [stored[node] for node in covering_nodes(subtree)]
    if not hashes:
        return EMPTY_ROOT
    root = hashes.pop()
    while hashes:
        root = node_hash(hashes.pop(), root)
    return root


def _split_point(subtree: range) -> int:
    """Where the RFC splits a subtree of two leaves or more: after the largest power of two below its size."""
    return subtree.start + (1 << (len(subtree) - 1).bit_length() - 1)


def find_inclusion_path(index: int, size: int) -> list[range]:
    """The subtrees whose roots prove that leaf `index` is in the tree of `size` leaves (RFC 9162, 2.1.3.1).

    Raises ValueError if there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path = []
    subtree = range(size)
    while len(subtree) > 1:
        split = _split_point(subtree)
        left, right = range(subtree.start, split), range(split, subtree.stop)
        subtree, other = (left, right) if index < split else (right, left)
        path.append(other)
    return path[::-1]


def find_consistency_path(old: int, new: int) -> list[range]:
    """The subtrees whose roots prove that the tree of `new` leaves begins with that of `old` (RFC 9162, 2.1.4.1).

    Empty if there is nothing to prove: from the empty tree, or to the same size. Raises ValueError if `old` is
    larger than `new`.
    """
    if not 0 <= old <= new:
        raise ValueError(f"no way from a tree of {old} to one of {new}")
    if old in (0, new):
        return []
    path = []
    subtree = range(new)
    while subtree.stop != old:
        split = _split_point(subtree)
        left, right = range(subtree.start, split), range(split, subtree.stop)
        subtree, other = (left, right) if old <= split else (right, left)
        path.append(other)
    # The verifier knows the old tree's root already.
    if subtree.start:
        path.append(subtree)
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], tree_root: bytes) -> bool:
    """Whether `path` leads from the leaf's hash, at `index`, to the root of `size` leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes(leaf, tree_root, *path):
        return False
    position, last = index, size - 1
    computed = leaf
    for other in path:
        if last == 0:
            return False
        if position % 2 or position == last:
            computed = node_hash(other, computed)
            while position % 2 == 0 and position:
                position, last = position >> 1, last >> 1
        else:
            computed = node_hash(computed, other)
        position, last = position >> 1, last >> 1
    return last == 0 and computed == tree_root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` shows that the tree of `new` leaves begins with that of `old` (RFC 9162, 2.1.4.2).

    Every tree begins with the empty tree, whose root is fixed.
    """
    if not 0 <= old <= new or not _are_hashes(old_root, new_root, *path):
        return False
    if old == 0 and old_root != EMPTY_ROOT:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path
    # An old tree that is perfect is a node of the new one, and not in the path.
    if old & (old - 1) == 0:
        path = [old_root, *path]
    if not path:
        return False
    position, last = old - 1, new - 1
    while position % 2:
        position, last = position >> 1, last >> 1
    computed_old = computed_new = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if position % 2 or position == last:
            computed_old, computed_new = node_hash(other, computed_old), node_hash(other, computed_new)
            while position % 2 == 0 and position:
                position, last = position >> 1, last >> 1
        else:
            computed_new = node_hash(computed_new, other)
        position, last = position >> 1, last >> 1
    return last == 0 and computed_old == old_root and computed_new == new_root


def _are_hashes(*values: bytes) -> bool:
    """With other lengths, the concatenation that is hashed would be ambiguous."""
    return all(len(value) == HASH_LENGTH for value in values)
