"""Drafts are checked where memory and time have a limit, and whatever reaches it harms nothing else."""

from __future__ import annotations

import ast
import asyncio
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import api
from api.awards.rulebooks.draft_checks import DraftChecker
from api.platform.errors import ErrorCode, Refused
from api.platform.worker_process import MAX_WAITING
from tests.api.awards.rulebooks.conftest import ask, text
from tests.conftest import LiveTown

GOOD = text("2026.1")
LONG = " + ".join(["household.people * 3"] * 80)
HEADERS = "".join(f"[a{n}]\n" for n in range(100_000))
DOUBLING = "[input.place]" + "".join(f".map({name}, {name} + {name})" for name in "abcdefghijklmnop")
BOMB = GOOD.replace("points = 1\n", f'points = "{DOUBLING}.size()"\npoints_note = "多"\n', 1)


async def test_a_text_that_takes_too_much_memory_is_told_and_the_next_is_checked() -> None:
    checker = DraftChecker(memory=48 << 20)
    [problem] = await checker.check_text(HEADERS, "book.toml")
    assert "太费时或太费内存" in problem.message
    assert await checker.check_text(GOOD, "book.toml", only_load=True) == []


async def test_a_text_that_takes_too_long_is_told_and_the_next_is_checked() -> None:
    # A processor's seconds are counted whole, so the least is one.
    checker = DraftChecker(seconds=0)
    head, first, *_ = GOOD.split("[[rule]]\n")
    rule = first.replace("points = 1\n", f'points = "{LONG}"\npoints_note = "按人口"\n')
    endless = head + "".join("[[rule]]\n" + rule.replace('"A01"', f'"Z{n}"') for n in range(400))
    [problem] = await checker.check_text(endless, "book.toml")
    assert "太费时或太费内存" in problem.message
    assert await checker.check_text("", "book.toml")


async def test_a_worker_that_was_killed_is_begun_anew() -> None:
    checker = DraftChecker()
    assert await checker.check_text(GOOD, "book.toml") == []
    process = checker._worker._process
    assert process is not None
    process.kill()
    process.wait()
    assert await checker.check_text(GOOD, "book.toml") == []


async def test_no_more_than_a_few_wait() -> None:
    checker = DraftChecker()
    checks = [asyncio.ensure_future(checker.check_text("", "book.toml")) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Refused) as refused:
        await checker.check_text("", "book.toml")
    assert refused.value.code == ErrorCode.BUSY
    assert all(await asyncio.gather(*checks))


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process that isn't a child")
def test_a_worker_ends_with_who_began_it() -> None:
    code = """
import asyncio, sys
from api.awards.rulebooks.draft_checks import DRAFT_CHECKER
asyncio.run(DRAFT_CHECKER.check_text("", "book.toml"))
print(DRAFT_CHECKER._worker._process.pid, flush=True)
sys.stdin.read()
"""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True) as parent:
        assert parent.stdout is not None
        worker = os.pidfd_open(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
        ended, _, _ = select.select([worker], [], [], 60)
        os.close(worker)
    assert ended


async def test_a_bomb_is_told_and_the_server_goes_on(town: LiveTown) -> None:
    checked = (await ask(town, "ma", "POST", "/check", {"text": BOMB})).raise_for_status().json()
    assert ["不能用循环「map」" in problem["message"] for problem in checked["problems"]] == [True]
    draft = (await ask(town, "ma", "POST", "/drafts", {"text": BOMB})).raise_for_status().json()
    assert (await ask(town, "ma", "GET", f"/drafts/{draft['id']}")).status_code == 200
    refused = await ask(town, "ma", "POST", f"/drafts/{draft['id']}/propose", {"revision": 1})
    assert (refused.status_code, refused.json()["type"].endswith("rulebook-wrong")) == (400, True)


LOADERS = {"load", "check", "check_files", "Library"}
PLACES = {
    ("api/awards/rulebooks/draft_worker.py", "answer"),
    ("api/awards/rulebooks/draft_worker.py", "_load"),
    # An adopted text, the base of the one that is checked.
    ("api/awards/rulebooks/draft_worker.py", "_load_base"),
    # Adopted texts, and drafts that `parse_proposal` had checked before.
    ("api/awards/rulebooks/use_cases.py", "_parse"),
    # In a worker, and by `_make_plan` after a check.
    ("api/awards/simulation/worker.py", "parse"),
    # After a check.
    ("api/cli/rules.py", "_load_book"),
}


def test_texts_are_parsed_nowhere_else() -> None:
    root = Path(api.__path__[0])
    found = set()
    for file in root.rglob("*.py"):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                found |= {
                    (str(file.relative_to(root.parent)), function.name)
                    for node in ast.walk(function)
                    if _is_loader(node)
                }
    assert found == PLACES


def _is_loader(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="rules"), attr=name):
            return name in LOADERS
        case ast.Call(func=ast.Name(id=name)):
            return name in ("Library", "check_files")
    return False
