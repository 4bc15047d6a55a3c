"""What a points scheme must not touch: legal entitlements, lawful acts, and offences that belong to the law.

Real tables have had such rules (fewer points for petitioning, cancelled allowances for breaking village
rules). A rule whose declared purpose is of this kind is refused outright. Wording alone can be innocent
("helps a neighbour apply for the allowance"), so it stops a book only until a person has looked at it
and says so in the rule.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """One forbidden subject: the words that give it away and why it is off limits (Chinese)."""

    words: tuple[str, ...]
    why: str


SUBJECTS = (
    Subject(
        ("上访", "信访", "缠访", "缠诉", "投诉", "举报", "控告"),
        "信访、投诉、举报是法定权利，不得与积分挂钩",
    ),
    Subject(
        ("网上发言", "网络言论", "网络发言", "不良信息", "发帖", "朋友圈"),
        "网上说话属于表达权利，不得与积分挂钩",
    ),
    Subject(("信教", "宗教", "教堂", "寺庙"), "信仰自由，不得与积分挂钩"),
    Subject(
        ("补贴", "低保", "最低生活保障", "养老金", "养老保险", "医保", "医疗保险", "新农合", "合作医疗"),
        "补贴、低保、养老、医保是法定待遇，不得与积分挂钩",
    ),
    Subject(("选举", "投票", "选票"), "选举和投票是政治权利，不得与积分挂钩"),
    Subject(
        ("赌博", "吸毒", "贩毒", "邪教", "违法", "犯罪", "违建", "酒驾", "偷盗"),
        "违法行为由执法机关依法处理，村里不记分、不公示",
    ),
    Subject(("不参加", "缺席", "未到会", "不配合"), "不参加、不配合只能“不得分”，不能另作规定"),
    Subject(("黑名单", "失信名单"), "荣誉榜只列正面的人和事，不设黑名单"),
)


def forbidden_in(text: str) -> Iterator[tuple[str, str]]:
    """Each forbidden word found in `text`, with the reason; one word for a subject."""
    for subject in SUBJECTS:
        word = next((word for word in subject.words if word in text), None)
        if word is not None:
            yield word, subject.why
