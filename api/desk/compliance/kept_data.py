"""What is kept about people, read off the tables: what stands in none of these columns isn't known here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.platform.database.base import Base

_TITLES: Final[Mapping[str, Mapping[str, str]]] = {
    "household": {
        "code": "户号",
        "village": "村",
        "grid": "网格",
        "head": "户主姓名",
        "people": "几口人",
        "adults": "大人的姓名（规则要问是谁做的才写，孩子只计人数）",
        "ended_at": "哪天销户",
        "merged_into": "并入哪一户",
    },
    "person": {
        "login": "登录名",
        "name": "姓名",
        "roles": "职责",
        "village": "哪个村",
        "grid": "哪个网格",
        "household": "自己家的户号（用来回避）",
        "password_hash": "密码（只留算过的，看不出原来的）",
        "registered_by": "谁登记的",
        "ended_at": "哪天结束任职",
        "reset_by": "谁给重设过密码",
        "reset_at": "哪天重设的",
    },
    "attendant": {
        "supermarket": "哪家超市",
        "name": "姓名",
        "pin_hash": "PIN（只留算过的，看不出原来的）",
        "household": "自己家的户号",
        "pin_set_at": "PIN 哪天设的",
        "ended_at": "哪天不再当管理员",
    },
}
_SUBJECTS: Final = {"household": "一户", "person": "一位工作人员", "attendant": "一位超市管理员"}
# They say nothing of a person.
_INTERNAL: Final = frozenset({"township", "id", "township_wide", "search_key"})


def list_kept_data() -> dict[str, list[str]]:
    """What is kept about a household, a member of staff and an attendant, by its titles in Chinese. Raises
    KeyError for a column that isn't told."""
    return {
        _SUBJECTS[table]: [titles[column] for column in list_columns(table)] for table, titles in _TITLES.items()
    }


def list_columns(table: str) -> list[str]:
    """Those that say something of a person."""
    return [column.name for column in Base.metadata.tables[table].columns if column.name not in _INTERNAL]
