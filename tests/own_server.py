"""A PostgreSQL as its operator has it: Debian's 15, with JIT and its own defaults, reached over TCP by logins with
passwords. The embedded one is another build and another version, and nobody signs in to it by a password."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import URL

from api.platform.database.os_user import OsUser, choose_os_user
from tests.clusters import passable
from tests.databases import Clone

BINARIES = Path("/usr/lib/postgresql/15/bin")
ADMIN, PASSWORD = "postgres", "of the tests"
OWNER, LOGIN = "town_owner", "town_login"


# Never skipped where CI says that the machine has everything.
with_own_server = pytest.mark.skipif(
    not BINARIES.is_dir() and os.environ.get("CI") != "true", reason="Debian's postgresql-15 is not installed"
)


@dataclass
class OwnServer:
    folder: Path
    user: OsUser
    port: int = field(default_factory=lambda: _free_port())

    @property
    def cluster(self) -> Path:
        return self.folder / "pg"

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c fsync=off -k {self.folder}"
        self._pg_ctl("start", "--options", options, "--log", str(self.folder / "pg.log"))

    def stop(self) -> None:
        self._pg_ctl("stop", "--mode", "immediate")

    def run(self, program: str, *words: str) -> None:
        done = self.user.run([str(BINARIES / program), *words], cluster=self.cluster)
        assert done.returncode == 0, done.stdout

    def _pg_ctl(self, *words: str) -> None:
        # What it starts keeps its output open.
        with open(os.devnull, "wb") as nothing:
            done = self.user.run(
                [str(BINARIES / "pg_ctl"), *words, "--wait"], output=nothing, cluster=self.cluster
            )
        assert done.returncode == 0, (self.folder / "pg.log").read_text()

    def url(self, login: str, database: str) -> URL:
        return URL.create("postgresql", login, PASSWORD, "127.0.0.1", self.port, database)

    def clone(self, database: str, login: str = LOGIN) -> Clone:
        return Clone(_for_us(self.url(OWNER, database)), _for_us(self.url(login, database)))

    async def administer(self, *statements: str, database: str = "postgres") -> None:
        connection = await self._connect(database)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def ask(self, question: str) -> object:
        connection = await self._connect("postgres")
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    async def _connect(self, database: str) -> asyncpg.Connection:
        return await asyncpg.connect(self.url(ADMIN, database).render_as_string(hide_password=False))


def _for_us(url: URL) -> URL:
    return url.set(drivername="postgresql+asyncpg")


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """With a login that may create databases and roles, and none for the application yet."""
    with passable("jimei-own-") as folder:
        user = choose_os_user(folder)
        home = folder / "server"
        user.make_private(home)
        server = OwnServer(home, user)
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        words = ["--username", ADMIN, "--auth", "scram-sha-256", "--pwfile", str(folder / "password")]
        server.run("initdb", *words, "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
        server.start()
        try:
            role = f"create role {OWNER} login createdb createrole password '{PASSWORD}'"
            asyncio.run(server.administer(role))
            yield server
        finally:
            server.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
