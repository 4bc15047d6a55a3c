"""`jimei demo`: build the demo township once, print its report, and on a terminal serve it with a kiosk."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
from rich.console import Console
from sqlalchemy import text
from sqlalchemy.pool import NullPool

from api import wire
from api.bookkeeping.reports.liability import calculate_liability
from api.bookkeeping.reports.text import format_liability, format_report
from api.bookkeeping.reports.use_cases import build_report
from api.cli.command_line import listen
from api.cli.demo.progress import DemoProgress
from api.cli.demo.story import OFFICE, DemoKeys, Story
from api.cli.demo.township import plan_township
from api.jobs import JOBS
from api.opening import open_services
from api.platform.clock import TravelClock, WallClock
from api.platform.database.connect import create_engine
from api.platform.database.engine import STATEMENT_TIMEOUT, Access
from api.platform.database.migrations import administer, drop_database, exists, migrate
from api.platform.errors import ErrorCode, Refused
from api.platform.jobs import run_until_idle
from api.platform.services import Services
from api.platform.settings import Settings
from api.registry.cards.printing import write_sheet
from api.registry.register.use_cases import init_township
from api.registry.tries.use_cases import hashing_quickly
from api.serving import load_csrf_secret, run_server
from kiosk.demo_hints import DemoHints

KEYS_FILE = "demo.json"
KIOSK_FOLDER = "kiosk"
BUILDING_FILE = "demo.building"
NO_JOBS_INTERVAL = 1e6
"""Seconds between the server's own runs of its jobs: longer than building the demo takes."""


async def run_demo(settings: Settings, access: Access, port: int) -> None:
    """Build or reuse the township and print the report; on a terminal then serve it and open a kiosk.

    Raises Refused: demo-elsewhere, if database or folder have something that isn't the demo's.
    """
    console = Console()
    keys_file = settings.data / KEYS_FILE
    if await exists(access.require_owner()):
        if not keys_file.exists():
            raise Refused(ErrorCode.DEMO_ELSEWHERE, "数据库里已有别的乡镇，演示不会改动它；请换一个 JIMEI_DATA。")
        console.print("演示乡镇已建好，直接使用。 The demo township is there already.")
    else:
        await _build(settings, access, keys_file, console)
    keys = msgspec.json.decode(keys_file.read_bytes(), type=DemoKeys)
    async with open_services(access, WallClock(), STATEMENT_TIMEOUT) as services:
        for line in (
            *format_report(await build_report(services)),
            *format_liability(await calculate_liability(services)),
        ):
            console.print(line, highlight=False)
        if sys.stdin.isatty() and sys.stdout.isatty():
            await _serve_with_kiosk(settings, services, keys, port, console)


async def _build(settings: Settings, access: Access, keys_file: Path, console: Console) -> None:
    """Build in a database with a temporary name, renamed at the end, so that an interrupted demo is built anew."""
    _clear_folder(settings.data)
    # Nothing has to be durable before the demo is complete; the last statement waits for the disk and follows
    # all others in the log.
    building = replace(_with_database(access, _building_name(access)), durable=False)
    await drop_database(building.require_owner())
    await migrate(building.require_owner())
    password = "".join(secrets.choice("bcdfghjkmnpqrstvwxz") for _ in range(12))
    township = plan_township(password)
    records = sum(len(rows) for _, rows in township.bulk())
    now = WallClock().now()
    clock = TravelClock(now)
    # The people of a year sign in eight hundred times, which took a third of all.
    with hashing_quickly(), DemoProgress(console, records) as progress, listen("127.0.0.1", 0) as listener:
        async with open_services(building, clock) as services:
            office = wire.NewPerson(
                login=OFFICE, name="乡镇办公室", roles=["office"], township=True, password=password
            )
            await init_township(services, "示范乡", office)
            # The clock jumps through the year: the jobs are run explicitly after each jump.
            async with run_server(
                services, listener, secrets.token_hex(32), notice_interval=NO_JOBS_INTERVAL
            ) as url:
                story = Story(url, clock, township, password, progress, settings.data / KIOSK_FOLDER)
                await story.play(
                    now, partial(run_until_idle, services, JOBS), partial(_execute, building, "analyze")
                )
    _save_keys(settings, keys_file, story.keys)
    owner = access.require_owner()
    await administer(owner, text(f'alter database "{building.app.database}" rename to "{owner.database}"'))
    (settings.data / BUILDING_FILE).unlink()


def _clear_folder(data: Path) -> None:
    """Remove the kiosk of a demo that was interrupted or whose database is gone; a real one's is left alone."""
    kiosk = data / KIOSK_FOLDER
    if kiosk.exists() and not (data / KEYS_FILE).exists() and not (data / BUILDING_FILE).exists():
        raise Refused(
            ErrorCode.DEMO_ELSEWHERE, f"{kiosk} 是一台真终端的数据，演示不会改动它；请换一个 JIMEI_DATA。"
        )
    data.mkdir(parents=True, exist_ok=True)
    (data / BUILDING_FILE).touch()
    shutil.rmtree(kiosk, ignore_errors=True)


async def _execute(access: Access, statement: str) -> None:
    engine = create_engine(access.require_owner(), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()


def _save_keys(settings: Settings, keys_file: Path, keys: DemoKeys) -> None:
    keys_file.touch(mode=0o600)
    keys_file.write_bytes(msgspec.json.encode(keys))
    write_sheet(keys.cards, "http://127.0.0.1:8000", settings.data / "cards.html")


async def _serve_with_kiosk(
    settings: Settings, services: Services, keys: DemoKeys, port: int, console: Console
) -> None:
    with listen("127.0.0.1", port) as listener:
        async with run_server(services, listener, load_csrf_secret(settings.data)) as url:
            village = "v01"
            card = f"{url}/c/{keys.cards[0].token}"
            facts = (
                ("户页 household page", card),
                ("村务桌 committee desk", f"{url}/desk"),
                ("公示栏 notice board", f"{url}/notices/{village}"),
                ("接口文档 API docs", f"{url}/schema"),
                ("可打印的卡 cards to print", str(settings.data / "cards.html")),
                ("登录 sign in as", f"{village}-01-member1, {village}-council, {village}-committee, {OFFICE}"),
                ("定规则的 for the rulebook", "party-branch, party-branch2"),
                ("第二个人 the second person", "office2, supervisor"),
                ("密码 password", keys.password),
                ("终端 PIN kiosk PIN", keys.pin),
                ("扫卡：键入 scan: type", card.upper()),
            )
            for label, value in facts:
                console.print(f"[bold]{label}[/]: {value}", highlight=False, soft_wrap=True)
            lines = [f"{label}: {value}" for label, value in facts]
            hints = DemoHints(pin=keys.pin, card=card.upper(), lines=lines)
            kiosk = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "api.cli", "kiosk"),
                *("--server", url, "--data", str(settings.data / KIOSK_FOLDER)),
                # Not on the command line, which everybody on the machine can read.
                env=os.environ | {"JIMEI_DEMO_HINTS": msgspec.json.encode(hints).decode()},
            )
            await kiosk.wait()
            console.print("终端已关闭，服务还在运行，按 Ctrl-C 结束。 The server runs on; Ctrl-C ends it.")
            await asyncio.Event().wait()


async def drop_databases(access: Access) -> None:
    """Drop the demo's databases from the user's own server."""
    for each in (access, _with_database(access, _building_name(access))):
        await drop_database(each.require_owner())


def _building_name(access: Access) -> str:
    return f"{access.require_owner().database}_building"


def _with_database(access: Access, database: str) -> Access:
    owner = access.require_owner().set(database=database)
    return replace(access, owner=owner, app=access.app.set(database=database))
