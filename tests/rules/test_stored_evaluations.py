"""An evaluation decoded from JSON equals the original and is explained in the same words."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import Claim, Evaluation, Rulebook, evaluate, explain, load
from rules.book import Deduction, PointsByMeeting
from rules.evaluation import RefusalCode
from tests.rules.histories import FixedHistory
from tests.rules.whole_book import BOOK, OVERLAY

BASE = load(BOOK)
VILLAGE = load(OVERLAY, base=BASE)
SCORES = st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 4)), min_size=1, max_size=4)
ANSWERS: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "fixed": st.fixed_dictionaries(
        {"inspection": SCORES, "held_on": st.dates() | st.just("2026-03-08")}, optional={"photo": st.text()}
    ),
    "choice": st.fixed_dictionaries(
        # A text that looks like a date stays a text.
        {"deed": st.text() | st.just("2026-03-08"), "level": st.sampled_from(["village", "city", "nation"])}
    ),
    "counted": st.fixed_dictionaries(
        {"yuan": st.integers(0, 6000), "share": st.floats(0, 1) | st.sampled_from([0.1, 1, 1.0])}
    ),
    "decided": st.fixed_dictionaries(
        {PointsByMeeting.AMOUNT: st.integers(0, 3), PointsByMeeting.RECORD: st.text()}
    ),
    "taken": st.fixed_dictionaries({Deduction.REMINDED_ON: st.dates(date(2026, 3, 1), date(2026, 3, 12))}),
}
HISTORIES = st.builds(FixedHistory, st.integers(0, 3), st.integers(0, 50))


@st.composite
def evaluations(draw: st.DrawFn, book: Rulebook = BASE) -> Evaluation:
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
    return evaluate(book, claim, draw(HISTORIES))


@given(evaluations() | evaluations(VILLAGE))
def test_an_evaluation_survives_json(evaluation: Evaluation) -> None:
    stored = msgspec.json.decode(msgspec.json.encode(evaluation), type=Evaluation)
    assert stored == evaluation
    assert {name: type(answer) for name, answer in stored.trace.inputs.items()} == {
        name: type(answer) for name, answer in evaluation.trace.inputs.items()
    }
    assert explain(stored) == explain(evaluation)


MARCH = date(2026, 3, 8)
SHEET = {"inspection": "2 1；2 2", "held_on": "2026-03-07"}


@pytest.mark.parametrize(
    ("claim", "history", "code", "last"),
    [
        (Claim("fixed", MARCH, "h", inputs=SHEET), FixedHistory(), None, "这次记 7 分。"),
        (
            Claim("fixed", MARCH, "h", inputs=SHEET),
            FixedHistory(1, 5),
            "limit_reached",
            "到 2026 年 3 月 31 日为止已满",
        ),
        (Claim("fixed", date(2027, 1, 1), "h"), FixedHistory(), "not_in_force", "这次不记分。"),
        (Claim("fixed", MARCH, "h"), FixedHistory(), "bad_input", "这次不记分。"),
        (
            Claim("choice", MARCH, "h", inputs={"deed": "救人", "level": "city"}),
            FixedHistory(),
            "person_required",
            "不记",
        ),
        (
            Claim("counted", MARCH, "h", inputs={"yuan": 9, "share": 1}),
            FixedHistory(),
            "condition_not_met",
            "不记分",
        ),
        (
            Claim("counted", MARCH, "h", inputs={"yuan": 500, "share": 0.5}),
            FixedHistory(2, 38),
            None,
            "能再记 2 分",
        ),
        (
            Claim("taken", MARCH, "h", inputs={"reminded_on": MARCH}),
            FixedHistory(),
            "not_reminded",
            "这次不扣分。",
        ),
        (
            Claim("taken", MARCH, "h", inputs={"reminded_on": "2026-03-01"}, balance=0),
            FixedHistory(),
            "nothing_to_take",
            "这次不扣分。",
        ),
        (
            Claim("taken", MARCH, "h", inputs={"reminded_on": "2026-03-01"}, balance=2),
            FixedHistory(),
            None,
            "这次只扣 2 分。",
        ),
    ],
)
def test_every_kind_of_refusal_survives_json(
    claim: Claim, history: FixedHistory, code: RefusalCode | None, last: str
) -> None:
    evaluation = evaluate(BASE, claim, history)
    stored = msgspec.json.decode(msgspec.json.encode(evaluation), type=Evaluation)
    assert stored == evaluation
    assert {refusal.code for refusal in stored.trace.refusals} == ({code} if code else set())
    assert last in explain(stored)[-1]


def test_a_failed_expression_survives_json() -> None:
    book = load(BOOK.replace('"input.yuan / 100"', '"100 / (input.yuan - 100)"'))
    evaluation = evaluate(book, Claim("counted", MARCH, "h", inputs={"yuan": 100, "share": 1}), FixedHistory())
    assert [refusal.code for refusal in evaluation.trace.refusals] == ["failed"]
    assert msgspec.json.decode(msgspec.json.encode(evaluation), type=Evaluation) == evaluation
