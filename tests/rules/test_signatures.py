"""Who signs a claim: the rule's bodies in their order, and who else where it names only one."""

import pytest

from rules import Rulebook, RulebookError, load, signing_bodies
from rules.signatures import describe_signatures
from tests.rules.whole_book import BOOK


def book_with(reviewers: str) -> Rulebook:
    return load(BOOK.replace('reviewers = ["council"]\n', reviewers, 1), "test.toml")


@pytest.mark.parametrize(
    ("reviewers", "bodies", "sentence"),
    [
        ("", ("reviewer", "committee"), "由网格长或道德评议会审核、村委会审定"),
        ('["committee"]', ("reviewer", "committee"), "由网格长或道德评议会审核、村委会审定"),
        ('["system"]', ("reviewer", "committee"), "系统核对，由网格长或道德评议会审核、村委会审定"),
        ('["supervisors"]', ("supervisors", "committee"), "由村务监督委员会审核、村委会审定"),
        ('["grid", "council"]', ("grid", "council"), "由网格长审核、道德评议会审定"),
        ('["council", "grid"]', ("council", "grid", "committee"), "先后由道德评议会、网格长审核、村委会审定"),
        (
            '["council", "committee", "supervisors"]',
            ("council", "committee", "supervisors"),
            "先后由道德评议会、村委会审核、村务监督委员会审定",
        ),
    ],
)
def test_the_bodies_of_an_award(reviewers: str, bodies: tuple[str, ...], sentence: str) -> None:
    rule = book_with(f"reviewers = {reviewers}\n" if reviewers else "").rules["fixed"]
    assert signing_bodies(rule) == bodies
    assert describe_signatures(rule) == sentence


def test_every_body_that_a_deduction_names_signs_it() -> None:
    text = BOOK.replace('["council", "supervisors"]', '["council", "committee", "supervisors"]', 1)
    rule = load(text, "test.toml").rules["taken"]
    assert signing_bodies(rule) == ("council", "committee", "supervisors")


def test_a_body_that_nobody_can_be_is_told_at_the_check() -> None:
    with pytest.raises(RulebookError, match="监委"):
        book_with('reviewers = ["监委"]\n')
