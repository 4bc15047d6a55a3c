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
from api.registry.cards.issuing import issue_at_once, require_households
from api.registry.cards.preview import arrange


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
        arranged = arrange((await require_households(uow, households)).values())
        write_sheet(await issue_at_once(uow, arranged, by, confirmer), url, output)


def write_sheet(cards: Sequence[wire.NewCard], url: str, output: Path) -> None:
    """Readable only by its owner: a token is as good as the card."""
    try:
        page = render_card_sheet([to_printed(card) for card in cards], url)
        output.touch(mode=0o600)
        output.write_text(page, encoding="utf-8")
    except UnprintableAddress as error:
        raise Refused(ErrorCode.UNPRINTABLE, str(error)) from None
    except OSError as error:
        raise unwritable(output, error, "，没有发卡") from None


def to_printed(card: wire.NewCard) -> PrintedCard:
    return PrintedCard(
        token=card.token, name=card.head, village=card.village, number=card.household, grid=card.grid
    )


def write_command_sheet(output: Path) -> None:
    """The same cards for every counter; nothing secret. Raises Refused: unwritable."""
    try:
        output.write_text(render_command_sheet(), encoding="utf-8")
    except OSError as error:
        raise unwritable(output, error) from None
