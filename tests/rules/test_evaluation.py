"""Evaluations of claims, their traces and their explanations."""

from collections.abc import Callable
from datetime import date

import msgspec
import pytest

from rules import Claim, Count, Evaluation, Limit, Rulebook, UnknownRule, evaluate, explain, load
from tests.rules.histories import NO_AWARDS, ClaimFactory, FixedHistory

BookText = Callable[..., str]
DAY = date(2026, 3, 8)

INPUTS = """
when = "input.hours >= 2 && input.held_on <= timestamp('2026-03-31T00:00:00Z') && input.note != '演练'"
when_note = "要满 2 小时"
inputs = [
  { id = "hours", title = "几小时", type = "integer", max = 24 },
  { id = "weight", title = "几公斤", type = "number", min = 0.5 },
  { id = "held_on", title = "哪天", type = "date" },
  { id = "place", title = "哪里", type = "choice", options = [
    { id = "hall", title = "村部" },
    { id = "square", title = "广场" },
  ] },
  { id = "note", title = "说明", type = "text", required = false },
]
"""
GIVEN: dict[str, object] = {"hours": 3, "weight": 2, "held_on": "2026-03-07", "place": "hall"}


def sentences(evaluation: Evaluation) -> list[str]:
    assert not evaluation.accepted
    assert evaluation.points == 0
    return [refusal.message for refusal in evaluation.trace.refusals]


def test_a_fixed_award(book_text: BookText, make_claim: ClaimFactory) -> None:
    evaluation = evaluate(load(book_text()), make_claim(), NO_AWARDS)
    assert (evaluation.points, evaluation.accepted, evaluation.trace.offered) == (5, True, 5)


def test_answers_are_converted_to_their_types(book_text: BookText, make_claim: ClaimFactory) -> None:
    evaluation = evaluate(load(book_text(INPUTS)), make_claim(inputs=GIVEN), NO_AWARDS)
    assert evaluation.accepted
    assert evaluation.trace.inputs == {"hours": 3, "weight": 2.0, "place": "hall"}
    assert evaluation.trace.dates == {"held_on": date(2026, 3, 7)}
    assert evaluation.trace.condition is True


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hours": None}, "请填「几小时」。"),
        ({"hours": "3"}, "「几小时」要填整数。"),
        ({"hours": 2.0}, "「几小时」要填整数。"),
        ({"hours": True}, "「几小时」要填整数。"),
        ({"hours": 25}, "「几小时」不能大于 24。"),
        ({"hours": -(10**30)}, "「几小时」不能小于 -1000000000000。"),
        ({"weight": "2"}, "「几公斤」要填数字。"),
        ({"weight": float("nan")}, "「几公斤」要填数字。"),
        ({"weight": float("inf")}, "「几公斤」要填数字。"),
        ({"weight": 0.4}, "「几公斤」不能小于 0.5。"),
        ({"held_on": "3 月 8 日"}, "「哪天」要填日期，例如 2026-03-08。"),
        ({"held_on": 20260308}, "「哪天」要填日期，例如 2026-03-08。"),
        ({"place": "river"}, "「哪里」要从 村部、广场 里选一个。"),
        ({"place": "  "}, "请填「哪里」。"),
        ({"note": 5}, "「说明」要填文字。"),
        ({"note": "长" * 501}, "「说明」太长，最多 500 字。"),
        ({"notes": "x"}, "这一项不需要填「notes」，您是想写「note」吧。"),
    ],
)
def test_invalid_answers(
    book_text: BookText, make_claim: ClaimFactory, change: dict[str, object], sentence: str
) -> None:
    assert sentences(evaluate(load(book_text(INPUTS)), make_claim(inputs=GIVEN | change), NO_AWARDS)) == [sentence]


def test_all_invalid_answers_are_reported(book_text: BookText, make_claim: ClaimFactory) -> None:
    assert len(sentences(evaluate(load(book_text(INPUTS)), make_claim(), NO_AWARDS))) == 4


@pytest.mark.parametrize("change", [{"hours": 1}, {"held_on": date(2026, 4, 1)}, {"note": "演练"}])
def test_a_false_condition(book_text: BookText, make_claim: ClaimFactory, change: dict[str, object]) -> None:
    evaluation = evaluate(load(book_text(INPUTS)), make_claim(inputs=GIVEN | change), NO_AWARDS)
    assert sentences(evaluation) == ["不符合条件：要满 2 小时。"]
    assert evaluation.trace.condition is False
    assert evaluation.trace.offered is None


@pytest.mark.parametrize(
    ("day", "accepted"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), False),
    ],
)
def test_only_deeds_within_the_effective_dates_count(
    book_text: BookText, make_claim: ClaimFactory, day: date, accepted: bool
) -> None:
    evaluation = evaluate(load(book_text()), make_claim(deed_on=day), NO_AWARDS)
    assert evaluation.accepted == accepted
    assert [refusal.code for refusal in evaluation.trace.refusals] == ([] if accepted else ["not_in_force"])


def test_a_condition_on_the_household(book_text: BookText, make_claim: ClaimFactory) -> None:
    points = '"household.village == \'王庄村\' ? household.people : 1"\npoints_note = "每口人 1 分"'
    book = load(book_text(points=points))
    assert evaluate(book, make_claim(people=4), NO_AWARDS).points == 4
    assert evaluate(book, make_claim(people=4, village="李庄村"), NO_AWARDS).points == 1
    assert sentences(evaluate(book, make_claim(people=0), NO_AWARDS)) == ["按“每口人 1 分”计算，这次不够得分。"]
    assert "超过一次最多 10000 分" in sentences(evaluate(book, make_claim(people=10_001), NO_AWARDS))[0]


def test_an_expression_without_a_result_refuses_the_claim(book_text: BookText, make_claim: ClaimFactory) -> None:
    book = load(book_text(points='"12 / household.people"\npoints_note = "十二分平分"'))
    evaluation = evaluate(book, make_claim(people=0), NO_AWARDS)
    assert sentences(evaluation) == ["按填报的内容算不出结果，请核对填报内容。"]
    assert "除以 0" in evaluation.trace.refusals[0].detail


def test_an_unknown_rule_raises(township: Rulebook, make_claim: ClaimFactory) -> None:
    with pytest.raises(UnknownRule, match="积分办法里没有「A9」这一项，您是想写「A39」吧。"):
        evaluate(township, make_claim("A9"), NO_AWARDS)


def test_a_limit_by_person_needs_the_person(township: Rulebook, make_claim: ClaimFactory) -> None:
    for person in (None, ""):
        evaluation = evaluate(township, make_claim("A34", inputs={"degree": "bachelor"}, person=person), NO_AWARDS)
        assert sentences(evaluation) == ["这一项按人计算次数，请注明是家里哪位做的。"]


def test_a_limit_is_applied_in_the_window_of_the_deed(township: Rulebook, make_claim: ClaimFactory) -> None:
    [step] = evaluate(township, make_claim("A09"), FixedHistory(1, 5)).trace.limits
    assert (step.limit, step.starts, step.ends) == (
        Limit(period="month", times=2),
        date(2026, 3, 1),
        date(2026, 4, 1),
    )


def test_each_limit_is_applied_to_the_result_of_the_one_before(
    book_text: BookText, make_claim: ClaimFactory
) -> None:
    limits = 'limits = [{ period = "month", points = 9 }, { period = "year", times = 9, points = 20 }]\n'
    book = load(book_text(limits))

    class Busy(FixedHistory):
        def sum_awards(self, count: Count, claim: Claim, periods_back: int = 0) -> tuple[int, int]:
            return 3, 6 if count.period == "month" else 18

    evaluation = evaluate(book, make_claim(), Busy())
    steps = [(step.before, step.after, step.times_left, step.points_left) for step in evaluation.trace.limits]
    assert steps == [(5, 3, None, 3), (3, 2, 6, 2)]
    assert evaluation.points == 2


def test_a_limit_that_is_exceeded_leaves_zero(township: Rulebook, make_claim: ClaimFactory) -> None:
    evaluation = evaluate(township, make_claim("A01"), FixedHistory(9, 9))
    assert evaluation.points == 0
    assert evaluation.trace.limits[0].points_left == 0


def test_the_trace_names_rule_and_book(township: Rulebook, make_claim: ClaimFactory) -> None:
    trace = evaluate(township, make_claim("A38", inputs={"yuan": 750}, person="张三"), FixedHistory(3, 35)).trace
    assert (trace.rule_id, trace.book_version, trace.deed_on, trace.person) == ("A38", "2025.1", DAY, "张三")
    assert trace.amount_text == "input.yuan / 100"
    assert trace.condition_text == "input.yuan >= 100 && input.yuan <= 1000"


def test_the_trace_can_be_stored_as_json(township: Rulebook, make_claim: ClaimFactory) -> None:
    evaluation = evaluate(township, make_claim("A38", inputs={"yuan": 750}), FixedHistory(3, 35))
    stored = msgspec.json.decode(msgspec.json.encode(evaluation))
    assert stored["points"] == 5
    assert stored["trace"]["limits"][0]["used"] == {"times": 3, "points": 35}


def test_explanation_of_a_full_award(township: Rulebook, make_claim: ClaimFactory) -> None:
    assert explain(evaluate(township, make_claim("A09"), FixedHistory(1, 5))) == [
        "3 月 8 日的「参加村庄清扫」（A09）。",
        "按《乡镇文明积分办法》（2025.1 版）应得 5 分。",
        "这一项每户每月最多 2 次：已记 1 次，还剩 1 次。",
        "这次记 5 分。",
    ]


def test_explanation_of_a_cut_award(township: Rulebook, make_claim: ClaimFactory) -> None:
    assert explain(evaluate(township, make_claim("A38", inputs={"yuan": 750}), FixedHistory(3, 35)))[1:] == [
        "按《乡镇文明积分办法》（2025.1 版）应得 7 分。",
        "这一项每户每年最多 40 分：已得 35 分，还剩 5 分。",
        "这次只能再记 5 分。",
    ]


def test_explanation_of_a_used_up_month_has_its_last_day(township: Rulebook, make_claim: ClaimFactory) -> None:
    assert explain(evaluate(township, make_claim("A09"), FixedHistory(2, 10)))[2:] == [
        "这一项每户每月最多 2 次：已记 2 次，还剩 0 次。",
        "这次不记分：到 2026 年 3 月 31 日为止已满，之后做的可以再报。",
    ]


def test_explanation_of_a_used_up_lifetime_limit_has_no_date(township: Rulebook, make_claim: ClaimFactory) -> None:
    explanation = explain(
        evaluate(township, make_claim("A34", inputs={"degree": "college"}, person="张三"), FixedHistory(1, 20))
    )
    assert explanation[2:] == ["这一项每人一共最多 1 次：已记 1 次，还剩 0 次。", "这次不记分：名额已经用完。"]


def test_explanation_of_a_refusal_has_the_reason(township: Rulebook, make_claim: ClaimFactory) -> None:
    assert explain(evaluate(township, make_claim("A17", inputs={"months": 2}), NO_AWARDS))[1:] == [
        "不符合条件：要连续帮助 6 个月以上。",
        "这次不记分。",
    ]


def test_explanation_of_an_award_without_limits_has_two_sentences(
    township: Rulebook, make_claim: ClaimFactory
) -> None:
    assert explain(evaluate(township, make_claim("A30", inputs={"deed": "下河救人"}), NO_AWARDS)) == [
        "3 月 8 日的「见义勇为」（A30）。",
        "这次记 50 分。",
    ]


def test_points_text_of_every_kind_of_rule(township: Rulebook) -> None:
    texts = {rule.id: rule.points_text for rule in township.rules.values()}
    assert (texts["A09"], texts["A34"], texts["A38"]) == ("5 分", "20–30 分", "每满 100 元 1 分")
