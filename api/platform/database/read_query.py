"""A read query: several statements sent to the database in one round trip, answered as of one moment."""

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


class ReadQuery(Generic[T]):
    """`statements` are compiled once. The rows of each, in its order and by the names of its columns, become the
    field of `result` that has the statement's name."""

    def __init__(self, result: type[T], **statements: SelectBase) -> None:
        self._decoder = msgspec.json.Decoder(result)
        fields: list[ColumnElement[Any]] = []
        for name, statement in statements.items():
            # A literal, not a parameter: that would be sent with each call.
            fields += [literal_column(f"'{name}'"), _rows_as_json(statement, name)]
        # Compiled once: looking up so long a statement in SQLAlchemy's cache is slow.
        compiled = select(func.json_build_object(*fields).cast(Text)).compile(dialect=_DIALECT())
        assert isinstance(compiled, SQLCompiler)
        self.sql, self._names = compiled.string, compiled.positiontup or []
        self._constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}

    def parameters(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """In the order of the SQL's placeholders. Raises KeyError where a value is missing."""
        known = {**self._constants, **values}
        return tuple(known[name] for name in self._names)

    def decode(self, json: str) -> T:
        return self._decoder.decode(json)


class WriteQuery(ReadQuery[T]):
    """A read query by form; a function that it calls writes, and its end is a commit."""


def bind_from(statement: SelectBase, values: Mapping[str, ColumnElement[Any]]) -> SelectBase:
    """The same statement with these parameters replaced by expressions that the database computes itself."""

    def bound(element: Any, **_: Any) -> ColumnElement[Any] | None:
        return values.get(element.key) if isinstance(element, BindParameter) else None

    replaced = replacement_traverse(statement, {}, bound)
    assert isinstance(replaced, SelectBase)
    return replaced


def _rows_as_json(statement: SelectBase, name: str) -> ScalarSelect[Any]:
    subquery = statement.subquery(name)
    rows = func.json_agg(subquery.table_valued())
    return select(func.coalesce(rows, literal_column("'[]'::json"))).select_from(subquery).scalar_subquery()
