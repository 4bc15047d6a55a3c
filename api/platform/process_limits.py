"""Limits of the processes that do what somebody else's file or text asks for."""

from __future__ import annotations

import resource
from contextlib import suppress

OUT_OF_MEMORY = 3
"""The exit code of a process that reached its limit on memory; at its limit on time it ends by a signal."""
# Extensions in C may find no memory and say nothing, which Python tells in its own way.
OUT_OF_MEMORY_ERRORS = (MemoryError, SystemError)


def limit_process(memory: int, seconds: int | None = None) -> None:
    """Let this process have at most `memory` bytes and, from now on, `seconds` of a processor; its end by either
    leaves no core file. The limit on time may be set anew.

    Not every system has each of them: whoever starts a process bounds its time as well.
    """
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if seconds is not None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        used = int(usage.ru_utime + usage.ru_stime) + 1
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, resource.RLIM_INFINITY))
