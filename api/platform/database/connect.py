"""Every connection to the database is opened here, so that failing to is one kind of error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


class DatabaseAway(Exception):
    """No connection: no socket, no route, no name, or none free in time."""


async def connect(*args: Any, **options: Any) -> asyncpg.Connection:
    """As `asyncpg.connect`. Raises DatabaseAway instead of whatever OSError the network gave."""
    try:
        return await asyncpg.connect(*args, **options)
    except OSError as error:
        raise DatabaseAway(str(error)) from error


def create_engine(url: URL, *, server_settings: Mapping[str, str] | None = None, **options: Any) -> AsyncEngine:
    """As SQLAlchemy's, with `connect`. Errors go into the log, so they tell no parameters: people wrote these."""
    settings = {"server_settings": dict(server_settings)} if server_settings else {}
    arguments = {"async_creator_fn": connect, **settings}
    return create_async_engine(url, connect_args=arguments, hide_parameters=True, **options)
