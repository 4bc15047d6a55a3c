"""`jimei serve` that is told to end: a real process and its embedded database."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.command_line import JIMEI, environment


@contextmanager
def serve(data: Path, started_so: Callable[[], object]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server, and its address."""
    with subprocess.Popen(
        [*JIMEI, "serve", "--port", "0"],
        env=environment(data),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=started_so,
    ) as server:
        try:
            assert server.stdout is not None
            yield server, server.stdout.readline().split()[-1]
        finally:
            server.kill()


@pytest.mark.parametrize(
    ("number", "interrupt"),
    [
        (signal.SIGTERM, signal.SIG_DFL),
        # As in a shell's background.
        (signal.SIGTERM, signal.SIG_IGN),
        (signal.SIGHUP, signal.SIG_DFL),
    ],
)
def test_a_server_that_is_told_to_end_stops_its_database(
    initialized: Path, number: signal.Signals, interrupt: signal.Handlers
) -> None:
    def started_so() -> None:
        signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, interrupt)

    with serve(initialized, started_so) as (server, _):
        assert (initialized / "pg" / "postmaster.pid").exists()
        server.send_signal(number)
        _, errors = server.communicate(timeout=60)
    assert (server.returncode, errors) == (0, "")
    assert not (initialized / "pg" / "postmaster.pid").exists()


def test_a_server_outlives_its_terminal_under_nohup(initialized: Path) -> None:
    with serve(initialized, lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as (server, url):
        server.send_signal(signal.SIGHUP)
        assert httpx.get(f"{url}/readyz").status_code == 200
        server.terminate()
        assert server.wait(60) == 0


def test_a_server_in_an_empty_folder_prints_the_code_by_which_a_township_is_founded(data: Path) -> None:
    with serve(data, lambda: None) as (server, _):
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        code = server.stdout.readline().split()[-1].replace("-", "")
        with httpx.Client(base_url=url, follow_redirects=True) as http:
            page = http.get("/")
            assert page.url.path == "/begin"
            token = http.cookies["csrftoken"]
            answer = http.post("/begin/code", data={"code": code, "_csrf_token": token})
            assert "二、办公室的两个人" in answer.text
        server.terminate()
        _, errors = server.communicate(timeout=60)
    assert (server.returncode, errors) == (0, "")
