"""`jimei`: the verbs against loss: backup, restore."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.command_line import echo, print_refusals, run_async, show_progress
from api.platform.errors import ErrorCode, Refused
from api.platform.settings import Settings

if TYPE_CHECKING:
    from api.bookkeeping.backup.restoring import Restored
    from api.bookkeeping.backup.steps import Step
    from api.bookkeeping.backup.use_cases import BackupResult
    from api.platform.backup.keys import KeyRing
    from api.platform.database.engine import Access


@click.command(epilog="例 example: jimei backup --output /media/usb/jimei.jimei")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="write it to this file as well, checked"
)
@click.option("--no-proof", is_flag=True, help="only write it; the next night's proof has to show that it counts")
@click.option("--new-key", is_flag=True, help="begin a new key, when parts of the present one were lost")
@click.option(
    "--key-parts",
    type=click.Path(dir_okay=False, path_type=Path),
    help="write the three parts of the key to this page, to print; then the machine forgets the key",
)
@click.option("--yes", is_flag=True, help="don't ask")
@print_refusals
def backup(output: Path | None, no_proof: bool, new_key: bool, key_parts: Path | None, yes: bool) -> None:
    """Back up the database and the data folder's keys into one encrypted file, while the server goes on.

    It lies in JIMEI_DATA/backups, and in JIMEI_BACKUP_COPY where that is set. Then it is restored beside,
    verified, and its seal compared: exit 1 when the books don't hold. docs/backups.md has all of it.
    """
    from api.bookkeeping.backup.copying import copy_checked
    from api.bookkeeping.backup.rebuilding import Rebuilder
    from api.bookkeeping.backup.use_cases import back_up
    from api.opening import TOWNSHIP, open_services, require_township
    from api.platform.clock import WallClock
    from api.platform.database.engine import reach
    from api.platform.disk import unwritable

    settings, clock = Settings.read(), WallClock()
    if new_key or key_parts is not None:
        _change_key(settings.data, new_key, key_parts, yes)
        return
    results: list[BackupResult] = []

    async def work() -> None:
        async with open_services(access, clock) as services:
            await require_township(services)
        with show_progress("核对 verify") as report_progress:
            rebuilder = Rebuilder(TOWNSHIP, clock, _tell_step, report_progress)
            results.append(await back_up(access, rebuilder, settings.backup_copy, prove=not no_proof))

    with reach(settings) as access:
        run_async(work())
    for result in results:
        for line in result.discrepancies:
            echo(line)
        if result.copy_failure:
            echo(result.copy_failure, err=True)
        if output is not None:
            try:
                copy_checked(result.file, output, result.backup)
            except OSError as error:
                raise unwritable(output, error, f"；备份本身在 {result.file}") from None
        proven = "，已恢复到旁边验证过" if result.backup.proven_at is not None else ""
        echo(f"已备份{proven}：{output or result.file}（{result.backup.size / 1e6:.1f} MB）")
        if result.discrepancies:
            echo(f"发现 {len(result.discrepancies)} 处不符。")
            sys.exit(1)


async def back_up_before_upgrade(access: Access, copy: Path | None) -> None:
    """Where the database is of an earlier version and has a township. Raises Refused, as `back_up`."""
    from api.bookkeeping.backup.rebuilding import Rebuilder
    from api.bookkeeping.backup.use_cases import back_up, needs_backup_before_upgrade
    from api.opening import TOWNSHIP
    from api.platform.clock import WallClock

    if not await needs_backup_before_upgrade(access.require_owner()):
        return
    try:
        result = await back_up(access, Rebuilder(TOWNSHIP, WallClock()), copy, prove=False)
    except Refused as refused:
        why = refused.detail.removesuffix("。")
        raise Refused(refused.code, f"{why}；没有升级：要不备份就升级，请加 --no-backup。") from None
    echo(f"升级前已备份：{result.file}；要回到升级前，请用原来的程序 jimei restore 它。")


def _change_key(data: Path, new_key: bool, key_parts: Path | None, yes: bool) -> None:
    from api.bookkeeping.backup.key_parts import print_parts, replace_lost_key
    from api.platform.clock import WallClock

    now = WallClock().now()
    if new_key:
        if not yes:
            click.confirm("以后的备份改用新钥匙；以前的备份仍要用旧的分片才能打开，继续吗", abort=True)
        record = replace_lost_key(data, now)
        echo(f"已换新钥匙（{record.fingerprint}）；请用 jimei backup --key-parts 文件.html 印出三片。")
    if key_parts is not None:
        record = print_parts(data, key_parts, now)
        echo(
            f"已写好三片钥匙（{record.fingerprint}）：{key_parts}。请打印三页，分给党支部、村委会、监委，"
            "印好后删掉这个文件；服务器已忘掉钥匙。"
        )


@click.command(epilog="例 example: jimei restore /media/usb/jimei.jimei --data /srv/jimei")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="the new data folder, not there yet or empty")
@click.option("--drill", is_flag=True, help="only try: restore beside, verify, remove, and note the day")
@click.option(
    "--key",
    "keys",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="a file with a part of the key, or with the key; two parts are needed  [default: asked for]",
)
@click.option("--even-if-wrong", is_flag=True, help="restore books that don't hold, when they are all there is")
@click.option("--by", help="who restores, for the books  [default: who is signed in to this machine]")
@print_refusals
def restore(
    file: Path, data: Path | None, drill: bool, keys: tuple[Path, ...], even_if_wrong: bool, by: str | None
) -> None:
    """Restore a backup FILE into a new data folder, or into the empty database of JIMEI_DATABASE_URL.

    Two of the key's three parts are asked for: scan them, or type their words. All is checked, verified and
    marked in the sealed books before the folder appears; exit 1 when the books don't hold.
    """
    from api.bookkeeping.backup.rebuilding import Rebuilder
    from api.bookkeeping.backup.restoring import Restorer, measure_seconds, note_drill
    from api.opening import TOWNSHIP
    from api.platform.clock import WallClock, local_time
    from api.platform.database.engine import locate_own

    if (data is None) != drill:
        raise Refused(ErrorCode.MALFORMED, "请用 --data 写恢复到哪个新文件夹，或只用 --drill 演练一次。")
    settings, clock = Settings.read(), WallClock()
    target = data.absolute() if data is not None else None
    if not file.is_file():
        raise Refused(ErrorCode.UNREADABLE, f"没有这个文件：{file}。")
    ring = _read_keys(keys)
    identity = ring.identity
    assert identity is not None
    results: list[Restored] = []
    began = clock.now()
    # On a machine that has no township a drill leaves nothing behind.
    place = settings.data if settings.data.is_dir() else Path(tempfile.gettempdir())

    async def work() -> None:
        with show_progress("核对 verify") as report_progress:
            rebuilder = Rebuilder(TOWNSHIP, clock, _tell_step, report_progress)
            restorer = Restorer(file, identity, rebuilder, _name_person(by), even_if_wrong)
            if target is None:
                results.append(await restorer.drill(place / "drill"))
            else:
                results.append(await restorer.restore(target, locate_own(settings)))

    with measure_seconds() as taken:
        run_async(work())
    for result in results:
        for line in result.discrepancies:
            echo(line)
        if result.discrepancies:
            left = "" if data is None else "，照 --even-if-wrong 恢复了" if even_if_wrong else "，没有恢复"
            echo(f"发现 {len(result.discrepancies)} 处不符{left}。")
            sys.exit(1)
        of = f"{local_time(result.manifest.made_at):%Y-%m-%d %H:%M} 的备份"
        if data is not None:
            echo(f"已恢复{of}，账目相符，用了 {taken[0]:.0f} 秒：{data}。")
            echo("请把 JIMEI_DATA 设成它，再运行 jimei serve。")
        elif ring.by_parts:
            noted = ""
            if place == settings.data:
                note_drill(place, result, identity, began, taken[0])
                noted = "；已记下今天演练过"
            echo(f"演练成功：分片打得开{of}，账目相符，用了 {taken[0]:.0f} 秒{noted}。")
        else:
            echo(f"{of}打得开，账目相符，用了 {taken[0]:.0f} 秒；用的是钥匙文件，不是分片，不算演练。")


def _read_keys(files: tuple[Path, ...]) -> KeyRing:
    """From files, and what is missing from the terminal: a scanner types a QR as a keyboard does."""
    from api.platform.backup.keys import KeyRing

    ring = KeyRing()
    for file in files:
        ring.add_file(file)
    while ring.identity is None:
        echo(f"第 {ring.next_part} 片钥匙：扫描，或输入纸上的词 part", err=True)
        line = sys.stdin.readline()
        if not line:
            raise Refused(ErrorCode.KEY_WRONG, "钥匙不够：三片里要有两片，或用 --key 写钥匙文件。")
        if line.strip():
            ring.add(line)
    return ring


def _name_person(by: str | None) -> str:
    import getpass

    if by:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "root"


def _tell_step(step: Step) -> None:
    echo(f"{step}……", err=True)


COMMANDS = (backup, restore)
