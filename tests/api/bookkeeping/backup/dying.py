"""A process that backs up or restores, and is killed when it comes to a step: `dying STEP VERB WORDS…`."""

from __future__ import annotations

import os
import signal
import sys

import api.cli.backup
from api.bookkeeping.backup.steps import Step
from api.cli import main


def die_at(fatal: str, step: Step) -> None:
    if step.name == fatal:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    fatal, *words = sys.argv[1:]
    # It is where the verbs tell of each step.
    api.cli.backup._tell_step = lambda step: die_at(fatal, step)
    main(words)
