"""Merkle trees straight from the definitions of RFC 9162, slow and plain."""

from __future__ import annotations

from hashlib import sha256

from ledger.merkle import Node


def mth(leaves: list[bytes]) -> bytes:
    """MTH(D[n]) of RFC 9162, 2.1.1."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def stored_of(leaves: list[bytes]) -> dict[Node, bytes]:
    """Every perfect subtree there is, each by the RFC's own definition."""
    return {
        Node(level, position): mth(leaves[position << level : (position + 1) << level])
        for level in range(len(leaves).bit_length())
        for position in range(len(leaves) >> level)
    }


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k
