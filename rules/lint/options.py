"""Finds comparisons of a choice with what is none of its options, such as an option's title for its id."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from rules.book import Input, Rule
from rules.expression import Expression
from rules.expression.syntax import Binary, ListNode, Literal, Name, parse


def find_foreign_options(rule: Rule) -> Iterator[tuple[str, str]]:
    """The key of each expression that compares a choice with no option of it, and what to write (Chinese)."""
    choices = {f"input.{input.id}": input for input in rule.inputs if input.type == "choice"}
    for key, expression in (("when", rule.when), ("points", rule.points)):
        if isinstance(expression, Expression) and choices:
            for name, written in _compared_texts(parse(expression.text)):
                choice = choices.get(name)
                if choice and written not in (option.id for option in choice.options):
                    yield key, _advise(choice, written)


def _compared_texts(node: object) -> Iterator[tuple[str, str]]:
    """Each text that a name is compared with, and the name."""
    match node:
        case Binary(sign="==" | "!=", left=Name(written=name), right=Literal() as text):
            yield name, str(text.token.value)
        case Binary(sign="==" | "!=", left=Literal() as text, right=Name(written=name)):
            yield name, str(text.token.value)
        case Binary(sign="in", left=Name(written=name), right=ListNode(items=items)):
            yield from ((name, str(item.token.value)) for item in items if isinstance(item, Literal))
        case tuple():
            for each in node:
                yield from _compared_texts(each)
        case _ if is_dataclass(node):
            for each in fields(node):
                yield from _compared_texts(getattr(node, each.name))


def _advise(choice: Input, written: str) -> str:
    meant = next((option.id for option in choice.options if option.title == written), "")
    if meant:
        return f"「{written}」是选项的名称，算式里要写它的编号 '{meant}' 。"
    return f"「{choice.title}」没有「{written}」这个选项；选项的编号有 {'、'.join(o.id for o in choice.options)}。"
