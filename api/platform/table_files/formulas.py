"""Cells that are written for a spreadsheet, which takes nothing in them for a formula."""

from __future__ import annotations

from collections.abc import Sequence

# Characters that start a formula in a spreadsheet, half and full width.
_FORMULA = tuple("=+-@＝＋－＠")


def escape_formulas(row: Sequence[object]) -> list[object]:
    """A row to be written, so that a spreadsheet takes nothing in it for a formula."""
    return [f"'{cell}" if isinstance(cell, str) and _is_formula(cell) else cell for cell in row]


def _is_formula(cell: str) -> bool:
    return cell.startswith(("\t", "\r", "\n")) or cell.lstrip().startswith(_FORMULA)
