"""A rulebook that one person adopted before revision 0007 stays adopted, and says that nobody confirmed it."""

from __future__ import annotations

from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from alembic import command
from api.platform.database.embedded import OWNER, Embedded
from api.platform.database.migrations import REVISIONS, differences, migrate
from rules import books_path
from tests.databases import maintain

_BEFORE = [
    "insert into township values (1, '示范乡', now())",
    "insert into person (township, id, login, name, roles) values (1, gen_random_uuid(), 'wang', '王', '{}')",
    "insert into rulebook (township, version, title, text, effective_from, adopted_by, adopted_at)"
    " select 1, '2025.1', '乡镇文明积分办法', :text, '2025-01-01', id, '2025-01-03T08:00Z' from person",
]


async def test_what_was_adopted_alone_stays_adopted(server: Embedded) -> None:
    book = books_path().joinpath("township.toml").read_text(encoding="utf-8")
    owner = server.url(OWNER, "before_0007")
    await maintain(server, "create database before_0007")
    engine = create_async_engine(owner)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade_to_0006)
            for statement in _BEFORE:
                bound = {"text": book} if ":text" in statement else {}
                await connection.execute(text(statement), bound)
        await migrate(owner)
        async with engine.connect() as connection:
            [row] = await connection.execute(
                text(
                    "select a.version, r.text, effective_from::text, body, meeting, decided_on::text, alone,"
                    " confirmed_by, proposed_by = p.id, confirmed_at = proposed_at and written_at = confirmed_at"
                    " from rulebook_adoption a join rulebook r using (township, version) cross join person p"
                )
            )
        assert tuple(row) == (
            "2025.1",
            book,
            "2025-01-01",
            "乡党委",
            "2024 年第 12 次党委会议",
            "2024-12-20",
            True,
            None,
            True,
            True,
        )
        assert await differences(owner) is None
    finally:
        await engine.dispose()
        await maintain(server, "drop database before_0007 (force)")


def _upgrade_to_0006(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(REVISIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "0006")
