"""`jimei`: one command, a verb for each job; here those that serve and keep a township."""

from __future__ import annotations

import asyncio
import gc
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import click

from api.cli import backup, books, founding, kiosk, register, rules
from api.cli.command_line import NETWORK, Verbs, ask_code, ask_passwords, echo, listen, print_refusals, run_async
from api.platform.errors import ErrorCode, Refused
from api.platform.settings import Settings


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="jimei")
def main() -> None:
    """积美 Jimei: points for good deeds, kept in honest books.

    JIMEI_DATA is the folder for everything kept (default ./.jimei). JIMEI_DATABASE_URL names a PostgreSQL 15 or
    newer, by the application's own login, and JIMEI_DATABASE_OWNER_URL the same by its owner's, for `migrate`;
    without them an embedded one runs in that folder.
    """
    # What a program loads stays: to look for cycles in it, as often as Python does unasked, is a tenth of a start.
    gc.set_threshold(20_000, 10, 10)


for command in (*books.COMMANDS, *backup.COMMANDS, founding.init, kiosk.kiosk, register.register, rules.rules):
    main.add_command(command)


@main.command(epilog="例 example: jimei serve --host 0.0.0.0 --port 8000")
@click.option("--host", default="127.0.0.1", show_default=True, help="address to listen on")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--trusted-proxy",
    "trusted_proxies",
    multiple=True,
    type=NETWORK,
    metavar="ADDRESS_OR_NETWORK",
    help="a proxy before the server, whose word counts on who asks, and whether over HTTPS; may be repeated"
    "  [default: this machine]",
)
@print_refusals
def serve(host: str, port: int, trusted_proxies: tuple[str, ...]) -> None:
    """Serve the API and the pages until Ctrl-C.

    Without a township it prints a one-time code, by which one is founded in a browser, and serves nothing else
    until then. In a fresh folder it creates the database first.

    On a PostgreSQL of your own it signs in by JIMEI_DATABASE_URL alone, and refuses a login that owns the
    database or could become its owner: docs/database.md.
    """
    from api.bookkeeping.backup.schedule import backing_up
    from api.desk.founding.door import Door
    from api.desk.founding.use_cases import is_founded
    from api.opening import ask_database, create_if_fresh, open_services
    from api.platform.clock import WallClock
    from api.platform.database.engine import STATEMENT_TIMEOUT, reach
    from api.platform.database.login import find_risks
    from api.serving import LOOPBACK, load_csrf_secret, run_server

    settings = Settings.read()
    backs_up = settings.backs_up

    async def work() -> None:
        if await create_if_fresh(access):
            echo(f"新建了数据库，在 {access.data}。")
        async with open_services(access, WallClock(), STATEMENT_TIMEOUT) as services:
            door = None if await is_founded(services) else Door()
            if not access.embedded:
                for risk in await ask_database(access.app, find_risks):
                    echo(risk, err=True)
            secret = load_csrf_secret(settings.data)
            proxies = trusted_proxies or LOOPBACK
            async with run_server(services, listener, secret, trusted_proxies=proxies, door=door) as url:
                # Otherwise every full garbage collection scans all objects made at startup, which delays responses
                # by a tenth of a second.
                gc.freeze()
                echo(f"积美已启动 serving: {url}")
                if door is not None:
                    code = "-".join(door.code[start : start + 4] for start in range(0, len(door.code), 4))
                    echo(f"还没有建立乡镇：请在浏览器里打开 {url}/begin，输入这个只用一次的码 code: {code}")
                    await door.wait()
                async with backing_up(services) if backs_up else nullcontext():
                    await asyncio.Event().wait()

    with listen(host, port) as listener, reach(settings) as access:
        run_async(work(), endless=True)


@main.command(epilog="例 example: jimei migrate --check")
@click.option(
    "--check", is_flag=True, help="change nothing; compare tables, functions and rights with the program's"
)
@click.option("--no-backup", is_flag=True, help="upgrade without a backup before, where none can be made")
@print_refusals
def migrate(check: bool, no_backup: bool) -> None:
    """Bring the database to this program's version. Where there is something to lose, it is backed up before.

    On a PostgreSQL of your own it signs in by JIMEI_DATABASE_OWNER_URL, creates the database and the role
    jimei_app where they are missing, and leaves the application's login to you: docs/database.md.
    """
    from api.cli.backup import back_up_before_upgrade
    from api.platform.database import migrations
    from api.platform.database.engine import reach

    async def upgrade() -> None:
        if not no_backup:
            await back_up_before_upgrade(access, settings.backup_copy)
        await migrations.migrate(access.require_owner())
        echo("数据库已是最新版本。 The database is up to date.")

    settings = Settings.read()
    if check:
        _check_database(settings)
        return
    with reach(settings) as access:
        run_async(upgrade())


def _check_database(settings: Settings) -> None:
    import tempfile

    from api.platform.database import drift
    from api.platform.database.engine import reach

    async def compare() -> None:
        if await drift.check_database(access.require_owner()):
            echo("数据库与本程序一致。 The database is as this program makes it.")
        else:
            echo("还没有数据库；新建的与代码一致。 There is no database yet; a new one fits the code.")

    with tempfile.TemporaryDirectory(prefix="jimei-") as folder:
        if settings.database_url is None and not (settings.data / "pg").exists():
            # The database server's user has to pass this folder; the folder in it stays closed.
            Path(folder).chmod(0o755)
            settings = replace(settings, data=Path(folder) / "data")
        with reach(settings) as access:
            run_async(compare())


@main.command(epilog="例 example: jimei cards v01-01-001 --url https://jf.example.cn --output cards.html")
@click.argument("households", nargs=-1)
@click.option("--url", help="address of the server as phones reach it")
@click.option("--commands", is_flag=True, help="write the counter's command cards instead, for no household")
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--by", help="sign-in of the person who issues them; the password is asked for")
@click.option("--confirmed-by", help="sign-in of a second person: for more cards than one may issue in a day")
@click.option("--yes", is_flag=True, help="don't ask")
@print_refusals
def cards(
    households: tuple[str, ...],
    url: str | None,
    commands: bool,
    output: Path,
    by: str | None,
    confirmed_by: str | None,
    yes: bool,
) -> None:
    """Issue new cards for HOUSEHOLDS and write a sheet to print. Cards they had before die at once.

    With --commands: the cards that stand at every counter, so that a redemption needs only the scanner.
    """
    from api.opening import open_services
    from api.platform.clock import WallClock
    from api.platform.database.engine import reach
    from api.registry.cards.printing import print_new_cards, write_command_sheet
    from api.registry.people.use_cases import authenticate_all

    if commands:
        if households or url is not None:
            raise Refused(ErrorCode.MALFORMED, "印指令卡不用写户的编号和 --url，用法见 jimei cards --help。")
        write_command_sheet(output)
        echo(f"已写好指令卡：{output}")
        return
    if not households or url is None:
        missing = "--url" if households else "HOUSEHOLDS"
        raise Refused(ErrorCode.MALFORMED, f"还缺 {missing}，用法见 jimei cards --help。")
    if not yes:
        click.confirm(f"将为 {len(households)} 户发新卡，旧卡立即作废，继续吗", abort=True)
    if confirmed_by is not None and by is None:
        raise Refused(ErrorCode.MALFORMED, "写了 --confirmed-by，还要用 --by 写明是谁发卡。")
    signers = ask_passwords(by, confirmed_by)

    async def work() -> None:
        async with open_services(access, WallClock()) as services:
            people = await authenticate_all(services, signers, ask_code)
            await print_new_cards(services, households, url, output, *people)
        echo(f"已写好 {len(households)} 张卡：{output}（内含卡号，打印后请删除）")

    with reach(Settings.read()) as access:
        run_async(work())


@main.command(epilog="例 example: jimei report")
@print_refusals
def report() -> None:
    """Print the township's figures, read from the books. Whether the books hold, `jimei verify` says."""
    from api.bookkeeping.reports.liability import calculate_liability
    from api.bookkeeping.reports.text import format_liability, format_report
    from api.bookkeeping.reports.use_cases import build_report as figures
    from api.opening import open_services
    from api.platform.clock import WallClock
    from api.platform.database.engine import reach

    async def work() -> None:
        async with open_services(access, WallClock()) as services:
            for line in (
                *format_report(await figures(services, verified=False)),
                *format_liability(await calculate_liability(services)),
            ):
                echo(line)

    with reach(Settings.read()) as access:
        run_async(work())


@main.command(epilog="例 example: jimei demo </dev/null")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@print_refusals
def demo(port: int) -> None:
    """Build a township and a year of its life, print the report; on a terminal, open it."""
    from api.cli.demo.demo import run_demo
    from api.platform.database.engine import reach

    settings = Settings.read()
    with reach(settings) as access:
        run_async(run_demo(settings, access, port), endless=True)


@main.command(epilog="例 example: jimei clean")
@print_refusals
def clean() -> None:
    """Remove the demo and its data; refuses a folder that isn't a demo's, or that somebody uses."""
    from api.cli.demo.demo import BUILDING_FILE, KEYS_FILE, drop_databases
    from api.platform.database.embedded import Embedded
    from api.platform.database.engine import reach

    settings = Settings.read()
    data = settings.data
    if not data.exists():
        return
    if not (data / KEYS_FILE).exists() and not (data / BUILDING_FILE).exists():
        raise Refused(ErrorCode.NOT_THE_DEMO, f"{data} 里不是演示数据，没有删除。")
    if settings.database_url is not None:
        with reach(settings) as access:
            run_async(drop_databases(access))
    elif (data / "pg").exists():
        with Embedded(data):
            pass
        if (data / "pg" / "postmaster.pid").exists():
            raise Refused(ErrorCode.IN_USE, "演示还在运行，请先在它的窗口按 Ctrl-C，再清除。")
    shutil.rmtree(data)
