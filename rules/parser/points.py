"""The points and the condition of a rule, as written in a book."""

from rules.book import MOST_POINTS, ByChoice, Decided, Input, Points
from rules.expression import Declarations, Expression, ExpressionError, compile_amount, compile_condition
from rules.inputs import refuse_amount
from rules.parser.table import Table
from rules.variables import Fact, Names

DECIDED_INPUTS = (
    Input(Decided.AMOUNT, "议定的分数", "integer"),
    Input(Decided.RECORD, "会议记录（编号或照片）", "text"),
)


def read_points(rule: Table, inputs: tuple[Input, ...], names: Names) -> tuple[Points, str, tuple[Fact, ...]]:
    """What a rule gives, the Chinese note that an expression needs for people to understand it, and the facts
    that the expression uses."""
    points = rule.value("points", (int, str, dict))
    tables = [asked for asked in inputs if asked.options and asked.options[0].points is not None]
    note = rule.text("points_note", required=type(points) is str, chinese=type(points) is str)
    if len(tables) > 1 or (tables and points is not None):
        rule.problem("points", "分值只能写在一处：要么 points，要么一个选择题的选项。")
    elif points is None and not tables and "points" not in rule.raw:
        rule.problem("points", "缺少 points（几分）。")
    if isinstance(points, str):
        amount, used = _amount(rule, points, names)
        return amount, note, used
    if isinstance(points, dict):
        return _decided(rule.table("points", f"{rule.name}的议定分值")), note, ()
    if isinstance(points, int):
        refuse_amount(rule, points)
        return points, note, ()
    if tables:
        amounts = {option.id: option.points for option in tables[0].options if option.points is not None}
        return ByChoice(tables[0].id, amounts), note, ()
    return 0, note, ()


def read_condition(rule: Table, names: Names) -> tuple[Expression | None, str, tuple[Fact, ...]]:
    """A rule's `when`, the Chinese note that says it to people, and the facts it uses."""
    text = rule.value("when", (str,))
    note = rule.text("when_note", required=text is not None, chinese=text is not None)
    if text is None:
        return None, note, ()
    used = names.used_in(text)
    try:
        return compile_condition(text, _declared(used), names.near(text)), note, used
    except ExpressionError as error:
        _place(rule, "when", text, error)
        return None, note, ()


def amounts(points: Points) -> tuple[int, ...]:
    """The amounts a rule may come to, as far as the book fixes them: empty for an expression."""
    if isinstance(points, int):
        return (points,)
    if isinstance(points, ByChoice):
        return tuple(points.amounts.values())
    if isinstance(points, Decided):
        return points.low, points.high
    constant = points.constant()
    return () if constant is None else (constant,)


def _decided(table: Table) -> Decided:
    body = table.text("decided_by", chinese=True)
    low, high = table.whole("min", -MOST_POINTS, MOST_POINTS), table.whole("max", -MOST_POINTS, MOST_POINTS)
    if low is None or high is None:
        table.problem("min", "由会议议定的分值要写明 min 和 max（最少、最多几分）。")
        low = high = 1
    elif low > high or low * high <= 0:
        table.problem("min", "min 不能大于 max，两个都要是加分或都是扣分，不能是 0。")
    table.close()
    return Decided(body, low, high)


def _amount(rule: Table, text: str, names: Names) -> tuple[int | Expression, tuple[Fact, ...]]:
    used = names.used_in(text)
    try:
        expression = compile_amount(text, _declared(used), names.near(text))
    except ExpressionError as error:
        _place(rule, "points", text, error)
        return 0, ()
    constant = expression.constant()
    if constant is not None:
        refuse_amount(rule, constant)
    return expression, used


def _declared(facts: tuple[Fact, ...]) -> Declarations:
    return tuple((fact.name, fact.kind) for fact in facts)


def _place(rule: Table, key: str, text: str, error: ExpressionError) -> None:
    """Note a compile error where it is in the document, not where it is in the expression."""
    place = rule.findings.locator.inside((*rule.path, key), text, error.line, error.column)
    rule.findings.add_at(place, f"{rule.name}：{key} {error}")
