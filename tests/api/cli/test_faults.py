"""What nobody expected: a sentence and a code on the screen, and a log without secrets."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import click
import pytest
from click.testing import CliRunner

from api.cli.command_line import Verbs
from api.cli.faults import LOG_SIZE, describe, redact

DEVICE = "fGNrKJk8mQyuE1yIHVlnz7l4aTPnF0hPq6iB0eIQYXQ"
CARD = "PR1G3FXFNA2ZPE0FV3FH"


@click.group(cls=Verbs)
def main() -> None:
    """Verbs that fail."""


@main.command()
def fail() -> None:
    device_token = DEVICE
    try:
        raise LookupError(f"Illegal header value b'Bearer {device_token}'")
    except LookupError as error:
        raise RuntimeError(f"GET /v1/cards/{CARD}: PIN 2468, code 7K3M9QXR2TDV") from error


@main.command()
def interrupted() -> None:
    raise click.Abort


def run(verb: str, data: Path) -> tuple[int, str]:
    done = CliRunner(env={"JIMEI_DATA": str(data)}).invoke(main, [verb], catch_exceptions=False)
    return done.exit_code, done.stderr


def test_a_fault_is_one_sentence_and_a_log_that_only_its_owner_reads(tmp_path: Path) -> None:
    log = tmp_path / "data" / "crash.log"
    code, said = run("fail", log.parent)
    assert code == 1
    assert said.strip().count("\n") == 0
    assert str(log) in said
    assert "Traceback" not in said
    assert log.stat().st_mode & 0o777 == 0o600
    told = log.read_text("utf-8")
    assert "LookupError" in told
    assert "RuntimeError" in told
    assert f"{__file__}:" in told
    for secret in (DEVICE, CARD, "2468", "7K3M9QXR2TDV"):
        assert secret not in told + said
    assert run("fail", log.parent)[0] == 1
    assert log.read_text("utf-8").count("RuntimeError") == 2


def test_a_log_does_not_fill_the_disk(tmp_path: Path) -> None:
    log = tmp_path / "crash.log"
    log.write_bytes(b"x" * (LOG_SIZE + 1))
    run("fail", tmp_path)
    assert log.stat().st_size < LOG_SIZE
    run("fail", tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_log_that_cannot_be_written_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, said = run("fail", tmp_path / "file")
    assert (code, "日志没有写成" in said) == (1, True)


def test_what_a_person_breaks_off_is_no_fault(tmp_path: Path) -> None:
    assert run("interrupted", tmp_path) == (1, "Aborted!\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "secret",
    [DEVICE, CARD, CARD.lower(), "2468", "13572468", "7K3M9QXR2TDV", "postgresql://jimei:geheim@db/jimei"],
)
def test_a_secret_is_taken_out_of_a_message(secret: str) -> None:
    said = redact(f"before '{secret}', after")
    assert re.fullmatch(r"before '.*', after", said)
    assert secret not in said
    assert "geheim" not in said


def test_what_helps_stays(tmp_path: Path) -> None:
    id = UUID(int=1 << 100)
    assert redact(f"kiosk {id}: no such table: print_job") == f"kiosk {id}: no such table: print_job"


def test_faults_of_a_group_are_all_told() -> None:
    group = ExceptionGroup("two", [ValueError("first"), KeyError("second")])
    told = describe(group)
    assert "ValueError: first" in told
    assert "KeyError: 'second'" in told
