"""Reads the points and the condition of a rule."""

import re

from rules.book import MAX_POINTS, Input, Points, PointsByChoice, PointsByMeeting
from rules.expression import (
    Declarations,
    Expression,
    ExpressionError,
    compile_amount,
    compile_condition,
    keep_outdated,
)
from rules.inputs import reject_amount
from rules.parser.table import Table, read_written_number
from rules.variables import KnownVariables, Variable

_CHINESE = re.compile(r"[\u3400-\u9fff]{2,}")

MEETING_INPUTS = (
    Input(PointsByMeeting.AMOUNT, "议定的分数", "integer"),
    Input(PointsByMeeting.RECORD, "会议记录（编号或照片）", "text"),
)


def read_points(
    rule: Table, inputs: tuple[Input, ...], known: KnownVariables
) -> tuple[Points, str, tuple[Variable, ...]]:
    """The points of a rule, the Chinese note that explains an expression, and the variables that the expression
    uses."""
    points = rule.get_value("points", (int, str, dict))
    if isinstance(points, str) and (whole := read_written_number(points)) is not None:
        if not rule.findings.adopted:
            rule.report("points", f"points 是数字，不要引号和单位，写成 points = {whole} 。")
        rule.get_text("points_note", required=False)
        return whole, "", ()
    choices = [input for input in inputs if input.options and input.options[0].points is not None]
    note = rule.get_text("points_note", required=type(points) is str, chinese=type(points) is str)
    if len(choices) > 1 or (choices and points is not None):
        rule.report("points", "分值只能写在一处：要么 points，要么一个选择题的选项。")
    elif points is None and not choices and "points" not in rule.raw:
        rule.report("points", "缺少 points（几分）。")
    if isinstance(points, str):
        amount, used = _compile_amount(rule, points, inputs, known)
        return amount, note, used
    if isinstance(points, dict):
        return _read_meeting_points(rule.get_table("points", f"{rule.name}的议定分值")), note, ()
    if isinstance(points, int):
        reject_amount(rule, points)
        return points, note, ()
    if choices:
        amounts = {option.id: option.points for option in choices[0].options if option.points is not None}
        return PointsByChoice(choices[0].id, amounts), note, ()
    return 0, note, ()


def read_condition(
    rule: Table, inputs: tuple[Input, ...], known: KnownVariables
) -> tuple[Expression | None, str, tuple[Variable, ...]]:
    """A rule's `when`, the Chinese note that explains it, and the variables it uses."""
    text = rule.get_value("when", (str,))
    note = rule.get_text("when_note", required=text is not None, chinese=text is not None)
    if text is None:
        return None, note, ()
    used = known.find_in(text)
    try:
        return compile_condition(text, _declarations(used), known.suggest_names(text)), note, used
    except ExpressionError as error:
        if rule.findings.adopted:
            return keep_outdated(text), note, ()
        _report_in_expression(rule, "when", text, inputs, error)
        return None, note, ()


def possible_amounts(points: Points) -> tuple[int, ...]:
    """The amounts a rule may give, as far as the book fixes them: none for an expression."""
    if isinstance(points, int):
        return (points,)
    if isinstance(points, PointsByChoice):
        return tuple(points.amounts.values())
    if isinstance(points, PointsByMeeting):
        return points.low, points.high
    constant = points.constant_amount()
    return () if constant is None else (constant,)


def _read_meeting_points(table: Table) -> PointsByMeeting:
    body = table.get_text("decided_by", chinese=True)
    low, high = table.get_int("min", -MAX_POINTS, MAX_POINTS), table.get_int("max", -MAX_POINTS, MAX_POINTS)
    if low is None or high is None:
        table.report("min", "由会议议定的分值要写明 min 和 max（最少、最多几分）。")
        low = high = 1
    elif low > high or low * high <= 0:
        table.report("min", "min 不能大于 max，两个都要是加分或都是扣分，不能是 0。")
    table.report_unknown_keys()
    return PointsByMeeting(body, low, high)


def _compile_amount(
    rule: Table, text: str, inputs: tuple[Input, ...], known: KnownVariables
) -> tuple[int | Expression, tuple[Variable, ...]]:
    used = known.find_in(text)
    try:
        expression = compile_amount(text, _declarations(used), known.suggest_names(text))
    except ExpressionError as error:
        if rule.findings.adopted:
            return keep_outdated(text), ()
        _report_in_expression(rule, "points", text, inputs, error)
        return 0, ()
    constant = expression.constant_amount()
    if constant is not None:
        reject_amount(rule, constant)
    return expression, used


def _find_titled(written: str, inputs: tuple[Input, ...]) -> Input | None:
    """The input whose title, or part of it, an expression has where its id belongs."""
    run = _CHINESE.match(written)
    return next((input for input in inputs if run and run[0] in input.title), None)


def _declarations(variables: tuple[Variable, ...]) -> Declarations:
    return tuple((variable.name, variable.type) for variable in variables)


def _report_in_expression(
    rule: Table, key: str, text: str, inputs: tuple[Input, ...], error: ExpressionError
) -> None:
    """Report each mistake at its place in the document instead of its place in the expression."""
    for line, column, message in error.mistakes:
        meant = _find_titled(text.split("\n")[line - 1][column - 1 :], inputs)
        if meant:
            message = f"量的名字都用英文：「{meant.title}」写成 input.{meant.id} 。\n" + message.partition("\n")[2]
        place = rule.findings.locator.find_inside((*rule.path, key), text, line, column)
        rule.findings.add_at(place, f"{rule.name}：{key} {message}")
