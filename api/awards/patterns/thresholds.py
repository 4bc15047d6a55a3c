"""From where on a pattern is called unusual. The page shows each threshold with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Threshold:
    """`told`: the threshold and its reason, for supervisors."""

    number: int | float
    told: str


PAIR_CLAIMS: Final = Threshold(5, "至少 5 件：两三件碰在一起是常事")
PAIR_PERCENT: Final = Threshold(50, "占到一半：这户的分，或者这名申报人报的分，一半以上在对方身上")
PAIR_TIMES: Final = Threshold(
    2, "这户的那一份，至少是同网格其他户的两倍：一个网格只有一个人跑的，各户都靠他报，这不算"
)
QUICK_SECONDS: Final = Threshold(10, "10 秒以内：点开、看完一件申报，再快也要这么久")
RUN_GAP_SECONDS: Final = Threshold(5, "前后不到 5 秒：来不及看下一件")
RUN_BATCHES: Final = Threshold(5, "接连至少 5 次：偶尔一两次手快不算")
GRID_DISTANCE: Final = Threshold(
    3.5, "离中位数 3.5 倍以上：先取各网格与中位数之差的中位数，再乘 1.48，作一倍，少数特别高的网格拉不动它"
)
GRID_LEAST_PERCENT: Final = Threshold(10, "一倍至少是中位数的一成：各网格差不多的时候，差一点不算远")
GRID_LEAST_POINTS: Final = Threshold(1, "一倍至少是户均 1 分：分还很少的时候，差一点也不算远")
GRID_NUMBER: Final = Threshold(5, "全村至少 5 个网格：太少了比不出来")
BODY_APPROVALS: Final = Threshold(20, "这个机构至少办过 20 件：少了看不出来")
BODY_PERCENT: Final = Threshold(80, "一个人占到八成：其余成员几乎没有办")

RUN_GAP: Final = timedelta(seconds=RUN_GAP_SECONDS.number)
