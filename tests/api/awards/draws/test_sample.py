"""The arithmetic of the draw: exact, complete, and not to be steered."""

from __future__ import annotations

import math
import subprocess
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from api.awards.draws.sample import (
    count_share,
    draw,
    find_chance,
    number_of,
    write_check,
    write_list,
    write_recipe,
)
from tests.api.awards.draws.conftest import run_recipe

ROOTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
DICE = st.text("123456", min_size=10, max_size=100)
CANDIDATES = st.dictionaries(st.uuids().map(str), st.none() | st.integers(1, 6), min_size=1, max_size=60)
ROOT, THROWN = "0a" * 32, "3164251346"


@given(ROOTS, DICE, CANDIDATES, st.integers(1, 100), st.randoms())
def test_the_sample_is_large_enough_covers_every_turn_and_has_no_order(
    root: str, dice: str, candidates: dict[str, int | None], percent: int, random: Random
) -> None:
    drawn = draw(root, dice, candidates, percent)
    share = count_share(len(candidates), percent)
    turns = {turn for turn in candidates.values() if turn is not None}
    assert max(1, math.ceil(len(candidates) * percent / 100)) == share <= len(drawn) <= share + len(turns)
    assert len(set(drawn)) == len(drawn)
    assert set(drawn) <= set(candidates)
    assert turns <= {candidates[claim] for claim in drawn}
    ranked = sorted(candidates, key=lambda claim: number_of(root, dice, claim))
    assert drawn[:share] == ranked[:share], "the lowest are drawn in any case"
    for claim in drawn[share:]:
        assert claim == next(each for each in ranked if candidates[each] == candidates[claim])
    shuffled = list(candidates.items())
    random.shuffle(shuffled)
    assert draw(root, dice, dict(shuffled), percent) == drawn


@given(ROOTS, DICE, CANDIDATES, st.uuids().map(str), st.integers(1, 100))
def test_another_candidate_changes_nobodys_number(
    root: str, dice: str, candidates: dict[str, int | None], other: str, percent: int
) -> None:
    """Whoever adds claims of their own pushes out no more than as many."""
    before = draw(root, dice, candidates, percent)
    after = draw(root, dice, {**candidates, other: candidates.get(other)}, percent)
    assert len(set(before) - set(after)) <= 1


def test_the_printed_recipe_and_the_command_line_give_the_same() -> None:
    random = Random(5)
    candidates = {
        str(UUID(int=random.getrandbits(128), version=4)): random.choice([None, 1, 2, 3]) for _ in range(90)
    }
    printed = run_recipe(write_recipe(ROOT, THROWN, 5), write_list(candidates))
    assert printed == draw(ROOT, THROWN, candidates, 5)
    claim = next(iter(candidates))
    shell = ["sh", "-c", write_check(ROOT, THROWN, claim)]
    checked = subprocess.run(shell, capture_output=True, text=True, check=True)
    assert checked.stdout.split()[0] == number_of(ROOT, THROWN, claim)


def test_choosing_among_a_thousand_heads_gains_nothing_without_the_dice() -> None:
    """An opponent may take the head of a thousand that hides their claim best: it does only for dice they know."""
    random = Random(1005)
    claims: dict[str, int | None] = {str(UUID(int=random.getrandbits(128), version=4)): None for _ in range(40)}
    false = next(iter(claims))

    def throw() -> str:
        return "".join(random.choices("123456", k=10))

    def is_found(root: str, dice: str) -> bool:
        return false in draw(root, dice, claims, 5)

    def rank(root: str, dice: str) -> int:
        return sorted(claims, key=lambda claim: number_of(root, dice, claim)).index(false)

    heads = [random.randbytes(32).hex() for _ in range(1_000)]
    guesses = [throw() for _ in range(3)]
    chosen = max(heads, key=lambda root: sum(rank(root, dice) for dice in guesses))
    assert not any(is_found(chosen, dice) for dice in guesses), "with the dice known it would be safe"
    throws, chance = 2_000, count_share(len(claims), 5) / len(claims)
    found = sum(is_found(chosen, throw()) for _ in range(throws))
    assert abs(found - throws * chance) < 4 * math.sqrt(throws * chance * (1 - chance))


def test_the_told_chance_is_that_of_the_draw() -> None:
    assert [round(find_chance(5, number), 3) for number in (0, 1, 5, 12, 60)] == [0, 0.05, 0.226, 0.46, 0.954]
    assert all(count_share(number, 5) >= number * 5 / 100 for number in range(1, 500))
