"""The receipt of a redemption, laid out for paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from uuid import UUID

from kiosk.printing.layout import Line, centred, plain, row, rule

SHANGHAI = timezone(timedelta(hours=8))
REPRINT = "补打"


@dataclass(frozen=True, slots=True)
class SlipLine:
    """What was handed over; `points` for all `quantity` pieces together."""

    name: str
    quantity: int
    points: int


@dataclass(frozen=True, slots=True)
class Slip:
    """A receipt as the household takes it home.

    `household` and `collected_by`, the neighbour who came instead, are names already masked. `balance` is what the
    household had left in the books right after, or, `offline`, what it can still spend at this supermarket.
    `recorded_at` is aware. `seal` names the newest head of the sealed books that was known then: whoever keeps the
    receipt can hold it against a notice.
    """

    id: UUID
    supermarket: str
    household: str
    lines: tuple[SlipLine, ...]
    balance: int
    attendant: str
    recorded_at: datetime
    offline: bool = False
    collected_by: str = ""
    seal: str = ""

    @property
    def points(self) -> int:
        return sum(line.points for line in self.lines)

    @property
    def number(self) -> str:
        return self.id.hex[-8:].upper()


def slip_lines(slip: Slip, width: int, *, reprint: bool) -> list[Line]:
    """`slip` in lines of at most `width` columns."""
    lines = [*centred(slip.supermarket, width), *centred("兑换收据", width, big=True)]
    if slip.offline:
        lines += centred("断网兑换，待入账", width)
    lines += [rule(width), *row("住户", slip.household, width)]
    if slip.collected_by:
        lines += plain(f"由{slip.collected_by}代领", width)
    lines.append(rule(width))
    for line in slip.lines:
        lines += row(line.name, f"x{line.quantity}  {line.points} 分", width)
    lines += [
        rule(width),
        *row("合计", f"{slip.points} 分", width),
        *row("本店还可兑换" if slip.offline else "兑换后余额", f"{slip.balance} 分", width),
        rule(width),
        *row("经手", slip.attendant, width),
        *row("时间", minute(slip.recorded_at), width),
        *row("单号", slip.number, width),
    ]
    if slip.seal:
        lines += row("账本封印", slip.seal, width)
    return _marked(lines, width) if reprint else lines


def minute(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _marked(lines: list[Line], width: int) -> list[Line]:
    """Nobody must hand the goods out twice on it."""
    mark = centred(REPRINT, width, big=True)
    return [*mark, *centred("此前已发送打印，不得重复领取", width), *lines, *mark]
