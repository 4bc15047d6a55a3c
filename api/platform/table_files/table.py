"""A table in a file: its columns by their headings, its rows as values, and everything that can't be read at its
cell.

Callers say which columns they want. Titles above the headings, headings in two rows, rows of totals and notes
below the table are recognised, whatever the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

import regex

from api.platform.errors import ErrorCode, Refused
from api.platform.table_files.file import MAX_ROWS, TableFile
from api.platform.table_files.sheet import Cell, Sheet, Value
from api.wire.text import code_form

MAX_HEADING_ROW = 20
HEADING_ROWS = 3
_MAX_TOLD = 5
_MAX_SHOWN = 20

_BRACKETS = regex.compile(r"[(\[【〔{][^)\]】〕}]*[)\]】〕}]")
_HEADING_SIGNS = regex.compile(r"[*:：、。]")
_TOTAL = regex.compile(
    r"(?:.{0,20}[本全各村组格户社乡镇页月年])?"
    r"(?:(?:合计|小计|总计|共计|累计|总和|总数|总户数|总分|汇总)(?:\(.*\))?:?"
    # With the sum behind it, in figures or as on a cheque.
    r"(?:(?:[0-9.,]+|[零壹贰叁肆伍陆柒捌玖拾佰仟万]+)(?:户|人|次|条|行|笔|分|整){0,2}[,、]?)*|共[0-9]+[户人次条行笔分])"
)
_EXAMPLE = regex.compile(r"\s*[(（]?(?:示例|样例|举例)[)）]?\s*")
_NOTE = regex.compile(
    r"(?:填表|制表|填报|审核|审批|复核|负责|经办|监督|联系|备注|说明|注)(?:[^:]{0,8}:|(?:人|者|员|单位|部门|日期|时间))"
    r"|.*\((?:公章|盖章|签章|签字|签名|印章)\)"
)


@dataclass(frozen=True, slots=True)
class Column:
    """`names`: other headings of it; `loose_names`: those that only count where there is no better one. `needed`:
    without its heading there is no table, and no row without something in it. `summed`: a figure that would count
    again in each row that merged cells cover."""

    name: str
    title: str
    read: Callable[[Cell, str], Any]
    names: Sequence[str] = ()
    loose_names: Sequence[str] = ()
    needed: bool = True
    filled: bool = True
    summed: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something in a row can't be taken, and where."""

    row: int
    place: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}：{self.sentence}"


@dataclass(frozen=True, slots=True)
class Row:
    """`values`: what could be read, by column; what is empty has none. `cells`: of all columns."""

    number: int
    cells: Mapping[str, Cell]
    values: Mapping[str, Any]
    problems: Sequence[Problem]


@dataclass(frozen=True)
class Table:
    """`unknown`: headings of no column. `notes`: sentences that tell what was read and what was left out."""

    sheet: Sheet
    rows: Sequence[Row]
    unknown: Sequence[Cell]
    notes: Sequence[str]

    @property
    def problems(self) -> list[Problem]:
        return [problem for row in self.rows for problem in row.problems]

    def find_problem(self, row: Row, column: str, sentence: str) -> Problem:
        """A problem with the cell of a column; with the row, where the table has no such column."""
        cell = row.cells.get(column)
        place = self.sheet.place(row.number, None if cell is None else cell.column)
        return Problem(row.number, place, sentence)


def read_table(file: TableFile, columns: Sequence[Column], sheet: str | None = None) -> Table:
    """The first sheet that has the headings, or the one with this name. The first of `columns` tells rows from
    totals and notes.

    Raises Refused: unreadable, too-large, malformed.
    """
    sheets, found = _find_sheets(file, [columns], sheet)
    first, *others = (headings for _, headings in found)
    return _read(file, first, [headings.sheet.name for headings in others], sheets, columns)


def read_tables(
    file: TableFile, layouts: Sequence[Sequence[Column]], sheet: str | None = None
) -> list[tuple[int, Table]]:
    """Every sheet that has the headings of one of the layouts, or the one with this name; each with the layout's
    place. Of several layouts it has the one whose headings are most of its own, the first among equals.

    Raises Refused: as `read_table`.
    """
    sheets, found = _find_sheets(file, layouts, sheet)
    return [(n, _read(file, headings, [], sheets, layouts[n])) for n, headings in found]


def _find_sheets(
    file: TableFile, layouts: Sequence[Sequence[Column]], name: str | None
) -> tuple[Sequence[Sheet], list[tuple[int, _Headings]]]:
    """All sheets of the file, and those with headings and something below them."""
    nearest: _Headings | None = None
    blank = False
    for sheets in file.iter_readings():
        found = [_find_layout(each, layouts) for each in _choose(file, sheets, name)]
        complete = [(n, headings) for n, headings in found if not headings.missing]
        shown = [(n, headings) for n, headings in complete if name is not None or not headings.sheet.hidden]
        filled = [(n, headings) for n, headings in shown if headings.has_more]
        if filled:
            return sheets, filled
        blank = blank or bool(shown)
        if blank:
            continue
        if complete:
            raise Refused(
                ErrorCode.MALFORMED,
                f"{file.name} 里只有隐藏的工作表“{complete[0][1].sheet.name}”像要读的表，请取消隐藏再读。",
            )
        each_nearest = (headings for _, headings in found)
        nearest = min(
            (*([nearest] if nearest else []), *each_nearest), key=lambda each: len(each.missing), default=None
        )
    if blank:
        raise Refused(ErrorCode.MALFORMED, f"{file.name} 只有表头，下面没有内容。")
    missing = [column for column in layouts[0] if column.needed] if nearest is None else nearest.missing
    listed = "、".join(f"{column.title}（{column.name}）" for column in missing)
    empty = nearest is None or not any(cell != "" for cells in nearest.sheet.rows for cell in cells)
    raise Refused(
        ErrorCode.MALFORMED,
        f"{file.name} 是空的，要有 {listed} 这几列。" if empty else f"{file.name} 的表头里没有 {listed} 这几列。",
    )


def _find_layout(sheet: Sheet, layouts: Sequence[Sequence[Column]]) -> tuple[int, _Headings]:
    """The layout that the sheet has, or comes nearest to."""
    found = [_find_headings(sheet, columns) for columns in layouts]
    return min(
        enumerate(found), key=lambda each: (bool(each[1].missing), -len(each[1].places), len(each[1].missing))
    )


def _choose(file: TableFile, sheets: Sequence[Sheet], name: str | None) -> Sequence[Sheet]:
    if name is None:
        return sheets
    named = [each for each in sheets if each.name == name]
    if not named:
        listed = "、".join(f"“{each.name}”" for each in sheets if each.name) or "没有工作表"
        raise Refused(ErrorCode.MALFORMED, f"{file.name} 里没有工作表“{name}”，有的是：{listed}。")
    return named


@dataclass(frozen=True, slots=True)
class _Headings:
    """`row`: the last one of them; 0 where none was found. `places`: the columns that each may be."""

    sheet: Sheet
    row: int
    places: Mapping[str, Sequence[int]]
    missing: Sequence[Column]

    @property
    def has_more(self) -> bool:
        """Whether anything stands below them."""
        return any(cell != "" for cells in self.sheet.rows[self.row :] for cell in cells)


def _find_headings(sheet: Sheet, columns: Sequence[Column]) -> _Headings:
    best: Mapping[str, Sequence[int]] = {}
    row = 0
    filled = (n for n, cells in enumerate(sheet.rows, start=1) if any(cell != "" for cell in cells))
    for number in islice(filled, MAX_HEADING_ROW):
        found = _match(_read_headings(sheet, number), columns)
        if len(found) > len(best):
            best, row = found, number
    return _Headings(sheet, row, best, [each for each in columns if each.needed and each.name not in best])


def _read_headings(sheet: Sheet, row: int) -> dict[int, Cell]:
    """The headings by column, if this is the last row with any: where it has none, one above counts."""
    rows = range(row, max(row - HEADING_ROWS, 0), -1)
    cells = (
        [sheet.cell(each, place) for each in rows] for place in range(max(len(sheet.rows[n - 1]) for n in rows))
    )
    found = (next((cell for cell in column if cell.text), None) for column in cells)
    return {cell.column: cell for cell in found if cell is not None}


def _match(headings: Mapping[int, Cell], columns: Sequence[Column]) -> dict[str, Sequence[int]]:
    """Where each column may be: by the whole heading, or else by what stands outside brackets."""
    whole, outside = (
        {place: _heading_form(form(code_form(cell.text))) for place, cell in headings.items()}
        for form in (str, partial(_BRACKETS.sub, ""))
    )
    found: dict[str, Sequence[int]] = {}
    for column in columns:
        for names in ((column.title, column.name, *column.names), column.loose_names):
            known = {_heading_form(name) for name in names}
            ways = ([place for place, text in forms.items() if text in known] for forms in (whole, outside))
            places = next(filter(None, ways), None)
            if places:
                found[column.name] = places
                break
    return found


def _heading_form(text: str) -> str:
    plain: str = _HEADING_SIGNS.sub("", code_form(text))
    return plain


def _read(
    file: TableFile, found: _Headings, also: Sequence[str], sheets: Sequence[Sheet], columns: Sequence[Column]
) -> Table:
    sheet, headings = found.sheet, _read_headings(found.sheet, found.row)
    for possible in found.places.values():
        if len(possible) > 1:
            heading = headings[possible[-1]].text
            raise Refused(ErrorCode.MALFORMED, f"{file.name} 的表头里「{heading}」有两列，请只留一列。")
    places = {name: each[0] for name, each in found.places.items()}
    _require_own_columns(file, sheet, found.row, headings, places.values())
    wanted = [column for column in columns if column.name in places]
    width = max(
        len(sheet.rows[number - 1]) for number in range(max(found.row - HEADING_ROWS, 0) + 1, found.row + 1)
    )
    rows: list[Row] = []
    left_out: list[str] = []
    for number in range(found.row + 1, len(sheet.rows) + 1):
        cells = {column.name: sheet.cell(number, places[column.name]) for column in wanted}
        if not _has_content(sheet, number, cells):
            continue
        if _is_example(sheet.rows[number - 1]):
            left_out.append(f"第 {number} 行（示例）")
            continue
        row = _read_row(sheet, number, cells, wanted)
        if not sheet.name and any(sheet.rows[number - 1][width:]):
            # In a text, a reason with a comma in it.
            told = "格子比表头多；一格里有分隔的符号时，请用引号括起来。"
            row = replace(row, problems=[*row.problems, Problem(number, sheet.place(number, width), told)])
        why = _why_left_out(sheet, row, headings, columns[0]) if row.problems else ""
        if why:
            left_out.append(f"第 {number} 行（{why[:_MAX_SHOWN]}）")
        else:
            rows.append(row)
    if len(rows) > MAX_ROWS:
        raise Refused(ErrorCode.TOO_LARGE, f"{file.name} 超过 {MAX_ROWS} 行，请分成几个文件。")
    unknown = [cell for place, cell in headings.items() if place not in places.values()]
    return Table(sheet, rows, unknown, list(_tell(sheet, also, sheets, left_out)))


def _require_own_columns(
    file: TableFile, sheet: Sheet, row: int, headings: Mapping[int, Cell], places: Iterable[int]
) -> None:
    """A heading that is merged across several columns says nothing of which one is meant, if more than one is
    filled in."""
    for area in sheet.merged:
        heading = headings.get(area.left)
        if area.left not in places or heading is None or not area.top <= heading.row <= area.bottom:
            continue
        others = [place for place in range(area.left + 1, area.right + 1) if place not in headings]
        if any(place < len(cells) and cells[place] != "" for cells in sheet.rows[row:] for place in others):
            raise Refused(
                ErrorCode.MALFORMED, f"{file.name} 的表头「{heading.text}」合并了几列（{area}），请只留一列。"
            )


def _is_example(cells: Sequence[Value]) -> bool:
    """Whether a cell says that the row is only an example of how to fill the table in."""
    return any(isinstance(cell, str) and _EXAMPLE.fullmatch(cell) for cell in cells)


def _has_content(sheet: Sheet, number: int, cells: Mapping[str, Cell]) -> bool:
    """Whether something of the wanted columns was written in this row itself, or a text beside them."""
    if any(cell.text and cell.is_own for cell in cells.values()):
        return True
    wanted = {cell.column for cell in cells.values()}
    beside = (sheet.cell(number, place) for place in range(len(sheet.rows[number - 1])) if place not in wanted)
    return any(cell.text and cell.is_own and not cell.text.isdigit() for cell in beside)


def _read_row(sheet: Sheet, number: int, cells: Mapping[str, Cell], columns: Sequence[Column]) -> Row:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for column in columns:
        cell = cells[column.name]
        try:
            if not cell.text:
                if column.filled:
                    raise ValueError(f"没有{column.title}。")
            elif column.summed and cell.merged is not None:
                raise ValueError(f"{column.title}的单元格合并了（{cell.merged}），请拆开，逐行填写。")
            else:
                values[column.name] = column.read(cell, column.title)
        except ValueError as error:
            problems.append(Problem(number, sheet.place(number, cell.column), str(error)))
    return Row(number, cells, values, problems)


def _why_left_out(sheet: Sheet, row: Row, headings: Mapping[int, Cell], key: Column) -> str:
    """Why a row with problems is none of the table: a total, a note, the headings again; empty if it is one."""
    own = [cell for cell in row.cells.values() if cell.text and cell.is_own]
    texts = [
        text for place in range(len(sheet.rows[row.number - 1])) if (text := sheet.cell(row.number, place).text)
    ]
    unread = [cell.text for name, cell in row.cells.items() if cell.text and name not in row.values]
    # A row that says whose it is may have such a word in its reason.
    for text in unread if key.name in row.values else texts:
        if _TOTAL.fullmatch(code_form(text)):
            return text
    if own and all(_heading_form(cell.text) == _heading_form(headings[cell.column].text) for cell in own):
        return "表头"
    if key.name not in row.values and (_NOTE.match(code_form(texts[0])) or len(texts) == 1):
        return texts[0]
    return ""


def _tell(sheet: Sheet, also: Sequence[str], sheets: Sequence[Sheet], left_out: Sequence[str]) -> Iterator[str]:
    if not sheet.alone:
        yield f"读的是工作表“{sheet.name}”。"
    if also:
        yield f"{_quote(also)}也像要读的表，没有读。"
    hidden = [each.name for each in sheets if each.hidden and each is not sheet]
    if hidden:
        yield f"隐藏的工作表{_quote(hidden)}没有读。"
    if left_out:
        more = f"等 {len(left_out)} 行" if len(left_out) > _MAX_TOLD else ""
        yield f"不算在内：{'、'.join(left_out[:_MAX_TOLD])}{more}。"


def _quote(names: Sequence[str]) -> str:
    return "、".join(f"“{name}”" for name in names)
