"""A look: several questions to the database in one round trip, answered as of one moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import URL, BindParameter, ColumnElement, ScalarSelect, Text, func, literal_column, select
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.sql.visitors import replacement_traverse

T = TypeVar("T")

_DIALECT = URL.create("postgresql+asyncpg").get_dialect()


class Look(Generic[T]):
    """`questions` are statements made once. Of each its rows, in its order and by the names of its columns, become
    the field of `answer` that has the question's name."""

    def __init__(self, answer: type[T], **questions: SelectBase) -> None:
        self._decoder = msgspec.json.Decoder(answer)
        fields: list[ColumnElement[Any]] = []
        for name, question in questions.items():
            # A literal, no parameter: that would be sent with each look.
            fields += [literal_column(f"'{name}'"), _rows(question, name)]
        # Into SQL once and for all: SQLAlchemy would find so long a statement in its cache only slowly.
        made = select(func.json_build_object(*fields).cast(Text)).compile(dialect=_DIALECT())
        assert isinstance(made, SQLCompiler)
        self.sql, self._names = made.string, made.positiontup or []
        self._constants = {name: bind.value for name, bind in made.binds.items() if not bind.required}

    def parameters(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """In the order of the SQL's placeholders. Raises KeyError where a value is missing."""
        known = {**self._constants, **values}
        return tuple(known[name] for name in self._names)

    def read(self, told: str) -> T:
        return self._decoder.decode(told)


def told_by(question: SelectBase, values: Mapping[str, ColumnElement[Any]]) -> SelectBase:
    """The same question, with these parameters told by the database itself, in the same statement."""

    def told(element: Any, **_: Any) -> ColumnElement[Any] | None:
        return values.get(element.key) if isinstance(element, BindParameter) else None

    answered = replacement_traverse(question, {}, told)
    assert isinstance(answered, SelectBase)
    return answered


def _rows(question: SelectBase, name: str) -> ScalarSelect[Any]:
    asked = question.subquery(name)
    rows = func.json_agg(asked.table_valued())
    return select(func.coalesce(rows, literal_column("'[]'::json"))).select_from(asked).scalar_subquery()
