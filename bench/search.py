"""Households found by what the desk and the till are asked for, among 45,000."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter

from faker import Faker
from sqlalchemy import insert
from uuid_utils.compat import uuid7

from api.opening import TOWNSHIP
from api.platform.clock import WallClock
from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.engine import DATABASE, Database
from api.platform.database.migrations import migrate
from api.platform.services import Services
from api.registry.register.search import find_households
from api.registry.register.tables import Grid, Household, Township, Village
from bench.environment import Environment
from bench.measurement import Measurement, make_measurement
from bench.scratch import scratch_folder

HOUSEHOLDS, VILLAGES, GRIDS, AT_ONCE = 45_000, 20, 400, 5_000
ROUNDS = 5
ASKED = ("王", "王小明", "wxm", "wangxm", "v07-03-012", "012", "第三网格", "柳湾7 三组 王", "没有这个人")


async def measure(environment: Environment) -> AsyncIterator[Measurement]:
    with scratch_folder() as folder, Embedded(folder / "data") as server, server.keep_running():
        await migrate(server.url(OWNER, DATABASE))
        database = Database(server.url(APP, DATABASE))
        try:
            services = Services(database, WallClock(), TOWNSHIP, folder)
            await _fill(services)
            slowest = max([await _ask(services, text) for text in ASKED])
        finally:
            await database.close()
    yield make_measurement("search among 45,000, slowest", slowest * 1000, "ms", target=50.0)


async def _fill(services: Services) -> None:
    fake = Faker("zh_CN")
    fake.seed_instance(1)
    async with services.unit_of_work() as uow:
        uow.session.add(Township(id=uow.township, name="示范乡", founded_at=uow.now))
        await uow.session.flush()
        villages = [
            {"township": uow.township, "code": f"v{n:02}", "name": f"柳湾{n}村", "notice_days": 3}
            for n in range(VILLAGES)
        ]
        await uow.session.execute(insert(Village), villages)
        grids = [
            {
                "township": uow.township,
                "code": f"{village['code']}-{n:02}",
                "village": village["code"],
                "name": f"第{n + 1}网格",
            }
            for n in range(GRIDS // VILLAGES)
            for village in villages
        ]
        await uow.session.execute(insert(Grid), grids)
        for start in range(0, HOUSEHOLDS, AT_ONCE):
            rows = [
                {
                    "township": uow.township,
                    "id": uuid7(),
                    "code": f"{grid['code']}-{n // GRIDS:03}",
                    "village": grid["village"],
                    "grid": grid["code"],
                    "head": fake.name(),
                    "people": 4,
                }
                for n in range(start, start + AT_ONCE)
                for grid in [grids[n % GRIDS]]
            ]
            await uow.session.execute(insert(Household), rows)


async def _ask(services: Services, text: str) -> float:
    """Seconds of the median."""
    seconds = []
    for _ in range(ROUNDS):
        async with services.unit_of_work() as uow:
            began = perf_counter()
            await find_households(uow, text)
            seconds.append(perf_counter() - began)
        await asyncio.sleep(0)
    return sorted(seconds)[ROUNDS // 2]
