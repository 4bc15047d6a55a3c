"""What expressions can say, what they refuse, and that none of them can take long."""

import operator
import time
from contextlib import suppress
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

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
VALUES = {
    "input.hours": 3,
    "input.weight": 2.5,
    "input.place": "村部",
    "input.held_on": date(2026, 3, 8),
    "household.people": 4,
}


def refused(text: str, *, amount: bool = False) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        (compile_amount if amount else compile_condition)(text, NAMES)
    return caught.value


def holds(text: str, **changes: object) -> bool:
    changed = {f"input.{name}": value for name, value in changes.items()}
    return compile_condition(text, NAMES).evaluate_condition(VALUES | changed)


def amount_of(text: str, **changes: object) -> int:
    changed = {f"input.{name}": value for name, value in changes.items()}
    return compile_amount(text, NAMES).evaluate_amount(VALUES | changed)


def test_an_error_is_neither_true_nor_an_amount() -> None:
    assert holds("10 / input.hours > 1")
    assert not holds("10 / input.hours > 1", hours=10)
    with pytest.raises(EvaluationError, match="除以 0"):
        holds("10 / input.hours > 1", hours=0)
    with pytest.raises(EvaluationError, match="太大"):
        amount_of("input.hours * 922337203685477580", hours=2)


@pytest.mark.parametrize("given", [{}, {"input.hours": "3"}, {"input.hours": 2.0}, {"input.hours": None}])
def test_a_value_that_is_missing_or_of_another_type_fails(given: dict[str, object]) -> None:
    with pytest.raises(EvaluationError):
        compile_condition("input.hours > 2", NAMES).evaluate_condition(given)


@pytest.mark.parametrize(
    "text", ["input.hours == 0 || 1 / input.hours > 0", "1 / input.hours > 0 || input.hours == 0"]
)
def test_an_error_beside_an_operand_that_decides_is_ignored(text: str) -> None:
    assert holds(text, hours=0)


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("0.1 + 0.2 == 0.3", 0.0),
        ("input.weight + 0.2 == 0.3", 0.1),
        ("input.weight * 3 == 0.3", 0.1),
        ("input.hours * 0.1 >= 0.3", 0.0),
        ("input.weight * 1.1 == 3.3", 3.0),
        ("input.weight == 0.3", 0.1 + 0.2),
        ("input.weight / 3 * 3 == 1.0", 1.0),
        ("input.weight > 2", 2.5),
        ("1.005 * 1000 == 1005", 0.0),
    ],
)
def test_decimals_come_out_as_on_paper(text: str, weight: float) -> None:
    assert holds(text, weight=weight)


@pytest.mark.parametrize(
    ("text", "weight", "amount"),
    [
        ("int(input.weight * 100)", 0.29, 29),
        ("int(input.weight * 0.1 * 3 * 10)", 1.0, 3),
        ("int(input.weight)", 2.9, 2),
        ("int(0 - input.weight)", 2.9, -2),
        ("round(input.weight)", 2.5, 3),
        ("round(input.weight * 100)", 2.675, 268),
        ("round(0 - input.weight)", 2.5, -3),
        ("input.hours / 2", 0.0, 1),
        ("-7 / 2", 0.0, -3),
        ("-7 % 2", 0.0, -1),
        ("int(input.hours * 0.5)", 0.0, 1),
        ("round(input.hours * 0.5)", 0.0, 2),
        ("min(input.hours, 2) + max(1, household.people)", 0.0, 6),
    ],
)
def test_amounts_are_rounded_where_the_expression_says_so(text: str, weight: float, amount: int) -> None:
    assert amount_of(text, weight=weight) == amount


decimals = st.decimals(min_value=-1000, max_value=1000, places=3)


@st.composite
def calculations(draw: st.DrawFn, depth: int = 3) -> tuple[str, Fraction]:
    """An expression, and what it comes to on paper."""
    if depth == 0 or draw(st.booleans()):
        number = draw(decimals)
        return f"({number:f})", Fraction(number)
    (left, one), (right, other) = draw(calculations(depth - 1)), draw(calculations(depth - 1))
    sign = draw(st.sampled_from("+-*/"))
    assume(sign != "/" or other)
    apply = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[sign]
    return f"({left} {sign} {right})", apply(one, other)


@given(calculations(), decimals)
def test_calculations_agree_with_exact_arithmetic(calculation: tuple[str, Fraction], weight: object) -> None:
    text, result = calculation
    assume(abs(result) < 10**6)
    number = Fraction(str(weight))
    values = VALUES | {"input.weight": float(str(weight))}
    for sign, expected in ((">=", number >= result), ("==", number == result), ("<", number < result)):
        assert compile_condition(f"input.weight {sign} {text}", NAMES).evaluate_condition(values) == expected
    amount = compile_amount(f"int({text} + input.weight)", NAMES).evaluate_amount(values)
    assert amount == int(result + number)


@pytest.mark.parametrize(
    "text",
    [
        "input.held_on.year == 2026 && input.held_on.month == 3 && input.held_on.day == 8",
        "input.held_on.weekday == 7",
        'input.held_on >= "2026-03-01"',
        "input.held_on >= 2026-03-01",
        "'2026-03-01' < input.held_on",
        'input.held_on == date("2026-03-08")',
        "input.held_on == timestamp('2026-03-08T00:00:00Z')",
        "input.held_on - 2026-03-01 == 7",
        "(input.held_on + 1).weekday == 1",
        "input.held_on in ['2026-03-08', 2026-03-09]",
        "input.held_on.getDate() == 8",
    ],
)
def test_dates_have_parts_and_compare_with_plain_dates(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text", ["input.place in ['村部', '广场']", "input.place.startsWith('村')", "size(input.place) == 2"]
)
def test_texts_compare(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 400 + "true" + ")" * 400,
        "1" + " + 1" * 400 + " > 0",
        "-(" * 40 + "1" + ")" * 40 + " < 0",
        "!" * 400 + "true",
        "[" * 40 + "]" * 40 + " == []",
        "input.hours > 1 ? true : " * 60 + "true",
    ],
    ids=["brackets", "sum", "minus", "not", "lists", "alternatives"],
)
def test_depth_is_bounded(text: str) -> None:
    assert "嵌套太深" in str(refused(text))


def test_size_is_bounded() -> None:
    assert "太长" in str(refused("'" + "长" * 100_001 + "' == input.place"))


ONES = "[1,1,1,1,1,1,1,1,1,1]"


@pytest.mark.parametrize(
    "text",
    [
        "[input.place].map(a, a + a).map(b, b + b).size() > 0",
        f"{ONES}.all(x, {ONES}.all(y, {ONES}.all(z, true)))",
        f"{ONES}.filter(x, x > 0).size() > 1",
        "input.place.matches('^(a+)+$')",
        "[1, 2] + [3] == [1, 2, 3]",
        "{'a': 1}.a == 1",
        "input.place * 1000 == input.place",
    ],
)
def test_what_could_repeat_or_grow_is_refused(text: str) -> None:
    assert refused(text)


@given(st.text(alphabet="in'+*-/%<>=!&|?:().,[] 0123456789ahx", max_size=120))
def test_any_text_is_compiled_or_refused(text: str) -> None:
    with suppress(ExpressionError):
        compile_condition(text, (("a", "integer"), ("h", "text"), ("x", "date")))


def test_the_longest_expressions_end_at_once() -> None:
    # Each a form whose parts might be compiled or evaluated again and again.
    for text in (
        "(" * 30 + "input.hours" + " in [1, 2])" + " in [true, false])" * 29,
        " || ".join(["input.hours == 1 && input.weight == 0.1"] * 46),
        " + ".join(["input.hours * 999999999"] * 70) + " > 0",
        " + ".join(["input.place"] * 90) + " == 'x'",
    ):
        assert len(text) <= 2_000
        start = time.process_time()
        compile_condition(text, NAMES).evaluate_condition(VALUES | {"input.place": "长" * 500})
        assert time.process_time() - start < 1


def test_a_typo_in_a_dotted_name_is_a_compile_error_with_its_place_and_a_suggestion() -> None:
    error = refused("household.people > 1 && input.hors >= 2")
    [(line, column, message)] = error.mistakes
    assert "没有叫「input.hors」的量，您是想写「input.hours」吧" in message
    assert (line, column) == (1, 30)
    sentence, text, caret = message.splitlines()
    assert text[caret.index("^") :].startswith(".hors")
    assert sentence.endswith("。")


def test_an_unknown_name_without_similar_ones_gets_the_list_of_names() -> None:
    assert "可用的有 input.hours、input.weight" in str(refused("xyzzy == 1"))


def test_all_mistakes_of_types_are_told() -> None:
    text = "input.hors > 1\n&& input.place > 2\n&& input.held_on.wekday == 1"
    assert [(line, column) for line, column, _ in refused(text).mistakes] == [(1, 6), (2, 16), (3, 4)]


@pytest.mark.parametrize(
    "text", ["input.hours / 2 >= 1.5", "input.hours / 2 * 0.5 > 1", "input.weight > 1 - input.hours / 2"]
)
def test_a_whole_quotient_beside_a_decimal_is_refused(text: str) -> None:
    assert "只取整数部分" in str(refused(text))


@pytest.mark.parametrize("text", ["input.hours", "input.place", "1.0", "'true'"])
def test_a_condition_must_be_a_bool(text: str) -> None:
    assert "“是/否”" in str(refused(text))


@pytest.mark.parametrize(
    "text", ["input.weight", "input.hours > 1", "'5'", "5 / 2.0", "input.hours > 1 ? 1.5 : 2"]
)
def test_an_amount_must_be_whole(text: str) -> None:
    assert "必须是整数" in str(refused(text, amount=True))


@pytest.mark.parametrize(
    ("text", "sentence", "column"),
    [
        ("", "没有写完", 1),
        ("   ", "没有写完", 4),
        ("input.hours >", "没有写完", 14),
        ("input.hours = 2", "要写两个等号 ==", 13),
        ("a b", "少了运算符号", 3),
        ("'开", "引号没有成对", 1),
        ("input..hours > 1", "点号后面要写名字", 7),
        ("input.hours > 1 and input.hours < 3", "「and」要写成 &&", 17),
        ("input.hours > 1 OR true", "「OR」要写成 ||", 17),
        ("not input.hours > 1", "「not」要写成 !", 1),
        ("input.hours > 1 且 true", "「且」要写成 &&", 17),
        ("input.hours >= 1 或者 true", "「或者」要写成 ||", 18),
        ("input.hours ≥ 1", "「≥」要写成 >=", 13),
        ("input.hours × 2 > 1", "「×」要写成 *", 13),
        ("input.hours => 2", "「=>」要写成 >=", 13),
        ("input.hours ＞ 1", "中文的「＞」，要改成英文的 >", 13),
        ("（input.hours > 1)", "中文的「（」，要改成英文的 (", 1),
        ("input.hours > ５", "中文的「５」，要改成英文的 5", 15),
        ("input.place == “村部”", "「“」要写成 '", 16),
        ("input.hours > 1 == true", "不能连着比较", 17),
        ("True", "要写成小写的 true", 1),
        ("input.hours > 2小时", "「2小时」不是一个数", 15),
        ("小时 > 2", "不能用「小时」，量的名字都用英文", 1),
        ("input.held_on > 2026/3/1", "「2026/3/1」要写成 2026-03-01", 17),
        ("input.held_on > 2026年3月1日", "「2026年3月1日」要写成 2026-03-01", 17),
        ("input.held_on > 2026-3-1", "日期要写成 2026-03-01", 17),
        ("input.held_on > 2026-02-30", "没有 2026-02-30 这一天", 17),
        ("input.held_on > '3月1日'", "「3月1日」不是日期", 17),
        ("input.held_on > 20260301", "日期只能和日期比较", 15),
        ("input.hours > '2'", "数字不要放在引号里", 13),
        ("1 < input.hours < 3", "不能连着比较", 17),
        ("(input.hours > 1", "少一个 )", 1),
        ("input.hours > 1)", "多了一个「)」", 16),
        ("input.hours > 1 ? true", "用冒号写明另一种情况", 23),
        ("if input.hours > 1 then true", "条件 ? 一种 : 另一种", 1),
        ("input.place.lower() == 'x'", "没有叫「lower」的算法", 13),
        ("sum(input.hours) > 1", "没有叫「sum」的算法", 1),
        ("input.held_on.weekdays == 1", "没有叫「input.held_on.weekdays」的量", 1),
        ("input.hours > 0.12345678901234567890", "位数太多", 15),
        ("input.weight > 50%", "「50%」写成 0.5", 16),
        ("input.hours > 1,000", "「1,000」写成 1000", 15),
        ("input.hours > min(1,050, 8)", "「1,050」写成 1050", 19),
        ("input.hours > 5.", "「5.」写成 5", 15),
        ("input.hours > 1.5e3", "「1.5e3」不是一个数", 15),
        ("input.hours <> 2", "「<>」要写成 !=", 13),
        ("input.hours !== 2", "「!==」要写成 !=", 13),
        ("input.hours > = 2", "「> =」写成 >=", 13),
        ("input.hours >> 2", "「>>」要写成 >", 13),
        ("input.hours // 2 > 1", "「//」要写成 /", 13),
        ("input.hours 除以 2 > 1", "「除以」要写成 /", 13),
        ("input.hours 大于等于 2", "「大于等于」要写成 >=", 13),
        ("input.hours 不超过 2", "「不超过」要写成 <=", 13),
        ("input.place 是 '村部'", "「是」要写成 ==", 13),
        ("input.hours > 2；", "末尾不写分号", 16),
        ("input.hours\u3000> 2", "改成半角空格", 12),
        ("input.hours in (1, 2)", "in 后面要写方括号", 13),
        ("! input.hours > 2", "比较要放在括号里", 1),
        ("input.place == null", "「null」要写成 ''", 16),
        ("input.held_on > 2026-03-08T10:00:00", "不写时刻", 17),
        ("input.held_on > '2026-03-08T10:00:00Z'", "不是日期", 17),
        ("input.held_on > '20260308'", "不是日期", 17),
        ("input.held_on.week == 1", "您是想写「weekday」吧", 1),
        ("weekday(input.held_on) == 1", "不写括号", 1),
        ("floor(input.weight) > 1", "请用 int(…)", 1),
        ("round(input.weight, 1) > 1", "「round」要的是 1 个", 1),
    ],
)
def test_each_mistake_is_told_at_its_place(text: str, sentence: str, column: int) -> None:
    [(line, at, message)] = refused(text).mistakes
    assert sentence in message
    assert (line, at) == (1, column)


def test_the_same_expression_is_compiled_once() -> None:
    assert compile_condition("input.hours > 7", NAMES) is compile_condition("input.hours > 7", NAMES)


def test_constant_amounts() -> None:
    assert compile_amount("2 - 7", NAMES).constant_amount() == -5
    assert compile_amount("input.hours - 7", NAMES).constant_amount() is None


def test_a_comma_within_brackets_separates_and_a_note_stays_a_note() -> None:
    assert amount_of("max(100,200) // 200 分") == 200
    assert holds("input.hours in [100,200,3]")
