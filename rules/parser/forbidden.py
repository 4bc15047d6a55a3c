"""Subjects that a points scheme must not touch: legal entitlements, lawful acts, and offences handled by the law.

Real schemes have had such rules (fewer points for petitioning, allowances cancelled for breaking village rules). A
rule whose declared purpose is of this kind is always refused. Wording alone can be innocent ("helps a neighbour
apply for the allowance"), so it is refused only until somebody has reviewed it and the rule says so. Points for
giving up a right amount to the same as a deduction for using it, and are always refused.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ForbiddenSubject:
    """One forbidden subject: regular expressions for its words, and why it is forbidden (Chinese). Look-arounds
    exclude innocent words that contain one: 信访 is part of 诚信访谈.

    `is_right` marks lawful acts, which nobody may be paid to give up; `waiver_words` are further expressions for
    giving one up.
    """

    words: tuple[str, ...]
    why: str
    is_right: bool = False
    waiver_words: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = field(init=False, compare=False, repr=False)
    waiver_patterns: tuple[re.Pattern[str], ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "patterns", tuple(re.compile(word) for word in self.words))
        waived = (f"{_GIVEN_UP}(?:{word})" for word in self.words if self.is_right)
        object.__setattr__(
            self, "waiver_patterns", tuple(re.compile(word) for word in (*waived, *self.waiver_words))
        )


# 不再越级上访, 没有上访, 零投诉, 放弃信访, with the words in between.
_GIVEN_UP = (
    r"(?:不|未|无|零|没|没有|放弃|撤回|撤销|停止|劝阻|息)"
    r"(?:再|曾|去|有过?|发生|出现|越级|集体|进京|到\w{1,3}|拨?打){0,3}"
)
_ONLINE = r"(?:网上|网络|微信|朋友圈|抖音|快手|短视频|公众号|论坛|群里)"

SUBJECTS = (
    ForbiddenSubject(
        (
            r"(?<![晚早网路])上访(?!问|谈|贫|客)",
            r"(?<!诚)信访(?!谈|问)",
            r"缠访",
            r"缠诉",
            r"闹访",
            r"非访(?!客|谈)",
            r"重复访",
            r"集访(?!谈)",
            r"[息罢无零][访诉](?!客|谈|问)",
            r"(?:进京|越级|赴省)\w{0,6}(?:反映|告|诉|访)",
            r"投诉",
            r"举报",
            r"检举",
            r"控告",
            r"告状",
            r"维权",
            r"12345|市长信箱|(?:政务|便民|市民)(?:服务)?热线|(?:打|拨)\w{0,6}热线",
        ),
        "信访、投诉、举报是法定权利，不得与积分挂钩",
        is_right=True,
        waiver_words=(r"[息罢无零][访诉](?!客|谈|问)",),
    ),
    ForbiddenSubject(
        (
            r"网上发言",
            r"网[络上]言论",
            r"网络发言",
            r"(?:不良|不实|负面|有害)(?:信息|消息|言论|舆情)",
            r"不当言论",
            r"舆情",
            r"造谣",
            r"传谣",
            r"谣言",
            r"发帖",
            r"跟帖",
            r"朋友圈",
            rf"{_ONLINE}\w{{0,8}}(?:发言|言论|议论|抱怨|抹黑|诋毁|散布|传播(?:不|负|虚|谣)|乱说|说三道四|曝光|评论|吐槽|骂)",
        ),
        "网上说话属于表达权利，不得与积分挂钩",
        is_right=True,
    ),
    ForbiddenSubject(
        (
            r"(?<![诚守])信教(?!育|学|师|案)",
            r"宗教",
            r"(?<![请叫])教堂",
            r"寺庙",
            r"信佛",
            r"信仰",
            r"做礼拜|礼拜堂",
        ),
        "信仰自由，不得与积分挂钩",
        is_right=True,
    ),
    ForbiddenSubject(
        (
            r"补贴",
            r"补助(?:金|款|资金|资格)",
            r"粮补",
            r"惠农(?:资金|款|待遇|政策资格)",
            r"(?<!降)低保(?!护|险|费)",
            r"最低生活保障",
            r"养老金",
            r"养老保险",
            r"社保(?!管|洁|安|卫|护)",
            r"社会保险",
            r"(?<!中)(?<!西)医保(?!健|管|洁|护)",
            r"医疗保险",
            r"新农合",
            r"合作医疗",
            r"救助(?:金|款|资格|待遇)",
            r"(?:社会|临时|医疗|法定)救助",
            r"五保(?:待遇|资格|供养|金)",
            r"(?:取消|停|扣|暂缓)\w{0,6}五保",
            r"(?:抚恤|优抚)(?:金|待遇)",
            r"高龄津贴",
            r"宅基地(?:审批|申请|资格)",
        ),
        "补贴、低保、养老、医保是法定待遇，不得与积分挂钩",
    ),
    ForbiddenSubject((r"选举", r"投票", r"选票", r"罢免"), "选举和投票是政治权利，不得与积分挂钩", is_right=True),
    ForbiddenSubject(
        (
            r"赌博",
            r"[聚参涉]赌",
            r"赌钱",
            r"黄赌毒",
            r"[吸贩涉]毒",
            r"邪教",
            r"违法",
            r"犯罪",
            r"违建",
            r"违章(?:建筑|搭建|建房)",
            r"[酒醉]驾",
            r"卖淫",
            r"嫖娼",
            r"(?<![反防])诈骗",
            r"偷盗",
            r"[盗偷]窃",
            r"小偷小摸",
        ),
        "违法行为由执法机关依法处理，村里不记分、不公示",
    ),
    ForbiddenSubject(
        (
            r"(?:不|未|没|没有|拒绝|拒不)(?:来|去|再|按时|按要求)?(?:参加|参与|出席|到会|到场|开会|响应)",
            r"缺席",
            r"[缺旷逃]会",
            r"(?:不|未|拒绝|拒不)(?:积极|主动)?(?:配合|服从)",
            r"开会不[到来]",
            r"抵制\w{0,4}(?:整治|检查|拆除|安排|工作|会议)",
        ),
        "不参加、不配合只能“不得分”，不能另作规定",
    ),
    ForbiddenSubject((r"黑名单", r"失信名单", r"降级", r"曝光台"), "荣誉榜只列正面的人和事，不设黑名单"),
)

# Separators written within a word; any other punctuation ends a phrase.
_SEPARATORS = re.compile(r"[\s·•.\-_~*/\\|'\"“”‘’「」『』《》()（）\[\]【】]+")
_PHRASE_ENDS = re.compile(r"[^\w]+")


def find_forbidden(text: str) -> Iterator[tuple[str, str]]:
    """The forbidden words in `text`, each with the reason; at most one for each subject."""
    normalized = _normalize(text)
    for subject in SUBJECTS:
        word = _first_match(subject.patterns, normalized)
        if word:
            yield word, subject.why


def find_waivers(text: str) -> Iterator[tuple[str, str]]:
    """The rights that `text` rewards giving up (`零上访`), each with the reason; at most one for each subject."""
    normalized = _normalize(text)
    for subject in SUBJECTS:
        word = _first_match(subject.waiver_patterns, normalized)
        if word:
            yield word, subject.why


def _first_match(patterns: tuple[re.Pattern[str], ...], text: str) -> str:
    return next((found[0] for pattern in patterns if (found := pattern.search(text))), "")


def _normalize(text: str) -> str:
    """The text without separators inside its words (`上·访`), one phrase on each line."""
    visible = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return _PHRASE_ENDS.sub("\n", _SEPARATORS.sub("", visible))
