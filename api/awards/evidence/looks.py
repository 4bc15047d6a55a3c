"""Perceptual hashes: two photos look alike whose hashes differ in few bits.

Of two hashes of 64 bits that differ in at most `MOST_APART` bits, one of the four quarters differs in at most one:
so whatever looks alike is found by asking, for each quarter, for that very value and the 16 that are one bit away.
That is 68 look-ups in an index, however many photos there are, and none is missed.
"""

from __future__ import annotations

MOST_APART = 7
"""Bits of 64. Of a photo that was made smaller or brighter few change; other photos differ in about 32."""
_BANDS = 4
_BAND_BITS = 16


def split_bands(look: int) -> list[int]:
    """The quarters, each with its number above its bits."""
    mask = (1 << _BAND_BITS) - 1
    return [n << _BAND_BITS | look >> n * _BAND_BITS & mask for n in range(_BANDS)]


def list_near_bands(look: int) -> list[int]:
    """What one quarter at least of any look at most `MOST_APART` bits away is."""
    flips = [0, *(1 << bit for bit in range(_BAND_BITS))]
    return [band ^ flip for band in split_bands(look) for flip in flips]


def count_apart(one: int, other: int) -> int:
    """In how many bits they differ."""
    return ((one ^ other) & (1 << _BANDS * _BAND_BITS) - 1).bit_count()
