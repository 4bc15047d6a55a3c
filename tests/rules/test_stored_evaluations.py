"""An outcome that was stored as JSON is the outcome, and is explained in the same words."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import Claim, Outcome, Rulebook, evaluate, explain, load
from rules.book import Decided, Deduction
from rules.evaluation import RefusalCode
from tests.rules.histories import Already
from tests.rules.whole_book import BOOK, OVERLAY

BASE = load(BOOK)
VILLAGE = load(OVERLAY, base=BASE)
SCORES = st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 4)), min_size=1, max_size=4)
ANSWERS: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "fixed": st.fixed_dictionaries(
        {"inspection": SCORES, "held_on": st.dates() | st.just("2026-03-08")}, optional={"photo": st.text()}
    ),
    "choice": st.fixed_dictionaries(
        # A text that reads like a date stays a text.
        {"deed": st.text() | st.just("2026-03-08"), "level": st.sampled_from(["village", "city", "nation"])}
    ),
    "counted": st.fixed_dictionaries(
        {"yuan": st.integers(0, 6000), "share": st.floats(0, 1) | st.sampled_from([0.1, 1, 1.0])}
    ),
    "decided": st.fixed_dictionaries({Decided.AMOUNT: st.integers(0, 3), Decided.RECORD: st.text()}),
    "taken": st.fixed_dictionaries({Deduction.REMINDED_ON: st.dates(date(2026, 3, 1), date(2026, 3, 12))}),
}
PASTS = st.builds(Already, st.integers(0, 3), st.integers(0, 50))


@st.composite
def outcomes(draw: st.DrawFn, book: Rulebook = BASE) -> Outcome:
    rule = draw(st.sampled_from(sorted(book.rules)))
    days = st.dates(date(2026, 2, 25), date(2026, 5, 5)) | st.dates(date(2025, 12, 1), date(2027, 2, 1))
    claim = Claim(
        rule,
        deed_on=draw(days),
        household="h1",
        village="王庄村",
        person=draw(st.sampled_from([None, "张三"])),
        inputs=draw(ANSWERS.get(rule, st.just({}))),
        balance=draw(st.sampled_from([None, 0, 3, 100])),
    )
    return evaluate(book, claim, draw(PASTS))


@given(outcomes() | outcomes(VILLAGE))
def test_it_comes_back_whole(outcome: Outcome) -> None:
    stored = msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome)
    assert stored == outcome
    assert {name: type(answer) for name, answer in stored.trace.inputs.items()} == {
        name: type(answer) for name, answer in outcome.trace.inputs.items()
    }
    assert explain(stored) == explain(outcome)


MARCH = date(2026, 3, 8)
SHEET = {"inspection": "2 1；2 2", "held_on": "2026-03-07"}


@pytest.mark.parametrize(
    ("claim", "past", "refused", "last"),
    [
        (Claim("fixed", MARCH, "h", inputs=SHEET), Already(), None, "这次记 7 分。"),
        (
            Claim("fixed", MARCH, "h", inputs=SHEET),
            Already(1, 5),
            "limit_reached",
            "到 2026 年 3 月 31 日为止已满",
        ),
        (Claim("fixed", date(2027, 1, 1), "h"), Already(), "not_in_force", "这次不记分。"),
        (Claim("fixed", MARCH, "h"), Already(), "bad_input", "这次不记分。"),
        (
            Claim("choice", MARCH, "h", inputs={"deed": "救人", "level": "city"}),
            Already(),
            "person_required",
            "不记",
        ),
        (Claim("counted", MARCH, "h", inputs={"yuan": 9, "share": 1}), Already(), "condition_not_met", "不记分"),
        (Claim("counted", MARCH, "h", inputs={"yuan": 500, "share": 0.5}), Already(2, 38), None, "能再记 2 分"),
        (Claim("taken", MARCH, "h", inputs={"reminded_on": MARCH}), Already(), "not_reminded", "这次不扣分。"),
        (
            Claim("taken", MARCH, "h", inputs={"reminded_on": "2026-03-01"}, balance=0),
            Already(),
            "nothing_to_take",
            "这次不扣分。",
        ),
        (
            Claim("taken", MARCH, "h", inputs={"reminded_on": "2026-03-01"}, balance=2),
            Already(),
            None,
            "这次只扣 2 分。",
        ),
    ],
)
def test_each_kind(claim: Claim, past: Already, refused: RefusalCode | None, last: str) -> None:
    outcome = evaluate(BASE, claim, past)
    stored = msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome)
    assert stored == outcome
    assert {refusal.code for refusal in stored.trace.refusals} == ({refused} if refused else set())
    assert last in explain(stored)[-1]


def test_what_no_expression_could_answer_comes_back_too() -> None:
    book = load(BOOK.replace('"input.yuan / 100"', '"100 / (input.yuan - 100)"'))
    outcome = evaluate(book, Claim("counted", MARCH, "h", inputs={"yuan": 100, "share": 1}), Already())
    assert [refusal.code for refusal in outcome.trace.refusals] == ["failed"]
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome
