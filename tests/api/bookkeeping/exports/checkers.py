"""What Beancount and hledger find in a file, by their own programs."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core.data import Directive, Transaction

with_hledger = pytest.mark.skipif(
    shutil.which("hledger") is None and os.environ.get("CI") != "true",
    reason="hledger is not installed; continuous integration always runs this",
)


def bean_check(file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "beancount.scripts.check", "--no-cache", file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def bean_entries(file: Path) -> list[Directive]:
    entries, errors, _ = loader.load_file(str(file))
    assert errors == []
    return list(entries)


def bean_transactions(file: Path) -> dict[str, Transaction]:
    """By narration."""
    return {e.narration: e for e in bean_entries(file) if isinstance(e, Transaction)}


def bean_balances(file: Path) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for entry in bean_entries(file):
        for posting in entry.postings if isinstance(entry, Transaction) else ():
            found[posting.account] += posting.units.number
    return {name: amount for name, amount in found.items() if amount}


def hledger(file: Path, *words: str) -> str:
    done = subprocess.run(
        ["hledger", "-f", file, *words],
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def hledger_balances(file: Path) -> dict[str, Decimal]:
    hledger(file, "check", "--strict")
    hledger(file, "check", "ordereddates", "accounts", "commodities")
    table = csv.DictReader(io.StringIO(hledger(file, "balance", "--flat", "--no-total", "-O", "csv")))
    return {row["account"]: Decimal(row["balance"].split()[0]) for row in table}
