"""A database written to a file and read back, by PostgreSQL's own programs, which come with the embedded server.

They are of 18, and a dump of theirs is read by any server from 15 on.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qsl

from sqlalchemy import URL

from api.platform.backup.archive import Part, open_private
from api.platform.database.migrations import RESTORING
from api.platform.database.os_user import ENVIRONMENT, binary_path, find_failure
from api.platform.disk import DISK_FULL, is_disk_full
from api.platform.errors import ErrorCode, Refused

APPLICATION_NAME = "jimei-backup"
"""Of the connections that read or write a whole database."""
SCHEMAS = ("ledger", "public")
_PIECE = 1 << 18
# What some servers don't know: a setting that came with 17, and is off anyway; what 15.20 notes of columns for
# itself.
_UNKNOWN = re.compile(
    rb"SET transaction_timeout = \w+;\n|ALTER TABLE ONLY \S+ ALTER COLUMN \S+ SET \(pg_attver=\d+\);\n"
)
_ROWS = b"COPY "
"""How the first table's rows begin; nothing that isn't known comes after them."""
# The schema that every database has is in the script too.
_BEFORE = f"drop schema if exists public; create schema {RESTORING};\n".encode()


async def dump_database(url: URL, snapshot: str, output: Path, role: str | None) -> Part:
    """All of our tables, functions and rights as of an exported snapshot. `role`: to become first.

    Raises OSError, as when the disk is full; Refused: backup-failed.
    """
    words = ["--format=custom", "--compress=gzip:5", f"--snapshot={snapshot}", "--no-owner", "--no-tablespaces"]
    words += ["--no-publications", "--no-subscriptions", "--no-security-labels", "--lock-wait-timeout=60000"]
    words += [f"--schema={schema}" for schema in SCHEMAS]
    words += [f"--role={role}"] if role is not None else []
    digest, size = hashlib.sha256(), 0
    async with _running("pg_dump", url, words) as program:
        assert program.stdout is not None
        with open_private(output) as file:
            while piece := await program.stdout.read(_PIECE):
                file.write(piece)
                digest.update(piece)
                size += len(piece)
        await _require_success(program, "数据库没有备份成")
    return Part(size, digest.hexdigest())


async def restore_database(url: URL, dump: Path) -> None:
    """Into a database that has nothing of ours: all of it, or nothing. Who signs in becomes its owner. From then
    on it is told to be restored.

    Raises Refused: backup-failed, disk-full.
    """
    # Written out by one program and run by another, since what the first would send itself some servers refuse.
    script = ["--file=-", "--no-owner", "--no-tablespaces", str(dump)]
    run = ["--no-psqlrc", "--quiet", "--output=/dev/null", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    async with _running("pg_restore", None, script) as writer, _running("psql", url, run, reads=True) as reader:
        assert writer.stdout is not None
        assert reader.stdin is not None
        with suppress(BrokenPipeError, ConnectionResetError):
            reader.stdin.write(_BEFORE)
            while line := await writer.stdout.readline():
                if not _UNKNOWN.fullmatch(line):
                    reader.stdin.write(line)
                if line.startswith(_ROWS):
                    break
            while piece := await writer.stdout.read(_PIECE):
                reader.stdin.write(piece)
                await reader.stdin.drain()
            if await writer.wait() == 0:
                reader.stdin.close()
        if reader.stdin.is_closing():
            await _require_success(reader, "数据库没有恢复成")
        else:
            # Cut off: what it has run so far is undone when it is killed.
            why = await _read_failure(reader if reader.returncode is not None else writer)
            raise _explain("数据库没有恢复成", why)


@asynccontextmanager
async def _running(
    name: str, url: URL | None, words: Sequence[str], *, reads: bool = False
) -> AsyncIterator[Process]:
    """A program with its output, or with `reads` its input, in our hands; killed where the block is left early."""
    environment, files = (ENVIRONMENT, ()) if url is None else _libpq(url)
    process = await asyncio.create_subprocess_exec(
        binary_path(name),
        *words,
        stdin=PIPE if reads else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL if reads else PIPE,
        stderr=PIPE,
        env=environment,
        pass_fds=files,
        limit=1 << 20,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _require_success(process: Process, what: str) -> None:
    why = await _read_failure(process)
    if await process.wait() != 0:
        raise _explain(what, why)


async def _read_failure(process: Process) -> str:
    assert process.stderr is not None
    return find_failure(await process.stderr.read())


def _explain(what: str, why: str) -> Refused:
    if is_disk_full(Exception(why), "58030"):
        return Refused(ErrorCode.DISK_FULL, DISK_FULL)
    return Refused(ErrorCode.BACKUP_FAILED, f"{what}：{why}。")


def _libpq(url: URL) -> tuple[Mapping[str, str], Sequence[int]]:
    """What libpq is to connect to, and the files that it needs open. Never in words that others could list."""
    host, port = (str(url.query.get(name, "")) for name in ("host", "port"))
    named = {
        "PGHOST": host or url.host,
        "PGPORT": port or (str(url.port) if url.port else ""),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGAPPNAME": APPLICATION_NAME,
        "PGTARGETSESSIONATTRS": "read-write",
    }
    # The rest of an address, each by libpq's own name for it.
    options = parse_qsl(str(url.query.get("dsn", "")).partition("?")[2])
    if "sslpassword" in dict(options):
        raise Refused(ErrorCode.DATABASE_URL, "备份用不了带密码的证书私钥（sslpassword），请换一个不带密码的。")
    environment = {**ENVIRONMENT, **{f"PG{name.replace('_', '').upper()}": value for name, value in options}}
    environment |= {name: value for name, value in named.items() if value}
    # A socket's folder by a descriptor of this process, where its path is too long.
    _, _, descriptor = host.rpartition("/proc/self/fd/")
    return environment, (int(descriptor),) if descriptor.isdigit() else ()
