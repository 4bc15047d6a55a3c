"""`jimei` as its user meets it: the words, what comes of them on either stream, and the exit code.

In this process, where one of its own would prove nothing more: it would be a second of imports for each. A process
of its own is for what the system does with it: signals, terminals, several at once, a start from nothing.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import structlog
from click.testing import CliRunner
from sqlalchemy import URL

from api.cli import main
from kiosk.language import choose_language
from tests.databases import Clone

JIMEI = [sys.executable, "-m", "api.cli"]

Done = subprocess.CompletedProcess[str]
# By both logins, or by the application's alone.
Where: TypeAlias = Clone | URL | str


def settings(data: Path | None = None, url: Where = "") -> dict[str, str]:
    """The variables by which `jimei` is told where its data is."""
    app, owner = (url.app, url.owner) if isinstance(url, Clone) else (url, "")
    named = {"JIMEI_DATABASE_URL": _render(app), "JIMEI_DATABASE_OWNER_URL": _render(owner)}
    return ({"JIMEI_DATA": str(data)} if data else {}) | {name: value for name, value in named.items() if value}


def _render(url: URL | str) -> str:
    return url if isinstance(url, str) else url.render_as_string(hide_password=False)


def environment(data: Path | None = None, url: Where = "") -> dict[str, str]:
    """For a process of its own."""
    return {k: v for k, v in os.environ.items() if not k.startswith("JIMEI_")} | settings(data, url)


def jimei(*words: str, data: Path | None = None, url: Where = "", typed: str = "") -> Done:
    """In this process, with `typed` on its input. A fault is raised here instead of drawn on standard error."""
    ours: dict[str, str | None] = {name: None for name in os.environ if name.startswith("JIMEI_")}
    with _left_as_found():
        done = CliRunner(env=ours | settings(data, url)).invoke(
            main, words, input=typed, prog_name="jimei", catch_exceptions=False
        )
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)


async def jimei_beside(*words: str, url: Where, typed: str = "") -> Done:
    """As `jimei`, while a live server runs in this loop: in a thread, with a loop of its own."""
    return await asyncio.to_thread(jimei, *words, url=url, typed=typed)


@contextmanager
def _left_as_found() -> Iterator[None]:
    """What a verb sets for its whole process, and would have left to the next test."""
    niceness, logging = os.getpriority(os.PRIO_PROCESS, 0), structlog.get_config()
    thresholds = gc.get_threshold()
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        structlog.configure(**logging)
        choose_language("zh")
        # Nobody but root could take it back.
        assert os.getpriority(os.PRIO_PROCESS, 0) == niceness, "this verb wants a process of its own"


def jimei_process(*words: str, data: Path | None = None, url: Where = "", patience: float = 120) -> Done:
    """In a process of its own."""
    return subprocess.run(
        [*JIMEI, *words],
        env=environment(data, url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=patience,
        check=False,
    )


_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """As `preexec_fn` of a process that runs until it is told to end: it ends when the tests are killed, too."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def one_sentence(done: Done) -> str:
    assert done.returncode == 2, done
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]
