"""What is done one after another, told to whoever waits for it. A process that dies at any of them leaves nothing
that anybody would take for the whole."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias


class Step(StrEnum):
    DUMP = "读出数据库"
    ENCRYPT = "打包、加密"
    PLACE = "存入备份文件夹"
    COPY = "抄到第二个文件夹"
    OPEN = "打开备份，核对校验和"
    REBUILD = "恢复数据库"
    MIGRATE = "升级到本程序的版本"
    VERIFY = "核对账本和封印"
    MARK = "在账本里记下这次恢复"
    MOVE = "放到新的数据文件夹"


ReportStep: TypeAlias = Callable[[Step], None]


def ignore_step(_: Step) -> None:
    pass


def ignore_progress(done: int, total: int) -> None:
    pass
