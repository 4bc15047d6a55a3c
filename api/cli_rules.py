"""`jimei rules`: the verbs for those who write and decide rulebooks."""

from __future__ import annotations

import click

from api.command_line import Verbs
from api.simulation.command import simulate


@click.group(cls=Verbs)
def rules() -> None:
    """Work on rulebooks before they are adopted."""


rules.add_command(simulate)
