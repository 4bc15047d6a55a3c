"""pgbench on a running server: its own TPC-B-like test, which is what bare SQL does here, and scripts of ours."""

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


def tpcb(server: Embedded) -> float:
    """Transactions a second, in a database of its own that is dropped again."""
    _run(server, "createdb", NAME)
    try:
        _run(server, "pgbench", "-i", "-q", "-s", str(SCALE), NAME)
        return _rate(server, NAME, [])
    finally:
        _run(server, "dropdb", NAME)


def scripted(server: Embedded, script: str) -> float:
    """How often a second this script runs on the books."""
    return _rate(server, DATABASE, ["-n", "-f", "-"], script)


def _rate(server: Embedded, database: str, words: Sequence[str], script: str = "") -> float:
    load = ["-c", str(CLIENTS), "-j", str(THREADS), "-T", str(SECONDS)]
    told = _run(server, "pgbench", *load, *words, database, script=script)
    found = re.search(r"tps = ([0-9.]+)", told)
    assert found is not None, told
    return float(found[1])


def _run(server: Embedded, program: str, *words: str, script: str = "") -> str:
    url = server.url(OWNER, DATABASE)
    at = ["-h", str(url.query["host"]), "-p", str(url.query["port"]), "-U", OWNER]
    done = subprocess.run([binary_path(program), *at, *words], input=script, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout
