"""Temporary folders of the benchmarks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder that the database server's user may pass."""
    with tempfile.TemporaryDirectory(prefix="jimei-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
