"""The receipt of a redemption on paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from uuid import UUID

from api.wire import HeldPoints
from kiosk.printing.layout import PaperLine, centre, format_row, make_rule, wrap_lines

SHANGHAI = timezone(timedelta(hours=8))
REPRINT = "补打"


@dataclass(frozen=True, slots=True)
class SlipLine:
    """`points` are for all `quantity` pieces together."""

    name: str
    quantity: int
    points: int


@dataclass(frozen=True, slots=True)
class Slip:
    """The household's receipt.

    `household` and `collector`, the neighbour who collected, are masked names. `balance` is the household's in the
    books right after, or, if `offline`, what it can still spend at this supermarket. `recorded_at` is aware.
    `unavailable`: of the balance, what other kiosks held that were not online.
    `seal` names the newest head of the sealed books known then, to be compared with a published notice.
    """

    id: UUID
    supermarket: str
    household: str
    lines: tuple[SlipLine, ...]
    balance: int
    attendant: str
    recorded_at: datetime
    offline: bool = False
    collector: str = ""
    seal: str = ""
    unavailable: tuple[HeldPoints, ...] = ()

    @property
    def points(self) -> int:
        return sum(line.points for line in self.lines)

    @property
    def number(self) -> str:
        return self.id.hex[-8:].upper()


def lay_out_slip(slip: Slip, width: int, *, reprint: bool) -> list[PaperLine]:
    """Lay `slip` out in lines of at most `width` columns."""
    lines = [*centre(slip.supermarket, width), *centre("兑换收据", width, big=True)]
    if slip.offline:
        lines += centre("断网兑换，待入账", width)
    lines += [make_rule(width), *format_row("住户", slip.household, width)]
    if slip.collector:
        lines += wrap_lines(f"由{slip.collector}代领", width)
    lines.append(make_rule(width))
    for line in slip.lines:
        lines += format_row(line.name, f"x{line.quantity}  {line.points} 分", width)
    lines += [
        make_rule(width),
        *format_row("合计", f"{slip.points} 分", width),
        *format_row("本店还可兑换" if slip.offline else "兑换后余额", f"{slip.balance} 分", width),
        *(line for held in slip.unavailable for line in wrap_lines(_describe_held(held), width)),
        make_rule(width),
        *format_row("经手", slip.attendant, width),
        *format_row("时间", format_minute(slip.recorded_at), width),
        *format_row("单号", slip.number, width),
    ]
    if slip.seal:
        lines += format_row("账本封印", slip.seal, width)
    return _mark_reprint(lines, width) if reprint else lines


def _describe_held(held: HeldPoints) -> str:
    until = held.until.astimezone(SHANGHAI)
    return f"其中 {held.points} 分留在{held.place}，到{until.month}月{until.day}日"


def format_minute(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _mark_reprint(lines: list[PaperLine], width: int) -> list[PaperLine]:
    """Goods must not be handed out twice on it."""
    mark = centre(REPRINT, width, big=True)
    return [*mark, *centre("此前已发送打印，不得重复领取", width), *lines, *mark]
