"""How rows are looked up, so that a plan made for a young township stays right for an old one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, literal_column
from sqlalchemy.sql.selectable import LateralFromClause


def lateral_one(row: Select[*tuple[Any, ...]], name: str) -> LateralFromClause:
    """What is looked up by its key, to be joined: no plan will read a whole table for it, whatever is known of the
    tables' sizes when it is made."""
    return row.limit(literal_column("1")).lateral(name)
