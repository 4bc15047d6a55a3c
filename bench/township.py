"""A scratch township with a given number of recorded claims, in an embedded database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from api import wire
from api.opening import TOWNSHIP
from api.platform.clock import WallClock
from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.engine import DATABASE, Database
from api.platform.database.migrations import migrate
from api.platform.services import Services
from api.registry.register.use_cases import init_township
from bench.scratch import scratch_folder
from rules import Claim, Input, Rulebook, Tally, books_path, evaluate, load

VILLAGES = 20
HOUSEHOLDS_PER_VILLAGE = 2_500
FIRST, LAST = "2025-01-01", "2025-12-31"
_SAMPLES_PER_RULE = 40


def book_text() -> str:
    return (books_path() / "township.toml").read_text(encoding="utf-8")


def draft_text() -> str:
    """The same book as version 2026.1, without one rule and with a campaign."""
    text = book_text().replace('version = "2025.1"', 'version = "2026.1"').replace("2025-01-01", "2026-01-01")
    head, *rules = text.split("[[rule]]")
    remaining = [rule for rule in rules if 'id = "A12"' not in rule]
    return "[[rule]]".join([head, *remaining]) + (
        '\n[[campaign]]\nid = "spring"\ntitle = "春季清洁行动"\nfrom = 2026-03-01\nuntil = 2026-04-30\n'
        'multiply = 1.5\ncategories = ["environment"]\n'
    )


def sample_answer(input: Input, random: Random) -> Any:
    match input.type:
        case "choice":
            return random.choice(input.options).id
        case "integer" | "number":
            low = int(input.low if input.low is not None else 1)
            return random.randint(low, int(input.high if input.high is not None else low + 1_000))
        case "date":
            return f"2025-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
        case _:
            return f"第 {random.randrange(1_000):03} 号"


def sample_claims(book: Rulebook, random: Random) -> Iterator[tuple[str, str, dict[str, Any], int]]:
    """Rule, category, answers and points of claims that the book accepts."""
    history = Tally(book)
    day = book.effective_from
    for rule in book.rules.values():
        for _ in range(_SAMPLES_PER_RULE):
            inputs = {input.id: sample_answer(input, random) for input in rule.inputs if input.required}
            evaluation = evaluate(book, Claim(rule.id, day, "h", "v", person="p", inputs=inputs), history)
            if evaluation.accepted:
                yield rule.id, rule.category, inputs, evaluation.points


@contextmanager
def open_township(claims: int) -> Iterator[Path]:
    """The data folder of a running township, removed at the end of the block."""
    with scratch_folder() as folder:
        data = folder / "data"
        with Embedded(data) as server, server.keep_running():
            asyncio.run(_fill(server, data, claims))
            yield data


async def _fill(server: Embedded, data: Path, claims: int) -> None:
    owner = server.url(OWNER, DATABASE)
    await migrate(owner)
    database = Database(server.url(APP, DATABASE), statement_timeout=None)
    try:
        services = Services(database, WallClock(), TOWNSHIP, data)
        office = wire.NewPerson(
            login="office", name="办公室", roles=["office"], township=True, password="a long password"
        )
        await init_township(services, "示范乡", office)
    finally:
        await database.close()
    samples = [
        {"n": n, "rule": rule, "category": category, "inputs": inputs, "points": points}
        for n, (rule, category, inputs, points) in enumerate(sample_claims(load(book_text()), Random(1)))
    ]
    engine = create_async_engine(owner)
    async with engine.begin() as connection:
        for statement in _STATEMENTS:
            sizes: dict[str, Any] = {"villages": VILLAGES, "households": VILLAGES * HOUSEHOLDS_PER_VILLAGE}
            if ":ways" in statement:
                sizes = {"ways": json.dumps(samples, ensure_ascii=False)}
            elif ":claims" in statement:
                sizes |= {"claims": claims, "made": len(samples)}
            elif ":book" in statement:
                sizes = {"book": book_text()}
            used = {name: value for name, value in sizes.items() if f":{name}" in statement}
            await connection.execute(text(statement), used)
    async with engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("vacuum analyze"))
    await engine.dispose()


# Without checks of foreign keys, which would be done for each of a million rows.
_STATEMENTS = (
    "set session_replication_role = replica",
    "select setseed(0.5)",
    """insert into village select 1, 'v' || n, '第' || n || '村', 3 from generate_series(1, :villages) n""",
    """insert into grid select 1, 'v' || n || '-1', 'v' || n, '第一网格' from generate_series(1, :villages) n""",
    """insert into household (township, id, code, village, grid, head, people, search_key)
       select 1, gen_random_uuid(), 'h' || n, 'v' || v, 'v' || v || '-1', '某某', 1 + n % 6,
              e'某某\\n某某\\n'
         from (select n, 1 + n % :villages as v from generate_series(1, :households) n) x""",
    """insert into rulebook (township, version, title, text, written_by, written_at)
       select 1, '2025.1', '乡镇文明积分办法', :book, p.id, now() from person p""",
    """create temporary table way as
       select * from jsonb_to_recordset(cast(:ways as jsonb))
           as w (n int, rule text, category text, inputs jsonb, points int)""",
    """create temporary table home as select row_number() over () - 1 as n, id, village from household""",
    """insert into claim (township, id, household, village, rulebook, rule, category, deed_on, person, inputs,
                          note, points, explanation, status, published, declared_by, declared_at,
                          reviewed_by, approved_by)
       select 1, gen_random_uuid(), h.id, h.village, '2025.1', w.rule, w.category, d.day, '某某', w.inputs, '',
              w.points, '[]', 'posted', true, p.id, d.day + interval '20 hours',
              gen_random_uuid(), gen_random_uuid()
         from (select floor(random() * :made)::int as way, floor(random() * :households)::int as home,
                      date '2025-01-01' + floor(random() * 365)::int as day
                 from generate_series(1, :claims)) d
         join way w on w.n = d.way
         join home h on h.n = d.home
        cross join (select id from person limit 1) p""",
)
