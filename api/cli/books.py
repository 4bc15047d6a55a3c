"""`jimei`: the verbs for the books: expire, verify, prove, verify-proof, export, import."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from api.cli.command_line import SOURCE, ask_code, ask_passwords, echo, print_refusals, run_async, show_progress
from api.platform import os_errors
from api.platform.disk import unwritable
from api.platform.errors import ErrorCode, Refused
from api.platform.settings import Settings

if TYPE_CHECKING:
    from api.wire import ImportChanges
    from ledger.heads import SignedHead
    from ledger.proofs import Proof


@click.command(epilog="例 example: jimei expire --boundary 2026-12-01 --dry-run")
@click.option("--boundary", type=click.DateTime(["%Y-%m-%d"]), help="default: the last one that is reached")
@click.option("--by", help="sign-in of the person of the office who takes the points")
@click.option("--dry-run", is_flag=True, help="only tell what would expire; also of a boundary to come")
@click.option("--yes", is_flag=True, help="don't ask")
@print_refusals
def expire(boundary: datetime | None, by: str | None, dry_run: bool, yes: bool) -> None:
    """Take the points that nobody used in time. Cut off half-way, run it again: nothing is taken twice."""
    from api.cli.expiry import run
    from api.opening import open_services
    from api.platform.clock import WallClock
    from api.platform.database.engine import reach

    if by is None and not dry_run:
        raise Refused(ErrorCode.MALFORMED, "请用 --by 写明经办人的用户名，或先用 --dry-run 看看。")

    async def work() -> None:
        async with open_services(access, WallClock()) as services:
            await run(
                services, boundary.date() if boundary is not None else None, None if dry_run else by, ask=not yes
            )

    with reach(Settings.read()) as access:
        run_async(work())


@click.command(epilog="例 example: jimei verify")
@print_refusals
def verify() -> None:
    """Recompute the books and their seals; exit 0 when all holds, 1 with what doesn't named when not.

    Beside the embedded database it works when the tills don't."""
    from api.bookkeeping.verification import Verification, verify_books
    from api.opening import open_services
    from api.platform.clock import WallClock
    from api.platform.database.engine import reach

    results: list[Verification] = []

    async def work() -> None:
        async with open_services(access, WallClock()) as services:
            with show_progress("核对 verify") as report_progress:
                results.append(await verify_books(services, report_progress, beside_tills=access.embedded))

    with reach(Settings.read()) as access:
        run_async(work())
    for result in results:
        for line in result.discrepancies:
            echo(line)
        for signed_at in result.misdated:
            when = f"{signed_at:%Y-%m-%dT%H:%M:%SZ}"
            echo(f"head {when}: 封印的时间比后来的封印还晚：签的时候服务器的时钟不对，账不受影响。")
        count = len(result.discrepancies)
        echo(f"发现 {count} 处不符。" if count else "账目相符。 The books hold.")
        sys.exit(1 if count else 0)


@click.command(epilog="例 example: jimei prove 019a2b3c-… --since 公告.txt --output 证明.json")
@click.argument("transaction", type=click.UUID)
@click.option("--since", type=click.Path(path_type=Path), help="an old notice's seal, to prove from it on")
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@print_refusals
def prove(transaction: UUID, since: Path | None, output: Path) -> None:
    """Write a file that proves a TRANSACTION is in the sealed books; `jimei verify-proof` checks it anywhere."""
    from api.bookkeeping.seals import use_cases
    from api.opening import open_services, require_township
    from api.platform.clock import WallClock
    from api.platform.database.engine import reach

    poster = _read_poster(since) if since is not None else None
    proofs: list[Proof] = []

    async def work() -> None:
        async with open_services(access, WallClock()) as services:
            await require_township(services)
            proofs.append(await use_cases.prove(services, transaction, poster))

    with reach(Settings.read()) as access:
        run_async(work())
    for proof in proofs:
        try:
            output.write_bytes(proof.encode())
        except OSError as error:
            raise unwritable(output, error) from None
        echo(f"已写好证明：{output}（公钥指纹 {proof.key.fingerprint}）")


def _read_poster(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Refused(ErrorCode.UNREADABLE, f"读不了 {file}：{os_errors.describe(error)}。") from None
    except UnicodeDecodeError:
        raise Refused(ErrorCode.MALFORMED, f"{file} 不是 UTF-8 编码的文字。") from None


@click.command(epilog="例 example: jimei verify-proof 证明.json 公告.txt --key '示范乡+1f2e3d4c+AQID…'")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--key", help="public key of the township, as printed on its notices; else the proof's own")
@print_refusals
def verify_proof(files: tuple[Path, ...], key: str | None) -> None:
    """Check proof files and posters' texts offline; exit 0 when all holds, 1 when not.

    A poster holds when a proof among FILES leads from it to a later head.
    """
    from ledger.heads import HeadError, VerifierKey
    from ledger.proofs import verify_documents

    try:
        verifier = VerifierKey.parse(key) if key is not None else None
    except HeadError as error:
        raise Refused(ErrorCode.MALFORMED, f"--key 不对：{error}") from None
    findings = verify_documents({str(path): _read_document(path) for path in files}, verifier)
    for finding in findings:
        # A fingerprint to compare by eye is neither right nor wrong.
        mark = "？" if finding.code == "own-key" else "✓" if finding.ok else "✗"
        echo(f"{mark} {finding.subject and finding.subject + '：'}{finding.message}")
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


def _read_document(path: Path) -> Proof | SignedHead:
    from ledger.proofs import MAX_BYTES, ProofError, parse_document

    try:
        with path.open("rb") as file:
            return parse_document(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise Refused(ErrorCode.UNREADABLE, f"读不了 {path}：{os_errors.describe(error)}。") from None
    except ProofError as error:
        raise Refused(ErrorCode.MALFORMED, f"{path}：{error}") from None


@click.command(
    epilog="例 example: jimei export --format xlsx --from 2026-01-01 --to 2026-06-30 --output books.xlsx"
)
@click.option("--format", "format", required=True, help="beancount, hledger, csv or xlsx")
@click.option("--from", "start", metavar="DATE", help="first day, as 2026-01-01; left out, from the beginning")
@click.option("--to", "end", metavar="DATE", help="last day, as 2026-12-31; left out, to the end")
@click.option("--output", required=True, type=click.Path(path_type=Path))
@print_refusals
def export(format: str, start: str | None, end: str | None, output: Path) -> None:
    """Write the books of a period to a file, for other programs and auditors."""
    from api.bookkeeping.exports import use_cases
    from api.opening import open_services, require_township
    from api.platform.clock import WallClock
    from api.platform.database.engine import reach

    use_cases.require_format(format)
    first, last = use_cases.parse_period(start, end)

    async def work() -> None:
        async with open_services(access, WallClock()) as services:
            await require_township(services)
            with show_progress("导出交易 export") as report_progress:
                written = await use_cases.export_books(services, format, first, last, output, report_progress)
            echo(f"已导出 {written:,} 笔交易：{output}")

    with reach(Settings.read()) as access:
        run_async(work())


@click.command("import", epilog="例 example: jimei import 2025年台账.xlsx --source 2025年纸质台账 --dry-run")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--source", type=SOURCE, required=True, help="what the file was taken from; part of each row's identity"
)
@click.option("--by", help="sign-in of the person of the office who proposes it; the password is asked for")
@click.option("--confirmed-by", help="sign-in of the second person, who confirms it here; else at the desk")
@click.option("--sheet", help="the sheet of a workbook to read; else the first with these columns")
@click.option(
    "--changes",
    type=click.Choice(["ask", "replace", "add"]),
    default="ask",
    show_default=True,
    help="rows that were imported differently before: tell them; correct the earlier ones; count both",
)
@click.option("--dry-run", is_flag=True, help="judge every row and write nothing")
@print_refusals
def import_(
    file: Path,
    source: str,
    by: str | None,
    confirmed_by: str | None,
    sheet: str | None,
    changes: ImportChanges,
    dry_run: bool,
) -> None:
    """Bring points of an earlier scheme into the books, from CSV or a spreadsheet: one person proposes the file,
    another confirms it.

    Columns: 户编号 household, 日期 date, 积分 points, 事由 what. Rows imported before under the same source stay
    as they are. When any row is bad, all of those are listed, nothing is written, and the exit code is 2. The same
    holds where rows look like changed ones of before, until --changes says what they are.
    """
    from api.bookkeeping.general_ledger.file_import import ImportResult, import_file
    from api.bookkeeping.general_ledger.spreadsheet import read_opening
    from api.desk.proposals.kinds import KINDS
    from api.opening import open_services, require_township
    from api.platform.clock import WallClock
    from api.platform.database.engine import reach
    from api.platform.table_files.file import TableFile
    from api.registry.people.use_cases import authenticate_all
    from api.registry.proposals.deciding import confirm

    if by is None and not dry_run:
        raise Refused(
            ErrorCode.MALFORMED,
            "导入要两个人办：请用 --by 写明提议人的用户名，由另一个人确认；或先用 --dry-run 看看。",
        )
    opening = read_opening(TableFile.open(file), sheet)
    signers = [] if dry_run else ask_passwords(by, confirmed_by)
    results: list[ImportResult] = []

    async def work() -> None:
        async with open_services(access, WallClock()) as services:
            await require_township(services)
            people = await authenticate_all(services, signers, ask_code)
            with show_progress("导入 import") as report_progress:
                proposer = people[0] if people else None
                result = await import_file(
                    services, opening, source, changes, proposer, dry_run=dry_run, report_progress=report_progress
                )
            if result.proposal is not None and len(people) > 1:
                await confirm(services, KINDS, people[1], result.proposal)
            results.append(result)

    with reach(Settings.read()) as access:
        run_async(work())
    for result in results:
        waits = changes == "ask" and bool(result.changed)
        for line in result.errors:
            echo(line, err=True)
        for note in opening.table.notes:
            echo(note, err=bool(result.errors) or waits)
        if result.errors:
            echo(f"有 {len(result.errors)} 行要改，什么都没有写入。", err=True)
            sys.exit(2)
        for line in (*result.changed, *result.gone):
            echo(line, err=waits)
        if waits:
            echo(
                f"有 {len(result.changed)} 行和以前导入的不一样，什么都没有写入：要照这份表更正以前的，"
                "请加 --changes replace；两行都算的，请加 --changes add。",
                err=True,
            )
            sys.exit(2)
        echo(result.summary)
        if result.proposal is not None and confirmed_by is None:
            echo(f"已提议，还没有入账：请另一个人在工作台“两人办理”里确认（{result.proposal}）。")


COMMANDS = (expire, verify, prove, verify_proof, export, import_)
