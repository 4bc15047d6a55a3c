"""pgbench's own TPC-B-like test: what this machine and this PostgreSQL do with bare SQL."""

from __future__ import annotations

import re
import subprocess

from api.database.embedded import OWNER, Embedded, binary

NAME = "tpcb"
SCALE, CLIENTS, THREADS = 10, 16, 2
SECONDS = 15


def tpcb(server: Embedded) -> float:
    """Transactions a second on this running server, in a database of its own that is dropped again."""
    url = server.url(OWNER, NAME)
    at = ["-h", str(url.query["host"]), "-p", str(url.query["port"]), "-U", OWNER]

    def run(program: str, *words: str) -> str:
        done = subprocess.run([binary(program), *at, *words], check=True, capture_output=True, text=True)
        return done.stdout

    run("createdb", NAME)
    try:
        run("pgbench", "-i", "-q", "-s", str(SCALE), NAME)
        told = run("pgbench", "-c", str(CLIENTS), "-j", str(THREADS), "-T", str(SECONDS), NAME)
    finally:
        run("dropdb", NAME)
    found = re.search(r"tps = ([0-9.]+)", told)
    assert found is not None, told
    return float(found[1])
