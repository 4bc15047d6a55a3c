"""Run the application on a listening socket."""

from __future__ import annotations

import asyncio
import resource
import secrets
import socket
import sys
from collections.abc import AsyncIterator, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import structlog
import uvicorn
from litestar import Litestar

from api.app import create_app
from api.desk.founding.door import Door
from api.platform.connections import Connection, Limits
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.shop.redemptions.fast_path import FastPath
from api.wire.text import make_all_visible

LOOPBACK = ("127.0.0.1", "::1")
"""The proxies that are trusted unless others are named."""

OWN_FILES = 200
"""What a process has open beside its clients: database, files, workers."""

# Seconds; longer than clients keep idle connections (httpx: 5), so that no request is sent on a closing one.
KEEP_ALIVE = 60


def configure_logging() -> None:
    """One JSON object per line on standard error; tracebacks without local variables, which may have secrets."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            _make_visible,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


class _Server(uvicorn.Server):
    """Before it waits for open requests to end, those that wait for recalls are answered."""

    def __init__(self, config: uvicorn.Config, app: Litestar) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.recall_board.close()
        await super().shutdown(sockets)


def _make_visible(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What was sent may stand in an error's words, and logs are read on terminals."""
    return {key: make_all_visible(value) for key, value in event.items()}


def configure(
    app: Litestar, trusted_proxies: Sequence[str] = LOOPBACK, limits: Limits | None = None
) -> uvicorn.Config:
    """How the application is served. `trusted_proxies`: addresses and networks; from there, and only from there,
    `X-Forwarded-For` and `X-Forwarded-Proto` say who asks, and whether over HTTPS."""
    connection = partial(Connection, limits=limits or Limits())
    return uvicorn.Config(
        FastPath(app),
        lifespan="on",
        # Called like the class.
        http=cast("type[asyncio.Protocol]", connection),
        ws="none",
        # What clients send wrong is no matter for a log: anybody could fill it.
        log_level="error",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE,
        forwarded_allow_ips=list(trusted_proxies),
    )


def allow_open_files(connections: int) -> int:
    """How many connections the process may have open beside its files, `connections` at most: where the system's
    soft limit stands in the way, it is raised."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OWN_FILES
    if soft == resource.RLIM_INFINITY:
        return connections
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(wanted, soft) - OWN_FILES)


@asynccontextmanager
async def run_server(
    services: Services,
    listener: socket.socket,
    secret: str,
    notice_interval: float = 5.0,
    trusted_proxies: Sequence[str] = LOOPBACK,
    door: Door | None = None,
) -> AsyncIterator[str]:
    """Run the server in the background for the duration of the block; yields its URL."""
    configure_logging()
    app = create_app(services, csrf_secret=secret, notice_interval=notice_interval, door=door)
    limits = Limits()
    limits = replace(limits, connections=allow_open_files(limits.connections))
    server = _Server(configure(app, trusted_proxies, limits), app)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if task.done():
                task.result()
                raise Refused(ErrorCode.SERVER_FAULT, "服务没有启动成功，请看上面的日志。")
            await asyncio.sleep(0.01)
        host, port = listener.getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await task


def load_csrf_secret(data: Path) -> str:
    """Generated once and stored in the data folder, so that open forms survive a restart."""
    data.mkdir(mode=0o755, parents=True, exist_ok=True)
    file = data / "csrf.secret"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32))
    return file.read_text()
