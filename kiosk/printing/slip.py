"""The receipt of a redemption on paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from uuid import UUID

from api.wire import HeldPoints, IdentifiedBy
from kiosk.printing.layout import PaperLine, centre, format_row, make_rule, wrap_lines

SHANGHAI = timezone(timedelta(hours=8))
REPRINT = "补打"
VOIDED = "已作废"


@dataclass(frozen=True, slots=True)
class SlipLine:
    """`points` are for all `quantity` pieces together."""

    name: str
    quantity: int
    points: int


@dataclass(frozen=True, slots=True)
class Slip:
    """The household's receipt.

    `household` and `collector`, the neighbour who collected, are masked names. `identified`: how a household
    without its card was. `balance` is the household's in the
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
    identified: IdentifiedBy | None = None
    seal: str = ""
    unavailable: tuple[HeldPoints, ...] = ()
    voided: bool = False

    @property
    def points(self) -> int:
        return sum(line.points for line in self.lines)

    @property
    def number(self) -> str:
        return self.id.hex[-8:].upper()


def lay_out_slip(slip: Slip, width: int, *, reprint: bool) -> list[PaperLine]:
    """Lay `slip` out in lines of at most `width` columns."""
    title = "兑换作废单" if slip.voided else "兑换收据"
    lines = [*centre(slip.supermarket, width), *centre(title, width, big=True)]
    if slip.offline:
        lines += centre("断网兑换，待入账", width)
    lines += [make_rule(width), *format_row("住户", slip.household, width)]
    if slip.identified is not None:
        lines += wrap_lines(_describe_identified(slip.identified), width)
    if slip.collector:
        lines += wrap_lines(f"由{slip.collector}代领", width)
    lines.append(make_rule(width))
    for line in slip.lines:
        lines += format_row(line.name, f"x{line.quantity}  {line.points} 分", width)
    lines += [
        make_rule(width),
        *format_row("合计", f"{slip.points} 分", width),
        # After a void the balance is another, which the kiosk doesn't know.
        *([] if slip.voided else _lay_out_balance(slip, width)),
        make_rule(width),
        *format_row("经手", slip.attendant, width),
        *format_row("时间", format_minute(slip.recorded_at), width),
        *format_row("单号", slip.number, width),
    ]
    if slip.seal:
        lines += format_row("账本封印", slip.seal, width)
    if slip.voided:
        return _mark(lines, VOIDED, "不得凭此领取物品", width)
    return _mark(lines, REPRINT, "此前已发送打印，不得重复领取", width) if reprint else lines


def _lay_out_balance(slip: Slip, width: int) -> list[PaperLine]:
    lines = [*format_row("本店还可兑换" if slip.offline else "兑换后余额", f"{slip.balance} 分", width)]
    for held in slip.unavailable:
        lines += wrap_lines(_describe_held(held), width)
    return lines


def _describe_identified(identified: IdentifiedBy) -> str:
    return "未带卡：凭密码" if identified.by == "pin" else f"未带卡：{identified.witness}证明"


def _describe_held(held: HeldPoints) -> str:
    until = held.until.astimezone(SHANGHAI)
    return f"其中 {held.points} 分留在{held.place}，到{until.month}月{until.day}日"


def format_minute(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _mark(lines: list[PaperLine], mark: str, warning: str, width: int) -> list[PaperLine]:
    """At head and foot: goods must not be handed out on it."""
    marks = centre(mark, width, big=True)
    return [*marks, *centre(warning, width), *lines, *marks]
