"""The points and the condition of a rule, as written in a book."""

from rules.book import ByChoice, Input
from rules.expression import Expression, ExpressionError, compile_amount, compile_condition
from rules.fields import Table
from rules.inputs import declarations, refuse_amount


def read_points(rule: Table, inputs: tuple[Input, ...]) -> tuple[int | ByChoice | Expression, str]:
    """What a rule gives, and the Chinese note that an expression needs for people to understand it."""
    points = rule.value("points", (int, str))
    tables = [asked for asked in inputs if asked.options and asked.options[0].points is not None]
    note = rule.text("points_note", required=type(points) is str, chinese=type(points) is str)
    if len(tables) > 1 or (tables and points is not None):
        rule.problem("points", "分值只能写在一处:要么 points,要么一个选择题的选项。")
    elif points is None and not tables and "points" not in rule.raw:
        rule.problem("points", "缺少 points(几分)。")
    if isinstance(points, str):
        return _amount(rule, points, inputs), note
    if isinstance(points, int):
        refuse_amount(rule, points)
        return points, note
    if tables:
        amounts = {option.id: option.points for option in tables[0].options if option.points is not None}
        return ByChoice(tables[0].id, amounts), note
    return 0, note


def read_condition(rule: Table, inputs: tuple[Input, ...]) -> tuple[Expression | None, str]:
    """A rule's `when`, and the Chinese note that says it to people."""
    text = rule.value("when", (str,))
    note = rule.text("when_note", required=text is not None, chinese=text is not None)
    if text is None:
        return None, note
    try:
        return compile_condition(text, declarations(inputs)), note
    except ExpressionError as error:
        _place(rule, "when", text, error)
        return None, note


def _amount(rule: Table, text: str, inputs: tuple[Input, ...]) -> int | Expression:
    try:
        expression = compile_amount(text, declarations(inputs))
    except ExpressionError as error:
        _place(rule, "points", text, error)
        return 0
    constant = expression.constant()
    if constant is not None:
        refuse_amount(rule, constant)
    return expression


def _place(rule: Table, key: str, text: str, error: ExpressionError) -> None:
    """Note a compile error where it is in the document, not where it is in the expression."""
    place = rule.findings.locator.inside((*rule.path, key), text, error.line, error.column)
    rule.findings.add_at(place, f"{rule.name}:{key} {error}")
