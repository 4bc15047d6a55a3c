"""Sheets to print: of new household cards, issued and written both or neither, and of command cards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from api import wire
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.cards.commands import command_sheet
from api.registry.cards.sheet import Card, UnprintableAddress, sheet
from api.registry.cards.use_cases import new_cards


async def print_new_cards(services: Services, households: Sequence[str], url: str, output: Path) -> None:
    """The old cards die only once the sheet is on disk. Raises Refused: unknown, unprintable, unwritable."""
    async with services.unit_of_work() as uow:
        write_sheet(await new_cards(uow, households), url, output)


def write_sheet(cards: Sequence[wire.NewCard], url: str, output: Path) -> None:
    """Readable by its owner alone: whoever has a token has the card."""
    printed = [Card(token=c.token, name=c.head, village=c.village, number=c.household) for c in cards]
    try:
        page = sheet(printed, url)
        output.touch(mode=0o600)
        output.write_text(page, encoding="utf-8")
    except UnprintableAddress as error:
        raise Refused(ErrorCode.UNPRINTABLE, str(error)) from None
    except OSError as error:
        raise Refused(ErrorCode.UNWRITABLE, f"写不了 {output}（{error.strerror}），没有发卡。") from None


def print_commands(output: Path) -> None:
    """The same cards for every counter, and no secret. Raises Refused: unwritable."""
    try:
        output.write_text(command_sheet(), encoding="utf-8")
    except OSError as error:
        raise Refused(ErrorCode.UNWRITABLE, f"写不了 {output}（{error.strerror}）。") from None
