"""Every connection to the database is opened here, so that all have the same settings, and no connection or no
answer is one kind of error."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from itertools import repeat
from typing import Any

import asyncpg
from sqlalchemy import URL, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from api.platform.errors import ErrorCode, Refused

CONNECT_TIMEOUT = 5.0
"""Seconds for each host, where the address doesn't say `connect_timeout`."""
READ_ONLY = "25006"
"""PostgreSQL's code for a write where only reading is possible, as on a standby."""

# Whatever a server, a database or a role has for its sessions: our statements were written and measured with
# these. What an operator sets against harm (`default_transaction_read_only`), and `enable_*`, stay theirs.
SESSION: Mapping[str, str] = {
    "application_name": "jimei",
    # Our statements are long and quick: compiling one takes twenty times as long as running it.
    "jit": "off",
    # Hot pages lie in memory, so looking a row up by key beats reading even a small table.
    "random_page_cost": "1.1",
    # Tables without a schema are ours, even if somebody has made one of the same name elsewhere.
    "search_path": "public, pg_temp",
    # What was confirmed is on the disk.
    "synchronous_commit": "on",
    # Locks, retries and counters are written for it; who wants more says so in its transaction.
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    # How dates, numbers and bytes read where they become text, as in JSON, functions and digests.
    "timezone": "UTC",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    # Rows that a policy hides are refused, not left out.
    "row_security": "off",
    # No bound that we don't know of; ours are set where they are wanted.
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    # The server gives up a client that vanished, and its locks, after a minute.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}

# The same from our side, and sooner: until then whoever asks waits. A quiet connection is tried each ten seconds.
_KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 20_000}


class DatabaseAway(Exception):
    """No connection or no answer: no socket, no route, no name, none free in time, none that can write, a
    statement without an end. What it was to write may have been written."""


async def connect(
    *dsn: str | None,
    host: str | list[str] | None = None,
    port: int | list[int] | None = None,
    **options: Any,
) -> asyncpg.Connection:
    """As `asyncpg.connect`, to the first host that answers and can write; its `timeout` is for each. Raises
    DatabaseAway instead of whatever OSError the network gave; Refused: database-url."""
    # Not the driver's own way with several hosts: its bound is for all together, and the first may use it up.
    hosts = host if isinstance(host, list) else [host]
    ports = port if isinstance(port, list) else repeat(port, len(hosts))
    patience = float(options.pop("timeout", CONNECT_TIMEOUT))
    options = {"target_session_attrs": "read-write"} | options
    failure: Exception = DatabaseAway("no host")
    for each in zip(hosts, ports, strict=True):
        try:
            connection = await asyncpg.connect(*dsn, host=each[0], port=each[1], timeout=patience, **options)
        except OSError as error:
            failure = DatabaseAway(str(error) or "no answer in time")
            failure.__cause__ = error
        except asyncpg.TargetServerAttributeNotMatched as error:
            failure = DatabaseAway("it can only be read")
            failure.__cause__ = error
        except (asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError) as error:
            failure = error
        except (asyncpg.SyntaxOrAccessError, asyncpg.DataError) as error:
            # It doesn't let us in any more, or not with what the address wants to be set.
            failure = DatabaseAway(str(error))
            failure.__cause__ = error
        except asyncpg.ClientConfigurationError:
            raise Refused(
                ErrorCode.DATABASE_URL, "数据库地址里有参数的值不对，请检查 sslmode 等参数怎么写。"
            ) from None
        else:
            _keep_alive(connection)
            return connection
    raise failure


def create_engine(url: URL, *, server_settings: Mapping[str, str] = SESSION, **options: Any) -> AsyncEngine:
    """As SQLAlchemy's, with `connect`. Errors go into the log, so they tell no parameters: people wrote these."""
    connect_args = {"async_creator_fn": connect, "server_settings": dict(server_settings)}
    connect_args |= options.pop("connect_args", {})
    engine = create_async_engine(url, connect_args=connect_args, hide_parameters=True, **options)
    event.listen(engine.sync_engine, "handle_error", _give_up)
    return engine


def _give_up(context: ExceptionContext) -> None:
    """A connection that gave no answer, or can't write any more, isn't used again, nor are those opened before it.
    Raises DatabaseAway where the driver had no error of its own."""
    error = context.original_exception
    if isinstance(error, (TimeoutError, asyncpg.InternalClientError)):
        context.is_disconnect = True
        raise DatabaseAway(str(error) or "no answer in time") from error
    if getattr(error, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def _keep_alive(connection: asyncpg.Connection) -> None:
    """Let the kernel find out when the other side has vanished. Nothing for sockets of this machine."""
    # The driver has no way of its own to its socket.
    ours: socket.socket = connection._transport.get_extra_info("socket")
    if ours.family not in (socket.AF_INET, socket.AF_INET6):
        return
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        # Not every system has each.
        if (option := getattr(socket, name, None)) is not None:
            ours.setsockopt(socket.IPPROTO_TCP, option, value)
