"""Row lookups whose query plan stays good while the tables grow."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, literal_column
from sqlalchemy.sql.selectable import LateralFromClause


def lateral_one(row: Select[*tuple[Any, ...]], name: str) -> LateralFromClause:
    """A lookup by key, to be joined: the planner never reads the whole table for it, whatever its statistics."""
    return row.limit(literal_column("1")).lateral(name)
