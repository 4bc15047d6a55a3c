"""The books that come with the software: their examples, computed by hand, use every rule."""

from collections.abc import Callable

import pytest

from rules import (
    Expression,
    PointsByChoice,
    PointsByMeeting,
    Rule,
    Rulebook,
    RulebookError,
    Tally,
    builtin_names,
    evaluate,
    explain,
    load,
    load_builtin,
)
from tests.rules.examples import (
    campaigns,
    common_form,
    covenant_deductions,
    elsewhere,
    jingyuan,
    jiudaogou,
    tianyuan,
    township,
    village_own,
    youzha,
)
from tests.rules.examples.story import Story

STORIES: dict[str, tuple[Story, ...]] = {
    "campaigns": campaigns.STORIES,
    "common-form": common_form.STORIES,
    "covenant-deductions": covenant_deductions.STORIES,
    "elsewhere": elsewhere.STORIES,
    "jingyuan": jingyuan.STORIES,
    "jiudaogou": jiudaogou.STORIES,
    "tianyuan": tianyuan.STORIES,
    "township": township.STORIES,
    "village-own": village_own.STORIES,
    "youzha": youzha.STORIES,
}


@pytest.fixture(scope="module")
def books() -> dict[str, Rulebook]:
    return {name: load_builtin(name) for name in builtin_names()}


def test_every_book_loads_and_has_examples(books: dict[str, Rulebook]) -> None:
    assert set(books) == set(STORIES)
    versions = [book.version for book in books.values()]
    assert len(set(versions)) == len(versions)


@pytest.mark.parametrize(
    ("name", "story"),
    [(name, story) for name, stories in STORIES.items() for story in stories],
    ids=lambda value: value.title if isinstance(value, Story) else value,
)
def test_an_example_computed_by_hand(books: dict[str, Rulebook], name: str, story: Story) -> None:
    book = books[name]
    history = Tally(book)
    for number, deed in enumerate(story.deeds, start=1):
        evaluation = evaluate(book, deed.claim, history)
        codes = {refusal.code for refusal in evaluation.trace.refusals}
        message = f"deed {number} ({deed.claim.rule}, {deed.claim.deed_on}): {explain(evaluation)}"
        assert (evaluation.points, codes) == (deed.points, {deed.refusal} if deed.refusal else set()), message
        assert evaluation.accepted == (deed.refusal is None), message
        if evaluation.accepted:
            history.add(deed.claim, evaluation.points)


@pytest.mark.parametrize("name", STORIES)
def test_every_rule_is_used_by_an_example(books: dict[str, Rulebook], name: str) -> None:
    book = books[name]
    known = {id for other in books.values() if other.version == book.base_version for id in other.rules}
    used = {deed.claim.rule for story in STORIES[name] for deed in story.deeds if deed.points}
    assert set(book.rules) - known - used == set()


def any_rule(predicate: Callable[[Rule], bool]) -> Callable[[Rulebook], bool]:
    return lambda book: any(predicate(rule) for rule in book.rules.values())


def any_variable(part: str) -> Callable[[Rulebook], bool]:
    return any_rule(lambda rule: any(part in variable.name for variable in rule.variables))


def any_limit(**wanted: object) -> Callable[[Rulebook], bool]:
    return any_rule(
        lambda rule: any(
            all(getattr(limit, name) == value for name, value in wanted.items()) for limit in rule.limits
        )
    )


def any_input(kind: str) -> Callable[[Rulebook], bool]:
    return any_rule(lambda rule: any(input.type == kind for input in rule.inputs))


# Features that rules of real schemes need, and whether a book uses them.
EXPRESSIONS: dict[str, Callable[[Rulebook], bool]] = {
    "fixed points": any_rule(lambda rule: isinstance(rule.points, int)),
    "points from inputs": any_rule(lambda rule: isinstance(rule.points, Expression)),
    "tiers": any_rule(lambda rule: isinstance(rule.points, PointsByChoice)),
    "whole numbers": any_input("integer"),
    "kilograms": any_input("number"),
    "dates": any_input("date"),
    "photos": any_input("photo"),
    "a judge's sheet": any_input("sheet"),
    "the average of several judges": any_rule(lambda rule: any(input.judges > 1 for input in rule.inputs)),
    "once in a lifetime for a person": any_limit(period="lifetime", per="person"),
    "once a year for a household": any_limit(period="year", per="household", times=1),
    "by the day": any_limit(period="day"),
    "by the week": any_limit(period="week"),
    "by the month": any_limit(period="month"),
    "by the quarter": any_limit(period="quarter"),
    "once for each matter": any_limit(by=("matter",)),
    "both parties and the mediator": any_limit(per="village", by=("case", "role")),
    "the highest for the same deed": any_limit(highest=True),
    "base points each year": any_rule(lambda rule: rule.every_household),
    "campaigns": lambda book: bool(book.campaigns),
    "streaks": any_variable("streak_months"),
    "a bonus for the whole village": any_variable("village.rule."),
    "limits of a category": any_limit(scope="category"),
    "limits of everything": any_limit(scope="total", per="household"),
    "a village's budget": any_limit(scope="total", per="village"),
    "running totals of a category": any_variable("category."),
    "running totals of everything": any_variable("total."),
    "the day of the deed": any_variable("deed."),
    "a most at once": any_rule(lambda rule: rule.most_points is not None),
    "days of its own": any_rule(lambda rule: rule.first is not None and rule.last is not None),
    "case by case by a meeting": any_rule(lambda rule: isinstance(rule.points, PointsByMeeting)),
    "off the notice board": any_rule(lambda rule: not rule.publish),
    "amounts a village may choose": any_rule(lambda rule: rule.village_points is not None),
    "deductions": any_rule(lambda rule: rule.deduction is not None),
    "deductions offered to villages": lambda book: bool(book.offered_deductions),
    "a village's overlay": lambda book: bool(book.village),
}


@pytest.mark.parametrize("what", EXPRESSIONS)
def test_the_books_use_every_feature_of_the_format(books: dict[str, Rulebook], what: str) -> None:
    assert [name for name, book in books.items() if EXPRESSIONS[what](book)]


def test_an_overlay_lacks_the_rules_it_retired(books: dict[str, Rulebook]) -> None:
    assert set(books["township"].rules) - set(books["village-own"].rules) == {"A12"}


CHOOSING = """
[overlay]
base = "各地 1"
village = "王庄村"
title = "王庄村补充办法"
version = "王庄 1"
effective_from = 2026-03-01
adopted_by = {{ body = "王庄村村民代表会议", meeting = "第 1 次会议", date = 2026-02-10 }}

[[change]]
id = "{rule}"
points = {points}
"""


@pytest.mark.parametrize(
    ("rule", "points", "now"),
    [
        ("E1", "2", 2),
        ("E6", "{ party = 8, mediator = 15 }", PointsByChoice("role", {"party": 8, "mediator": 15})),
        ("E8", "20", 20),
    ],
)
def test_a_village_may_change_points_within_the_range(
    books: dict[str, Rulebook], rule: str, points: str, now: object
) -> None:
    village = load(CHOOSING.format(rule=rule, points=points), base=books["elsewhere"])
    assert village.get_rule(rule).points == now


@pytest.mark.parametrize(
    ("rule", "points"),
    [("E1", "3"), ("E6", "{ party = 4 }"), ("E6", "{ mediator = 21 }"), ("E8", "9"), ("E7", "50")],
)
def test_a_village_may_not_change_points_outside_the_range(
    books: dict[str, Rulebook], rule: str, points: str
) -> None:
    with pytest.raises(RulebookError):
        load(CHOOSING.format(rule=rule, points=points), base=books["elsewhere"])
