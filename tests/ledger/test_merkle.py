"""Trees and proofs against the RFC's own recursive definitions."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle import (
    EMPTY_ROOT,
    Node,
    compute_root,
    covering_nodes,
    find_consistency_path,
    find_inclusion_path,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from tests.ledger.trees import mth, split, stored_of

MOST = 70

# The inputs and roots that Certificate Transparency's implementations test themselves with.
PUBLISHED_LEAVES = [
    bytes.fromhex(x)
    for x in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
PUBLISHED_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]) of 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], known: bool = True) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of 2.1.4.1; PROOF(m, D[n]) with b true."""
    if m == len(leaves):
        return [] if known else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], known), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def proof(subtrees: list[range], stored: dict[Node, bytes]) -> list[bytes]:
    """From the nodes that were asked for, and no others."""
    asked = {node: stored[node] for subtree in subtrees for node in covering_nodes(subtree)}
    return [compute_root(subtree, asked) for subtree in subtrees]


def flipped(given: bytes, bit: int = 0) -> bytes:
    return bytes(b ^ (1 << bit % 8 if i == bit // 8 else 0) for i, b in enumerate(given))


LEAVES = [b"leaf %d" % n for n in range(MOST)]
STORED = stored_of(LEAVES)
ROOTS = [mth(LEAVES[:size]) for size in range(MOST + 1)]


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size: int) -> None:
    leaves = PUBLISHED_LEAVES[:size]
    assert compute_root(range(size), stored_of(leaves)).hex() == PUBLISHED_ROOTS[size] == mth(leaves).hex()


def test_published_proofs() -> None:
    stored = stored_of(PUBLISHED_LEAVES)
    assert [h.hex() for h in proof(find_inclusion_path(0, 8), stored)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [h.hex() for h in proof(find_consistency_path(6, 8), stored)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@pytest.mark.parametrize("size", range(MOST + 1))
def test_every_leaf_of_every_size_has_the_path_of_the_rfc(size: int) -> None:
    assert compute_root(range(size), STORED) == ROOTS[size]
    for index in range(size):
        made = proof(find_inclusion_path(index, size), STORED)
        leaf = leaf_hash(LEAVES[index])
        assert made == path(index, LEAVES[:size])
        assert verify_inclusion(leaf, index, size, made, ROOTS[size])
        # Elsewhere, or by another path, it isn't.
        assert not verify_inclusion(leaf, (index + 1) % size, size, made, ROOTS[size]) or size == 1
        assert not verify_inclusion(leaf, index, size, [*made, ROOTS[size]], ROOTS[size])
        assert not verify_inclusion(leaf, index, size, made[:-1], ROOTS[size]) or not made


@pytest.mark.parametrize("new", range(MOST + 1))
def test_every_size_is_consistent_with_every_smaller_by_the_proof_of_the_rfc(new: int) -> None:
    for old in range(new + 1):
        made = proof(find_consistency_path(old, new), STORED)
        assert made == (subproof(old, LEAVES[:new]) if old else [])
        assert verify_consistency(old, new, ROOTS[old], ROOTS[new], made)
        assert not verify_consistency(old, new, ROOTS[old], ROOTS[new], [*made, ROOTS[new]])
        assert not verify_consistency(old, new, ROOTS[old], ROOTS[new], made[:-1]) or not made
        assert not verify_consistency(old, new, leaf_hash(b"other"), ROOTS[new], made)
        assert not verify_consistency(old, new, ROOTS[old], leaf_hash(b"other"), made) or old == 0
        assert not verify_consistency(new, old, ROOTS[new], ROOTS[old], made) or old == new


@given(data=st.data(), leaves=st.lists(st.binary(max_size=40), min_size=1, max_size=200))
def test_any_tree(data: st.DataObject, leaves: list[bytes]) -> None:
    stored = stored_of(leaves)
    size = len(leaves)
    assert compute_root(range(size), stored) == mth(leaves)
    index = data.draw(st.integers(0, size - 1))
    made = proof(find_inclusion_path(index, size), stored)
    assert verify_inclusion(leaf_hash(leaves[index]), index, size, made, mth(leaves))
    old = data.draw(st.integers(1, size))
    made = proof(find_consistency_path(old, size), stored)
    assert verify_consistency(old, size, mth(leaves[:old]), mth(leaves), made)


@given(data=st.data())
def test_any_bit_flipped_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, MOST))
    index = data.draw(st.integers(0, size - 1))
    bit = data.draw(st.integers(0, 255))
    leaf, made = leaf_hash(LEAVES[index]), proof(find_inclusion_path(index, size), STORED)
    assert not verify_inclusion(flipped(leaf, bit), index, size, made, ROOTS[size])
    assert not verify_inclusion(leaf, index, size, made, flipped(ROOTS[size], bit))
    for i in range(len(made)):
        changed = [*made[:i], flipped(made[i], bit), *made[i + 1 :]]
        assert not verify_inclusion(leaf, index, size, changed, ROOTS[size])
    old = data.draw(st.integers(1, size))
    made = proof(find_consistency_path(old, size), STORED)
    assert not verify_consistency(old, size, flipped(ROOTS[old], bit), ROOTS[size], made)
    assert not verify_consistency(old, size, ROOTS[old], flipped(ROOTS[size], bit), made)
    for i in range(len(made)):
        changed = [*made[:i], flipped(made[i], bit), *made[i + 1 :]]
        assert not verify_consistency(old, size, ROOTS[old], ROOTS[size], changed)


def test_a_node_cannot_pass_for_a_leaf() -> None:
    """The prefixes keep the two halves of a node from being offered as a record."""
    halves = leaf_hash(LEAVES[0]) + leaf_hash(LEAVES[1])
    above = proof(find_inclusion_path(0, 4), STORED)[1:]
    assert not verify_inclusion(leaf_hash(halves), 0, 2, above, ROOTS[4])


def test_the_empty_tree_and_the_first_leaf() -> None:
    assert compute_root(range(0), {}) == EMPTY_ROOT == ROOTS[0]
    assert covering_nodes(range(0)) == find_consistency_path(0, 0) == find_consistency_path(0, 5) == []
    assert verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert not verify_consistency(0, 0, ROOTS[1], ROOTS[1], [])
    assert not verify_consistency(0, 5, ROOTS[1], ROOTS[5], [])
    assert not verify_consistency(0, 5, EMPTY_ROOT, ROOTS[5], [ROOTS[5]])
    assert not verify_inclusion(EMPTY_ROOT, 0, 0, [], EMPTY_ROOT)
    assert find_inclusion_path(0, 1) == []
    assert verify_inclusion(ROOTS[1], 0, 1, [], ROOTS[1])


def test_no_proof_of_what_is_not_there() -> None:
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ValueError, match="no leaf"):
            find_inclusion_path(index, size)
        assert not verify_inclusion(leaf_hash(LEAVES[0]), index, size, [], ROOTS[5])
    for old, new in ((6, 5), (-1, 5)):
        with pytest.raises(ValueError, match="no way"):
            find_consistency_path(old, new)
        assert not verify_consistency(old, new, ROOTS[5], ROOTS[5], [])
    with pytest.raises(KeyError):
        compute_root(range(3), {Node(1, 0): ROOTS[2]})


def test_what_is_no_hash_is_refused() -> None:
    """A byte moved from one neighbour to the other would hash the same."""
    leaf, [sibling, above] = leaf_hash(LEAVES[0]), proof(find_inclusion_path(0, 3), STORED)
    assert verify_inclusion(leaf, 0, 3, [sibling, above], ROOTS[3])
    assert not verify_inclusion(leaf + sibling[:1], 0, 3, [sibling[1:], above], ROOTS[3])
    assert not verify_inclusion(leaf, 0, 3, [sibling, b""], ROOTS[3])
    assert not verify_consistency(2, 3, ROOTS[2][:31], ROOTS[3], [above])
    assert not verify_consistency(2, 3, ROOTS[2], ROOTS[3], [above + b"\0"])


def test_paths_of_hostile_length_end_soon() -> None:
    long = [leaf_hash(b"")] * 100_000
    assert not verify_inclusion(long[0], 3, 2**63 - 1, long, ROOTS[3])
    assert not verify_consistency(3, 2**63 - 1, ROOTS[3], ROOTS[5], long)


@given(start=st.integers(0, 2**70), count=st.integers(0, 2**70))
def test_nodes_cover_their_subtree_once_and_in_order(start: int, count: int) -> None:
    found = covering_nodes(range(start, start + count))
    edges = [start, *((n.position + 1) << n.level for n in found)]
    assert all(n.position << n.level == edge for n, edge in zip(found, edges, strict=False))
    assert edges[-1] == start + count
    # The fewest: no two neighbours are the halves of one.
    assert not any(a.level == b.level and a.position % 2 == 0 for a, b in pairwise(found))
