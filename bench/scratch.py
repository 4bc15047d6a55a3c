"""Where the bench puts what it makes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that the database's own account may pass on its way."""
    with tempfile.TemporaryDirectory(prefix="jimei-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
