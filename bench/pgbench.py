"""pgbench on a running server: its TPC-B-like test as the baseline of plain SQL, and our own scripts."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence

from api.platform.database.embedded import OWNER, Embedded
from api.platform.database.engine import DATABASE
from api.platform.database.os_user import binary_path

NAME = "tpcb"
SCALE, CLIENTS, THREADS = 10, 16, 2
SECONDS = 15


def measure_tpcb(server: Embedded) -> float:
    """Transactions per second, in a temporary database."""
    _run(server, "createdb", NAME)
    try:
        _run(server, "pgbench", "-i", "-q", "-s", str(SCALE), NAME)
        return _measure_rate(server, NAME, [])
    finally:
        _run(server, "dropdb", NAME)


def measure_script(server: Embedded, script: str) -> float:
    """Runs per second of this script on the books."""
    return _measure_rate(server, DATABASE, ["-n", "-f", "-"], script)


def _measure_rate(server: Embedded, database: str, arguments: Sequence[str], script: str = "") -> float:
    load = ["-c", str(CLIENTS), "-j", str(THREADS), "-T", str(SECONDS)]
    output = _run(server, "pgbench", *load, *arguments, database, script=script)
    found = re.search(r"tps = ([0-9.]+)", output)
    assert found is not None, output
    return float(found[1])


def _run(server: Embedded, program: str, *arguments: str, script: str = "") -> str:
    url = server.url(OWNER, DATABASE)
    options = ["-h", str(url.query["host"]), "-p", str(url.query["port"]), "-U", OWNER]
    process = subprocess.run(
        [binary_path(program), *options, *arguments], input=script, capture_output=True, text=True
    )
    if process.returncode:
        raise SystemExit(process.stderr)
    return process.stdout
