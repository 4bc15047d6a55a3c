"""The command line: it alone may import the till."""

from api.cli.verbs import main

__all__ = ["main"]
