"""A township's register from one workbook, as the office brings it: kept, looked at, mended, confirmed, written.

20,000 households in 20 villages; one in fifty has no code, one in fifty no grid, one in a hundred the code of
another. After that the same workbook again, which changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from io import BytesIO
from random import Random

from uuid_utils.compat import uuid7
from xlsxwriter import Workbook

from api import wire
from api.opening import TOWNSHIP
from api.platform.access import Staff
from api.platform.clock import WallClock
from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.engine import DATABASE, Database
from api.platform.database.migrations import migrate
from api.platform.services import Services
from api.registry.people.use_cases import find_by_login
from api.registry.register import uploads
from api.registry.register.mends import MEND_KINDS
from api.registry.register.register_plan import RegisterPlan
from api.registry.register.uploads import Purpose, carry_out_confirmed
from api.registry.register.use_cases import init_township
from bench.environment import Environment
from bench.measurement import Measurement, make_measurement
from bench.scratch import scratch_folder

_VILLAGES, _HOUSEHOLDS = 20, 1000
_TARGET = 60
_FAMILY, _GIVEN = "王李张刘陈杨赵黄周吴", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英"


async def measure(_: Environment) -> AsyncIterator[Measurement]:
    with scratch_folder() as folder, Embedded(folder / "data") as server, server.keep_running():
        await migrate(server.url(OWNER, DATABASE))
        database = Database(server.url(APP, DATABASE))
        try:
            services = Services(database, WallClock(), TOWNSHIP, folder / "data")
            office = wire.NewPerson(login="office", name="办公室", roles=["office"], township=True)
            await init_township(services, "示范乡", office)
            staff = await find_by_login(services, "office")
            content = _make_workbook()
            start = time.perf_counter()
            await _bring(services, staff, content)
            yield make_measurement("register.20000", time.perf_counter() - start, "s", target=_TARGET)
            start = time.perf_counter()
            again = await _plan(services, staff, content)
            assert again.is_empty, (len(again.new), len(again.changed))
            yield make_measurement("register.20000-again", time.perf_counter() - start, "s")
        finally:
            await database.close()


async def _bring(services: Services, staff: Staff, content: bytes) -> None:
    plan = await _plan(services, staff, content)
    assert not plan.problems
    [upload] = await uploads.list_uploads(services, staff)
    await uploads.confirm(services, staff, upload.id, plan.digest())
    assert await carry_out_confirmed(services)
    done = await uploads.get_upload(services, staff, upload.id)
    assert done.result["new"] == _VILLAGES * _HOUSEHOLDS, done


async def _plan(services: Services, staff: Staff, content: bytes) -> RegisterPlan:
    """With all that is offered; as a person comes to it by the pages."""
    id = uuid7()
    await uploads.keep(services, staff, id, Purpose.REGISTER, "登记.xlsx", content)
    plan = (await uploads.preview(services, staff, id)).plan
    await uploads.choose(services, staff, id, _choose_all(plan))
    return (await uploads.preview(services, staff, id)).plan


def _choose_all(plan: RegisterPlan) -> Mapping[str, str]:
    return dict.fromkeys(MEND_KINDS, "all") | {
        mend.key: list(mend.options)[-1] for mend in plan.mends if len(mend.options) > 1
    }


def _make_workbook() -> bytes:
    made = BytesIO()
    with Workbook(made, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("农户")
        for number, row in enumerate(_iter_rows(Random(1))):
            sheet.write_row(number, 0, row)
    return made.getvalue()


def _iter_rows(random: Random) -> Iterator[tuple[str | int, ...]]:
    yield "户编号", "村", "网格", "户主姓名", "家庭人口"
    for village in range(1, _VILLAGES + 1):
        for number in range(1, _HOUSEHOLDS + 1):
            grid = number % 5 + 1
            code = f"{village:02}{grid:02}{number:04}"
            if number % 50 == 7:
                code = ""
            elif number % 100 == 12:
                code = f"{village:02}{grid:02}{number - 5 + 5 * (grid != number % 5):04}"
            head = random.choice(_FAMILY) + "".join(random.choices(_GIVEN, k=2))
            name = "" if number % 50 == 9 else f"第{grid}网格"
            yield code, f"第{village}村", name, head, random.randint(1, 7)
