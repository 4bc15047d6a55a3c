"""A fault of the program itself: one sentence on the screen, and what happened in a log without secrets."""

from __future__ import annotations

import errno
import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from api.wire.text import make_visible

LOG = "crash.log"
LOG_SIZE = 1_000_000
"""Bytes after which a new log is begun, and one old one kept."""
REDACTED = "[...]"
# Tokens of devices, shifts and cards, one-time codes, PINs, passwords in addresses. A UUID is no secret.
_UUID = r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"
_SECRETS = re.compile(
    rf"({_UUID})|://[^/\s]*@|(?=[\w-]*\d)[\w-]{{9,}}|[\w-]{{16,}}|(?<![.\w])\d{{4,8}}(?!\w)", re.IGNORECASE
)


@contextmanager
def tell_faults(folder: Path, *expected: type[Exception]) -> Iterator[None]:
    """Log what nobody expected in this folder, tell it in one sentence, and exit with code 1."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except expected:
        raise
    except Exception as fault:
        if isinstance(fault, OSError) and fault.errno == errno.EPIPE:
            # Whoever read our output has heard enough; click ends quietly.
            raise
        try:
            where = f"详情记在 {_write(folder, fault)}，请交给维护的人"
        except OSError:
            where = "日志没有写成，请检查硬盘"
        click.echo(f"程序出了意外，已停下：{where}。 The program stopped by a fault of its own.", err=True)
        sys.exit(1)


def _write(folder: Path, fault: Exception) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = folder / LOG
    if log.exists() and log.stat().st_size > LOG_SIZE:
        log.replace(folder / f"{LOG}.old")
    what = make_visible(describe(fault))
    text = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} jimei {' '.join(sys.argv[1:2])}\n{what}\n"
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    with os.fdopen(file, "a", encoding="utf-8", errors="replace") as output:
        os.fchmod(output.fileno(), 0o600)
        output.write(text)
    return log


def describe(fault: BaseException) -> str:
    """The places of the traceback, without source lines and variables, and the messages redacted."""
    earlier = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    parts = [describe(earlier) + "\n"] if earlier is not None else []
    frames = traceback.extract_tb(fault.__traceback__)
    parts += [f"  {frame.filename}:{frame.lineno} {frame.name}\n" for frame in frames]
    parts.append(f"{type(fault).__module__}.{type(fault).__qualname__}: {redact(str(fault))}\n")
    if isinstance(fault, BaseExceptionGroup):
        parts += [describe(each) for each in fault.exceptions]
    return "".join(parts)


def redact(message: str) -> str:
    return _SECRETS.sub(lambda found: found[1] or REDACTED, message)
