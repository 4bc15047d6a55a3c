"""`jimei`: one command, a verb for each job."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec
from uuid import UUID

import click

from api.command_line import Verbs, progress
from api.database.account import EmbeddedError
from api.problems import Refused
from api.settings import Settings

if TYPE_CHECKING:
    from ledger.heads import SignedHead
    from ledger.proofs import Proof

P = ParamSpec("P")


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="jimei")
def main() -> None:
    """积美 Jimei: points for good deeds, kept in honest books.

    JIMEI_DATA is the folder for everything kept (default ./.jimei). JIMEI_DATABASE_URL names a PostgreSQL 15 or
    newer; without it an embedded one runs in that folder.
    """


def one_sentence(command: Callable[P, None]) -> Callable[P, None]:
    """What is refused is told in one sentence, with exit code 2."""

    @wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (Refused, EmbeddedError) as error:
            click.echo(str(error), err=True)
            sys.exit(2)

    return told


def _run(work: Coroutine[Any, Any, None], *, endless: bool = False) -> None:
    """Ctrl-C is how `endless` work ends; what it cuts off half-way has failed, with exit code 130."""
    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)
    except KeyboardInterrupt:
        click.echo()
        if not endless:
            sys.exit(130)


@main.command(epilog="例 example: jimei serve --host 0.0.0.0 --port 8000")
@click.option("--host", default="127.0.0.1", show_default=True, help="address to listen on")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@one_sentence
def serve(host: str, port: int) -> None:
    """Serve the API and the pages until Ctrl-C."""
    from api.clock import WallClock
    from api.database.engine import reach
    from api.serving import csrf_secret, listen, open_town, require_township, served

    settings = Settings.read()

    async def work() -> None:
        async with open_town(access, WallClock()) as town:
            await require_township(town)
            async with served(town, listener, csrf_secret(settings.data)) as url:
                click.echo(f"积美已启动 serving: {url}")
                await asyncio.Event().wait()

    with listen(host, port) as listener, reach(settings) as access:
        _run(work(), endless=True)


@main.command(epilog="例 example: jimei migrate --check")
@click.option("--check", is_flag=True, help="build a new database elsewhere and compare it with the code")
@one_sentence
def migrate(check: bool) -> None:
    """Bring the database to this program's version."""
    from api.database import migrations
    from api.database.engine import reach

    async def upgrade() -> None:
        await migrations.migrate(access.owner)
        click.echo("数据库已是最新版本。 The database is up to date.")

    if check:
        _check_migrations()
        return
    with reach(Settings.read()) as access:
        _run(upgrade())


def _check_migrations() -> None:
    import tempfile

    from api.database import migrations
    from api.database.engine import reach

    async def compare() -> None:
        await migrations.migrate(access.owner)
        found = await migrations.differences(access.owner)
        if found is not None:
            raise Refused("database-version", f"迁移与代码里的表不一致：{found}")

    with tempfile.TemporaryDirectory(prefix="jimei-") as folder:
        # The server's account has to pass this folder; what is in it stays closed.
        Path(folder).chmod(0o755)
        with reach(Settings(data=Path(folder) / "data", database_url=None)) as access:
            _run(compare())


@main.command(epilog="例 example: jimei found 示范乡 --login office --name 王主任")
@click.argument("township")
@click.option("--login", required=True, help="sign-in of the first person of the township office")
@click.option("--name", required=True, help="that person's name")
@click.password_option(prompt="密码 password", help="asked for when left out")
@one_sentence
def found(township: str, login: str, name: str, password: str) -> None:
    """Begin a township: its name and the first person of its office."""
    import msgspec

    from api import wire
    from api.clock import WallClock
    from api.database.engine import reach
    from api.register import use_cases
    from api.serving import open_town

    roles = ["office", "party-branch"]
    try:
        first = msgspec.convert(
            {"login": login, "name": name, "roles": roles, "password": password}, wire.NewPerson
        )
    except msgspec.ValidationError as error:
        raise Refused("malformed", f"用户名用小写字母和数字，密码至少 8 位（{error}）。") from None

    async def work() -> None:
        async with open_town(access, WallClock()) as town:
            await use_cases.found(town, township, first)
        click.echo(f"{township}已建立，{name}可以用 {login} 登录。")

    with reach(Settings.read()) as access:
        _run(work())


@main.command(epilog="例 example: jimei kiosk --server http://192.168.1.10:8000 --token TOKEN")
@click.option("--server", envvar="JIMEI_SERVER", default="http://127.0.0.1:8000", show_default=True)
@click.option("--token", envvar="JIMEI_KIOSK_TOKEN", required=True, help="device token from enrolment")
@one_sentence
def kiosk(server: str, token: str) -> None:
    """Open the terminal of a points supermarket."""
    from kiosk.app import run

    if not server.startswith(("http://", "https://")):
        raise Refused("malformed", f"服务器地址要以 http:// 或 https:// 开头：{server}")
    run(server, token)


@main.command(epilog="例 example: jimei cards v01-01-001 --url https://jf.example.cn --output cards.html")
@click.argument("households", nargs=-1, required=True)
@click.option("--url", required=True, help="address of the server as phones reach it")
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="don't ask")
@one_sentence
def cards(households: tuple[str, ...], url: str, output: Path, yes: bool) -> None:
    """Issue new cards for HOUSEHOLDS and write a sheet to print. Cards they had before die at once."""
    from api.cards.printing import print_new_cards
    from api.clock import WallClock
    from api.database.engine import reach
    from api.serving import open_town

    if not yes:
        click.confirm(f"将为 {len(households)} 户发新卡，旧卡立即作废，继续吗", abort=True)

    async def work() -> None:
        async with open_town(access, WallClock()) as town:
            await print_new_cards(town, households, url, output)
        click.echo(f"已写好 {len(households)} 张卡：{output}（内含卡号，打印后请删除）")

    with reach(Settings.read()) as access:
        _run(work())


@main.command(epilog="例 example: jimei expire --boundary 2026-12-01 --dry-run")
@click.option("--boundary", type=click.DateTime(["%Y-%m-%d"]), help="default: the last one that is reached")
@click.option("--by", help="sign-in of the person of the office who takes the points")
@click.option("--dry-run", is_flag=True, help="only tell what would expire; also of a boundary to come")
@click.option("--yes", is_flag=True, help="don't ask")
@one_sentence
def expire(boundary: datetime | None, by: str | None, dry_run: bool, yes: bool) -> None:
    """Take the points that nobody used in time. Cut off half-way, run it again: nothing is taken twice."""
    from api.clock import WallClock
    from api.database.engine import reach
    from api.expiry.terminal import run
    from api.serving import open_town

    if by is None and not dry_run:
        raise Refused("malformed", "请用 --by 写明经办人的用户名，或先用 --dry-run 看看。")

    async def work() -> None:
        async with open_town(access, WallClock()) as town:
            await run(
                town, boundary.date() if boundary is not None else None, None if dry_run else by, ask=not yes
            )

    with reach(Settings.read()) as access:
        _run(work())


@main.command(epilog="例 example: jimei verify")
@one_sentence
def verify() -> None:
    """Recompute the books and their seals; exit 0 when all holds, 1 with what doesn't named when not."""
    from api.clock import WallClock
    from api.database.engine import reach
    from api.serving import open_town
    from ledger.verify import verify as discrepancies

    found: list[str] = []

    async def work() -> None:
        async with open_town(access, WallClock()) as town, town.snapshot() as unit:
            with progress("核对 verify") as watch:
                faults = discrepancies(await unit.session.connection(), unit.township, watch)
                found.extend([f"{fault.subject}: {fault.message}" async for fault in faults])

    with reach(Settings.read()) as access:
        _run(work())
    for line in found:
        click.echo(line)
    click.echo(f"发现 {len(found)} 处不符。" if found else "账目相符。 The books hold.")
    sys.exit(1 if found else 0)


@main.command(epilog="例 example: jimei prove 019a2b3c-… --since 公告.txt --output 证明.json")
@click.argument("transaction", type=click.UUID)
@click.option("--since", type=click.Path(path_type=Path), help="an old notice's seal, to prove from it on")
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@one_sentence
def prove(transaction: UUID, since: Path | None, output: Path) -> None:
    """Write a file that proves a TRANSACTION is in the sealed books; `jimei verify-proof` checks it anywhere."""
    from api.clock import WallClock
    from api.database.engine import reach
    from api.seals import use_cases
    from api.serving import open_town, require_township

    poster = _read_poster(since) if since is not None else None
    made: list[Proof] = []

    async def work() -> None:
        async with open_town(access, WallClock()) as town:
            await require_township(town)
            made.append(await use_cases.prove(town, transaction, poster))

    with reach(Settings.read()) as access:
        _run(work())
    for proof in made:
        try:
            output.write_bytes(proof.encode())
        except OSError as error:
            raise Refused("unwritable", f"写不了 {output}：{error.strerror}。") from None
        click.echo(f"已写好证明：{output}（公钥指纹 {proof.key.fingerprint}）")


def _read_poster(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Refused("unreadable", f"读不了 {file}：{error.strerror}。") from None
    except UnicodeDecodeError:
        raise Refused("malformed", f"{file} 不是 UTF-8 编码的文字。") from None


@main.command(epilog="例 example: jimei verify-proof 证明.json 公告.txt --key '示范乡+1f2e3d4c+AQID…'")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--key", help="public key of the township, as printed on its notices; else the proof's own")
@one_sentence
def verify_proof(files: tuple[Path, ...], key: str | None) -> None:
    """Check proof files and posters' texts offline; exit 0 when all holds, 1 when not.

    A poster holds when a proof among FILES leads from it to a later head.
    """
    from ledger.heads import HeadError, VerifierKey
    from ledger.proofs import verify as findings

    try:
        given = VerifierKey.parse(key) if key is not None else None
    except HeadError as error:
        raise Refused("malformed", f"--key 不对：{error}") from None
    found = findings({str(path): _read_proof(path) for path in files}, given)
    for one in found:
        # What is left to the reader's own eyes is neither right nor wrong.
        mark = "？" if one.code == "own-key" else "✓" if one.ok else "✗"
        click.echo(f"{mark} {one.subject and one.subject + '：'}{one.message}")
    sys.exit(0 if all(one.ok for one in found) else 1)


def _read_proof(path: Path) -> Proof | SignedHead:
    from ledger.proofs import MOST_BYTES, ProofError, read

    try:
        with path.open("rb") as file:
            return read(file.read(MOST_BYTES + 1))
    except OSError as error:
        raise Refused("unreadable", f"读不了 {path}：{error.strerror}。") from None
    except ProofError as error:
        raise Refused("malformed", f"{path}：{error}") from None


@main.command(
    epilog="例 example: jimei export --format xlsx --from 2026-01-01 --to 2026-06-30 --output books.xlsx"
)
@click.option("--format", "format", required=True, help="beancount, hledger, csv or xlsx")
@click.option("--from", "start", metavar="DATE", help="first day, as 2026-01-01; left out, from the beginning")
@click.option("--to", "end", metavar="DATE", help="last day, as 2026-12-31; left out, to the end")
@click.option("--output", required=True, type=click.Path(path_type=Path))
@one_sentence
def export(format: str, start: str | None, end: str | None, output: Path) -> None:
    """Write the books of a period to a file, for other programs and auditors."""
    from api.clock import WallClock
    from api.database.engine import reach
    from api.exports import use_cases
    from api.serving import open_town, require_township

    use_cases.require_format(format)
    first, last = use_cases.period(start, end)

    async def work() -> None:
        async with open_town(access, WallClock()) as town:
            await require_township(town)
            with progress("导出交易 export") as told:
                written = await use_cases.export(town, format, first, last, output, told)
            click.echo(f"已导出 {written:,} 笔交易：{output}")

    with reach(Settings.read()) as access:
        _run(work())


@main.command("import", epilog="例 example: jimei import 2025年台账.xlsx --source 2025年纸质台账 --dry-run")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", required=True, help="what the file was taken from; part of each row's identity")
@click.option("--dry-run", is_flag=True, help="judge every row and write nothing")
@one_sentence
def import_(file: Path, source: str, dry_run: bool) -> None:
    """Bring points of an earlier scheme into the books, from CSV or a spreadsheet.

    Columns: 户编号 household, 日期 date, 积分 points, 事由 what. Rows imported before under the same source stay
    as they are. When any row is bad, all of those are listed, nothing is written, and the exit code is 2.
    """
    from api.clock import WallClock
    from api.database.engine import reach
    from api.journal.importing import Imported, import_file
    from api.serving import open_town, require_township

    source = source.strip()
    if not 1 <= len(source) <= 100:
        raise Refused("malformed", "--source 要写明来源，最多 100 字。")
    done: list[Imported] = []

    async def work() -> None:
        async with open_town(access, WallClock()) as town:
            await require_township(town)
            done.append(await import_file(town, file, source, dry_run=dry_run))

    with reach(Settings.read()) as access:
        _run(work())
    for imported in done:
        for line in imported.bad:
            click.echo(line, err=True)
        if imported.bad:
            click.echo(f"有 {len(imported.bad)} 行要改，什么都没有写入。", err=True)
            sys.exit(2)
        click.echo(imported.summary)


@main.command(epilog="例 example: jimei report")
@one_sentence
def report() -> None:
    """Print the township's figures, read from the books."""
    from api.clock import WallClock
    from api.database.engine import reach
    from api.reports.liability import liability
    from api.reports.text import liability_lines, lines
    from api.reports.use_cases import report as figures
    from api.serving import open_town

    async def work() -> None:
        async with open_town(access, WallClock()) as town:
            for line in (*lines(await figures(town)), *liability_lines(await liability(town))):
                click.echo(line)

    with reach(Settings.read()) as access:
        _run(work())


@main.command(epilog="例 example: jimei demo </dev/null")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@one_sentence
def demo(port: int) -> None:
    """Build a township and a year of its life, print the report; on a terminal, open it."""
    from api.database.engine import reach
    from api.demo.demo import run

    settings = Settings.read()
    with reach(settings) as access:
        _run(run(settings, access, port), endless=True)


@main.command(epilog="例 example: jimei clean")
@one_sentence
def clean() -> None:
    """Remove the demo and its data; refuses a folder that isn't a demo's, or that somebody uses."""
    from api.database.embedded import Embedded
    from api.database.engine import reach
    from api.demo.demo import BUILDING, KEYS, remove

    settings = Settings.read()
    data = settings.data
    if not data.exists():
        return
    if not (data / KEYS).exists() and not (data / BUILDING).exists():
        raise Refused("not-the-demo", f"{data} 里不是演示数据，没有删除。")
    if settings.database_url is not None:
        with reach(settings) as access:
            _run(remove(access))
    elif (data / "pg").exists():
        with Embedded(data):
            pass
        if (data / "pg" / "postmaster.pid").exists():
            raise Refused("in-use", "演示还在运行，请先在它的窗口按 Ctrl-C，再清除。")
    shutil.rmtree(data)


if __name__ == "__main__":
    main()
