"""Pitfalls of the CEL runtime and how they are handled. A new version of the runtime must pass these tests."""

from datetime import UTC, datetime

import pytest

from rules.expression import (
    Declarations,
    EvaluationError,
    ExpressionError,
    compile_amount,
    compile_condition,
)

NAMES: Declarations = (
    ("input.hours", "integer"),
    ("input.weight", "number"),
    ("input.place", "text"),
    ("input.held_on", "date"),
    ("household.people", "integer"),
)


def refused(text: str, *, amount: bool = False) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        (compile_amount if amount else compile_condition)(text, NAMES)
    return caught.value


def test_a_runtime_error_is_not_true() -> None:
    condition = compile_condition("10 / input.hours > 1", NAMES)
    assert condition.evaluate_condition({"input.hours": 2})
    assert not condition.evaluate_condition({"input.hours": 10})
    with pytest.raises(EvaluationError, match="divide by zero"):
        condition.evaluate_condition({"input.hours": 0})


def test_a_runtime_error_is_not_an_amount() -> None:
    amount = compile_amount("input.hours * 9223372036854775807", NAMES)
    assert amount.evaluate_amount({"input.hours": 0}) == 0
    with pytest.raises(EvaluationError, match="overflow"):
        amount.evaluate_amount({"input.hours": 2})


@pytest.mark.parametrize("given", [{}, {"input.hours": "3"}, {"input.hours": 2**70}, {"input.hours": None}])
def test_a_value_that_is_missing_or_of_another_type_fails(given: dict[str, object]) -> None:
    with pytest.raises(EvaluationError):
        compile_condition("input.hours > 2", NAMES).evaluate_condition(given)


def test_an_error_in_a_short_circuited_operand_is_ignored() -> None:
    assert compile_condition("input.hours > 2 || 1 / input.hours > 0", NAMES).evaluate_condition(
        {"input.hours": 3}
    )


@pytest.mark.parametrize(
    "text",
    [
        "(" * 40 + "true" + ")" * 40,
        "1" + " + 1" * 60 + " > 0",
        "-(" * 40 + "1" + ")" * 40 + " < 0",
        "[" * 40 + "]" * 40 + " == []",
    ],
    ids=["brackets", "sum", "minus", "lists"],
)
def test_depth_is_bounded(text: str) -> None:
    assert "嵌套太深" in str(refused(text))


def test_size_is_bounded() -> None:
    assert "太长" in str(refused("'" + "长" * 100_001 + "' == input.place"))


def test_loops_are_bounded() -> None:
    ten = "[0,1,2,3,4,5,6,7,8,9]"
    text = "true"
    for name in "abcde":
        text = f"{ten}.all({name}, {text})"
    with pytest.raises(EvaluationError, match="budget"):
        compile_condition(text, NAMES).evaluate_condition({})


def test_a_pattern_that_backtracks_elsewhere_runs_in_linear_time() -> None:
    assert not compile_condition("input.place.matches('^(a+)+$')", NAMES).evaluate_condition(
        {"input.place": "a" * 400 + "b"}
    )


def test_a_typo_in_a_dotted_name_is_a_compile_error_with_its_place_and_a_suggestion() -> None:
    error = refused("household.people > 1 && input.hors >= 2")
    assert "没有叫「input.hors」的量，您是想写「input.hours」吧" in str(error)
    assert (error.line, error.column) == (1, 30)
    problem, text, caret = str(error).splitlines()
    assert text[caret.index("^")] == "."
    assert problem.endswith("。")


def test_an_unknown_name_without_similar_ones_gets_the_list_of_names() -> None:
    assert "可用的有 input.hours、input.weight" in str(refused("xyzzy == 1"))


@pytest.mark.parametrize("text", ["input.hours > 2.5", "input.weight > 2", "input.weight * input.hours > 1.0"])
def test_mixing_integers_and_decimals_is_refused_with_a_hint(text: str) -> None:
    assert str(refused(text)).startswith("整数和小数不能直接放在一起")


def test_following_the_hint_works() -> None:
    values = {"input.hours": 3, "input.weight": 2.5}
    assert compile_condition("double(input.hours) > input.weight", NAMES).evaluate_condition(values)
    assert compile_amount("int(input.weight * 2.0)", NAMES).evaluate_amount(values) == 5


@pytest.mark.parametrize("text", ["input.hours", "input.place", "1.0", "dyn(true)", "[true]", "null"])
def test_a_condition_must_be_a_bool(text: str) -> None:
    assert "“是/否”" in str(refused(text))


@pytest.mark.parametrize(
    "text", ["input.weight", "input.hours > 1", "'5'", "dyn(5)", "5u", "input.hours > 1 ? dyn(1) : 2"]
)
def test_an_amount_must_be_an_int(text: str) -> None:
    assert "必须是整数" in str(refused(text, amount=True))


@pytest.mark.parametrize("text", ["", "   ", "input.hours >", "input.hours = 2", "a b", "'开", "input..hours > 1"])
def test_syntax_errors_are_refused(text: str) -> None:
    assert "写法不对" in str(refused(text))


def test_texts_and_dates_compare() -> None:
    held = {"input.held_on": datetime(2026, 3, 8, tzinfo=UTC), "input.place": "村部"}
    assert compile_condition("input.held_on >= timestamp('2026-03-08T00:00:00Z')", NAMES).evaluate_condition(held)
    assert compile_condition("input.place in ['村部', '广场']", NAMES).evaluate_condition(held)


def test_the_same_expression_is_compiled_once() -> None:
    assert compile_condition("input.hours > 7", NAMES) is compile_condition("input.hours > 7", NAMES)


def test_constant_amounts() -> None:
    assert compile_amount("2 - 7", NAMES).constant_amount() == -5
    assert compile_amount("input.hours - 7", NAMES).constant_amount() is None
