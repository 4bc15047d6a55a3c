"""`jimei init` at a terminal: from an empty folder to a township, question by question."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.api.desk.founding.conftest import FIRST
from tests.command_line import JIMEI, environment, jimei_process
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.slow


async def answer(terminal: Terminal, *answers: tuple[str, str]) -> None:
    for question, typed in answers:
        await terminal.sees(question)
        # What is typed before the password's prompt is thrown away.
        await terminal.still()
        terminal.type(f"{typed}\n")


async def test_a_township_is_founded_by_answers(data: Path) -> None:
    start = (
        ("乡镇的名称", "青山乡"),
        ("您的姓名", "王芳"),
        ("您登录用的用户名", "Wang"),
        ("用户名用小写字母和数字", "wangfang"),
        ("王芳的密码", "12345678"),
        ("太常见", FIRST),
        ("再输一次", FIRST),
        ("第二个人的姓名", "李明"),
        ("第二个人登录用的用户名", "wangfang"),
        ("两个人的用户名不能一样", "liming"),
    )
    terminal = await Terminal.run(*JIMEI, "init", environment=environment(data))
    await answer(terminal, *start)
    await terminal.sees("第二个人的密码 [1]")
    await terminal.still()
    terminal.type("\x03")
    await terminal.sees("没有建立，什么都没有写")
    await terminal.ended()
    terminal = await Terminal.run(*JIMEI, "init", environment=environment(data))
    usual = ("＿＿ 天，没有异议", "＿＿ 分要输密码", "＿＿ 分在终端里", "最多再兑换 ＿＿ 天")
    await answer(
        terminal,
        *start,
        ("第二个人的密码 [1]", ""),
        *((question, "") for question in usual),
        *((question, "") for question in ("盘点盈亏", "改动一种物品的分值", "补换的", "发的别的卡")),
        ("积分过不过期 [1]", "4"),
        ("请填 1 到 3 的数字", ""),
        ("先用哪一份 [1]", ""),
        ("哪个机构决定的 [乡党委]", ""),
        ("哪次会议", "2026 年第 1 次会议"),
        ("哪天决定的", ""),
        ("从哪天起", ""),
        ("照这样建立吗 [1]", ""),
    )
    await terminal.sees("请把这个邀请码交给李明")
    await terminal.sees("jimei serve")
    await terminal.ended()
    again = await Terminal.run(*JIMEI, "init", environment=environment(data))
    await again.sees("已经有一个乡镇了，不用再建")
    await again.ended()
    verified = await asyncio.to_thread(jimei_process, "verify", data=data)
    assert (verified.returncode, verified.stderr) == (0, "")
