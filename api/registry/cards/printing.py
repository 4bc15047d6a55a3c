"""Write sheets to print: of new household cards, and of command cards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from api import wire
from api.platform.access import Staff
from api.platform.disk import unwritable
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.cards.card_sheet import PrintedCard, UnprintableAddress, render_card_sheet
from api.registry.cards.command_sheet import render_command_sheet
from api.registry.cards.issuing import issue_at_once


async def print_new_cards(
    services: Services,
    households: Sequence[str],
    url: str,
    output: Path,
    by: Staff | None = None,
    confirmer: Staff | None = None,
) -> None:
    """Issue cards and write their sheet; the old cards are revoked only once the sheet is on disk.

    Raises Refused: as `issue_at_once`, and unprintable, unwritable.
    """
    async with services.unit_of_work() as uow:
        write_sheet(await issue_at_once(uow, households, by, confirmer), url, output)


def write_sheet(cards: Sequence[wire.NewCard], url: str, output: Path) -> None:
    """Readable only by its owner: a token is as good as the card."""
    printed = [PrintedCard(token=c.token, name=c.head, village=c.village, number=c.household) for c in cards]
    try:
        page = render_card_sheet(printed, url)
        output.touch(mode=0o600)
        output.write_text(page, encoding="utf-8")
    except UnprintableAddress as error:
        raise Refused(ErrorCode.UNPRINTABLE, str(error)) from None
    except OSError as error:
        raise unwritable(output, error, "，没有发卡") from None


def write_command_sheet(output: Path) -> None:
    """The same cards for every counter; nothing secret. Raises Refused: unwritable."""
    try:
        output.write_text(render_command_sheet(), encoding="utf-8")
    except OSError as error:
        raise unwritable(output, error) from None
