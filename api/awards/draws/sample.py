"""Which awards are visited again: the arithmetic of the draw, without a database.

Each candidate's number is SHA-256 of the text

    ROOT newline DICE newline CLAIM

in UTF-8 without a newline at its end. ROOT: the root of the tree head that stood on the notice before the month
began, 64 lower-case hex digits. DICE: what the dice showed, in the order in which they were read, digits 1 to 6
without anything between. CLAIM: the claim's id, 36 signs in lower case.

In the order of these numbers, the lowest first, a candidate is drawn if it is among the first PERCENT percent
(rounded up), or if it is the first with its turn. A turn is the number of somebody who declared, and of whose
awards none was drawn in the eleven months before; nobody sees from it who that is.

Nobody knows the dice before the candidates and the head stand, so nothing that can be chosen before helps.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from string import Template

MIN_DICE = 10
"""6 ** 10 are 60 million throws."""

_RECIPE = Template("""\
import hashlib, sys
rows = [line.split() for line in sys.stdin if line.strip()]
rows.sort(key=lambda row: hashlib.sha256("\\n".join(("$root", "$dice", row[0])).encode()).hexdigest())
number, turns = -(-len(rows) * $percent // 100), {"-"}
for place, (claim, turn) in enumerate(rows):
    if place < number or turn not in turns:
        print(claim)
    turns.add(turn)
""")


def draw(root: str, dice: str, candidates: Mapping[str, int | None], percent: int) -> list[str]:
    """The drawn claims, the lowest number first. `candidates`: their turn by the claim's id."""
    ranked = sorted(candidates, key=lambda claim: number_of(root, dice, claim))
    number = count_share(len(ranked), percent)
    drawn: list[str] = []
    turns: set[int | None] = {None}
    for place, claim in enumerate(ranked):
        if place < number or candidates[claim] not in turns:
            drawn.append(claim)
        turns.add(candidates[claim])
    return drawn


def number_of(root: str, dice: str, claim: str) -> str:
    return sha256(f"{root}\n{dice}\n{claim}".encode()).hexdigest()


def count_share(candidates: int, percent: int) -> int:
    """So many percent, rounded up: at least one of those that there are."""
    return -(-candidates * percent // 100)


def find_chance(percent: int, false_claims: int) -> float:
    """At least how probable it is that one of so many false claims, each a candidate once, is drawn: of those in
    the same draw it is more. What a visit finds, nobody can compute."""
    return 1 - (1 - percent / 100) ** false_claims


def write_recipe(root: str, dice: str, percent: int) -> str:
    """A Python program that reads the list of candidates and prints what is drawn."""
    return _RECIPE.substitute(root=root, dice=dice, percent=percent)


def write_check(root: str, dice: str, claim: str) -> str:
    """A command line that computes one candidate's number."""
    return f"printf '%s\\n%s\\n%s' {root} {dice} {claim} | sha256sum"


def write_list(candidates: Mapping[str, int | None]) -> str:
    """What the recipe reads: a line for each, its id and its turn, or a dash."""
    return "".join(f"{claim} {'-' if turn is None else turn}\n" for claim, turn in candidates.items())
