"""Counter-examples from real schemes are refused in any wording, and nothing else is."""

from collections.abc import Callable

import pytest
from opencc import OpenCC

from rules import Problem, RulebookError, load
from rules.parser.forbidden import find_forbidden

BookText = Callable[..., str]
TRADITIONAL = OpenCC("s2t")

PETITION = "信访、投诉、举报是法定权利"
SPEECH = "说话、发表意见属于表达权利"
BELIEF = "信仰自由"
ENTITLEMENT = "补贴、低保、养老、医保是法定待遇"
ELECTION = "选举和投票是政治权利"
OFFENCE = "违法行为由执法机关依法处理"
ABSENCE = "不参加、不配合只能“不得分”"
LIST = "荣誉榜只列正面的人和事"
PUNISHMENT = "积分办法不是处罚"
PROPERTY = "土地、房屋和财产权利由法律管"
PRIVATE_LIFE = "婚姻、生育和私生活"
DEBT = "债务、缴费由合同和法律管"
SCREEN_TIME = "打卡、学习时长、下载和转发不记分"
ZERO = "不能清零、作废、一票否决"

# The six rows of the table of counter-examples, in the wording of their sources and in others.
COUNTER_EXAMPLES = [
    ("缠访缠诉", PETITION),
    ("非访、闹访", PETITION),
    ("越级到县里反映", PETITION),
    ("进京重复走访", PETITION),
    ("热线虚假投诉", PETITION),
    ("恶意拨打 12345", PETITION),
    ("多次打政府热线", PETITION),
    ("网上传播不良信息", SPEECH),
    ("在微信群里散布负面消息", SPEECH),
    ("发朋友圈抹黑村里", SPEECH),
    ("造谣传谣", SPEECH),
    ("未经许可上访，扣粮食补贴", PETITION),
    ("未经许可上访，扣粮食补贴", ENTITLEMENT),
    ("上·访", PETITION),
    ("上　访", PETITION),
    ("停发粮补", ENTITLEMENT),
    ("违反村规，取消低保", ENTITLEMENT),
    ("取消其五保户身份", ENTITLEMENT),
    ("停发临时救助", ENTITLEMENT),
    ("不参加新农合", ENTITLEMENT),
    ("不参加新农合", ABSENCE),
    ("没交合作医疗，取消选举权", ELECTION),
    ("不缴医保，停养老金", ENTITLEMENT),
    ("参加邪教", OFFENCE),
    ("聚众赌钱、涉赌", OFFENCE),
    ("违章建筑不拆", OFFENCE),
    ("吸毒、偷窃", OFFENCE),
    ("违法户降级", LIST),
    ("列入黑名单", LIST),
    ("拒不参加会议", ABSENCE),
    ("开会不到", ABSENCE),
    ("未按时到会", ABSENCE),
    ("不配合整治", ABSENCE),
    ("抵制环境整治", ABSENCE),
    ("信教", BELIEF),
    ("後進戶上紅黑榜", LIST),
    ("背後說村幹部壞話", SPEECH),
    ("年底积分归 0", ZERO),
    ("每天打卡满 20 天", SCREEN_TIME),
    ("学习强国日积分 30 分", SCREEN_TIME),
    ("網上培訓滿 10 學時", SCREEN_TIME),
    ("观看党课时长达标", SCREEN_TIME),
    ("下载反诈 APP", SCREEN_TIME),
    ("关注村里公众号", SCREEN_TIME),
    ("转发推文、集赞", SCREEN_TIME),
    ("连续签到 7 天", SCREEN_TIME),
    ("每日步数过万", SCREEN_TIME),
]

# Where points are taken, more words hint at a subject. Each also in traditional characters.
ONLY_IN_DEDUCTIONS = [
    ("找乡里领导说事", PETITION),
    ("拉横幅", PETITION),
    ("集体访", PETITION),
    ("请愿静坐", PETITION),
    ("到县里反映情况", PETITION),
    ("打官司", PETITION),
    ("上x访", PETITION),
    ("上（访）", PETITION),
    ("shàng访", PETITION),
    ("保持沉默", SPEECH),
    ("背后议论", SPEECH),
    ("说村干部坏话", SPEECH),
    ("会上乱发言", SPEECH),
    ("顶撞书记", SPEECH),
    ("提反对意见", SPEECH),
    ("烧香拜佛", BELIEF),
    ("算命、看风水", BELIEF),
    ("扣发困难补助", ENTITLEMENT),
    ("没有参保", ENTITLEMENT),
    ("投谁的票", ELECTION),
    ("换届拉票", ELECTION),
    ("被拘留、劳改释放", OFFENCE),
    ("罚款 200 元", PUNISHMENT),
    ("取消评优资格", PUNISHMENT),
    ("停水停电", PUNISHMENT),
    ("开会迟到早退", ABSENCE),
    ("不听劝", ABSENCE),
    ("不捐款", ABSENCE),
    ("未签到", ABSENCE),
    ("评为后进户", LIST),
    ("大会点名批评", LIST),
    ("不同意征地拆迁", PROPERTY),
    ("不流转承包地", PROPERTY),
    ("离婚", PRIVATE_LIFE),
    ("超生二胎", PRIVATE_LIFE),
    ("拖欠卫生费", DEBT),
    ("一次扣光", ZERO),
    ("积分清零", ZERO),
    ("全年积分作废", ZERO),
    ("一票否决", ZERO),
    ("不再享有积分", ZERO),
    # Puns, pictures, dialects, roundabout words.
    ("上坊", PETITION),
    ("上🈲访", PETITION),
    ("上ㆍ访", PETITION),
    ("跑北京", PETITION),
    ("去上面讨公道", PETITION),
    ("找记者", PETITION),
    ("写信给纪委", PETITION),
    ("拨打一二三四五", PETITION),
    ("传瞎话", SPEECH),
    ("摆龙门阵", SPEECH),
    ("开会不吭声", SPEECH),
    ("写差评", SPEECH),
    ("戴面纱", BELIEF),
    ("去教会", BELIEF),
    ("领救济还请客", ENTITLEMENT),
    ("投反对票", ELECTION),
    ("坐过牢", OFFENCE),
    ("罚跑圈", PUNISHMENT),
    ("拉闸", PUNISHMENT),
    ("唔去开会", ABSENCE),
    ("冇参加", ABSENCE),
    ("唱对台戏", ABSENCE),
    ("上丢人榜", LIST),
    ("钉子户", PROPERTY),
    ("多生一个", PRIVATE_LIFE),
    ("没随份子", DEBT),
    ("一笔勾销", ZERO),
]

AWARD_RULE = """
[[rule]]
id = "R2"
title = "{title}"
category = "clean"
points = 5
evidence = ["{evidence}"]
reviewers = ["grid"]
"""
DEDUCTION_RULE = """
[[rule]]
id = "R2"
title = "{title}"
category = "clean"
points = -5
deduction = {{ {deduction} }}
evidence = ["{evidence}"]
reviewers = ["council", "supervisors"]
"""
ADOPTED = (
    'covenant = "{covenant}", adopted_by = {{ body = "村民代表会议", meeting = "第 1 次", date = 2025-12-20 }}'
)
OPTIONS = """
[[rule.inputs]]
id = "kind"
title = "哪一种"
type = "choice"
options = [
  {{ id = "a", title = "其他" }},
  {{ id = "b", title = "{title}" }},
]
"""
SHEET = """
[[rule.inputs]]
id = "sheet"
title = "评分单"
type = "sheet"
items = [{{ id = "a", title = "{title}", max = 5 }}]
"""
CAMPAIGN = """
[[campaign]]
id = "spring"
title = "{title}"
from = 2026-03-01
until = 2026-04-30
multiply = 2
rules = ["R2"]
"""


def award_rule(title: str = "清扫", evidence: str = "照片", more: str = "") -> str:
    return AWARD_RULE.format(title=title, evidence=evidence) + more.format(title=title)


def deduction_rule(title: str = "乱倒垃圾", evidence: str = "照片", covenant: str = "村规民约第八条") -> str:
    return DEDUCTION_RULE.format(title=title, evidence=evidence, deduction=ADOPTED.format(covenant=covenant))


def offered_deduction(title: str) -> str:
    return DEDUCTION_RULE.format(title=title, evidence="照片", deduction="offered = true")


# Where a village could put such wording. The last two are no deductions, so reviewed wording could pass there.
PLACES: dict[str, Callable[[str], str]] = {
    "a deduction": lambda words: deduction_rule(title=words),
    "a deduction offered to villages": offered_deduction,
    "the evidence of a deduction": lambda words: deduction_rule(evidence=words),
    "the clause of a deduction": lambda words: deduction_rule(covenant=f"村规民约第八条：{words}"),
    "a deduction said to be reviewed": lambda words: (
        deduction_rule(title=words) + 'wording_reviewed = "村支委看过"\n'
    ),
    "the purpose of a rule": lambda words: award_rule(more=f'purpose = "{words}"\n'),
    "the purpose of a rule said to be reviewed": lambda words: award_rule(
        more=f'purpose = "{words}"\nwording_reviewed = "村支委看过"\n'
    ),
    "the title of a rule": lambda words: award_rule(title=words),
    "the evidence of a rule": lambda words: award_rule(evidence=words),
    "a condition": lambda words: award_rule(more=f'when = "true"\nwhen_note = "{words}"\n'),
    "an option": lambda words: award_rule(more=OPTIONS.replace("{title}", words)),
    "a line of a sheet": lambda words: award_rule(more=SHEET.replace("{title}", words)),
    "a heading": lambda words: (
        f'[[category]]\nid = "other"\ntitle = "{words}"\n' + award_rule().replace("clean", "other")
    ),
    "a campaign": lambda words: award_rule() + CAMPAIGN.format(title=words),
}


def problems(text: str) -> list[Problem]:
    with pytest.raises(RulebookError) as caught:
        load(text, "book.toml")
    return caught.value.problems


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("words", "reason"), COUNTER_EXAMPLES)
def test_a_counter_example_is_refused_with_its_reason(
    book_text: BookText, words: str, reason: str, place: str
) -> None:
    found = problems(book_text(PLACES[place](words)))
    assert any(reason in problem.message for problem in found)
    assert all(problem.line > book_text().count("\n") for problem in found)


@pytest.mark.parametrize(("words", "reason"), ONLY_IN_DEDUCTIONS)
def test_nothing_is_deducted_for_what_the_law_leaves_to_people(
    book_text: BookText, words: str, reason: str
) -> None:
    for spelling in (words, TRADITIONAL.convert(words)):
        found = problems(book_text(deduction_rule(title=spelling)))
        assert any(reason in problem.message for problem in found), spelling


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (
            "an id of an option",
            award_rule(more=OPTIONS.replace('"b"', '"shangfang"').replace("{title}", "其他的")),
        ),
        (
            "a text in an expression",
            award_rule(more='when = "household.village != \'上访\'"\nwhen_note = "本村"\n'),
        ),
        ("the source", award_rule(more='source = "缠访缠诉扣 100"\n')),
        ("the title of an input", award_rule(more=OPTIONS.replace('title = "哪一种"', 'title = "上访几次"'))),
        ("a meeting", deduction_rule().replace('"第 1 次"', '"整治上访专题会"')),
        (
            "the body that decides",
            award_rule().replace("points = 5", 'points = { decided_by = "信访办", min = 1, max = 2 }'),
        ),
        ("the id of a campaign", award_rule() + CAMPAIGN.format(title="春季").replace('"spring"', '"toushu"')),
    ],
)
def test_words_are_looked_for_wherever_a_text_stands(book_text: BookText, place: str, text: str) -> None:
    found = problems(book_text(text.replace("{title}", "其他")))
    assert any(PETITION in problem.message for problem in found), place


def test_the_name_of_the_book_and_of_the_body_behind_it_are_looked_at(book_text: BookText) -> None:
    for old, new in (("试用积分办法", "零上访积分办法"), ("村党支部", "信访办公室"), ("支委会", "清零专题会")):
        assert problems(book_text().replace(f'"{old}"', f'"{new}"'))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("清\u200b扫", "看不见的字符（U+200B）"),
        ("清\u202e扫", "看不见的字符（U+202E）"),
        ("清\u00ad扫", "看不见的字符（U+00AD）"),
        ("清\ufeff扫", "看不见的字符（U+FEFF）"),
        ("清\ue000扫", "看不见的字符（U+E000）"),
        ("清\\u0007扫", "看不见的字符"),
        ("清\\u202E扫", "看不见的字符"),
        ("上\u0336访", "别种文字或带附加符号"),
        ("村\u2ea0会议", "别种文字"),
        ("清洁\u30ed号", "别种文字"),
        ("\u0430级户", "别种文字"),
    ],
)
def test_signs_that_hide_or_imitate_are_refused_with_their_place(
    book_text: BookText, written: str, told: str
) -> None:
    found = problems(book_text(award_rule(title=written)))
    line = book_text().count("\n") + 4
    assert any(told in problem.message and problem.line == line for problem in found)


@pytest.mark.parametrize(
    "review",
    [
        "x",
        "已审",
        "2026-01-05",
        "村支委看过",
        "2026-01-05 支委会",
        "2026-13-05 支委会：帮人办事",
        "2026-01-05 a：好好好好",
    ],
)
def test_a_review_says_who_looked_when_and_why(book_text: BookText, review: str) -> None:
    text = book_text(award_rule(title="帮邻居申请低保材料", more=f'wording_reviewed = "{review}"\n'))
    assert any("wording_reviewed 要写明哪天、谁审的、为什么正当" in each.message for each in problems(text))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("保持沉默", SPEECH),
        ("不说村干部坏话", SPEECH),
        ("不議論村幹部", SPEECH),
        ("不离婚", PRIVATE_LIFE),
        ("全年零上访", PETITION),
        ("没有越级上访", PETITION),
        ("不再信访", PETITION),
        ("息诉罢访", PETITION),
        ("放弃投诉", PETITION),
        ("无信访户", PETITION),
        ("不发帖议论", SPEECH),
        ("不信教", BELIEF),
        ("不投票", ELECTION),
    ],
)
def test_points_for_giving_up_a_right_are_refused_even_if_reviewed(
    book_text: BookText, words: str, reason: str
) -> None:
    found = problems(book_text(award_rule(title=words, more='wording_reviewed = "2026-01-05 支委会：帮人办事"\n')))
    assert any(reason in problem.message and "也不能奖励放弃权利" in problem.message for problem in found)


@pytest.mark.parametrize(
    "words",
    [
        "帮邻居申请低保材料",
        "调解投诉",
        "参与反邪教宣传",
        "帮老人交医保",
        "协助办理养老金认证",
        "为换届选举搬桌椅",
        "拍短视频发朋友圈介绍村里",
        "修缮寺庙古树围栏",
        "劝导违建户自行拆除",
        "防范电信诈骗讲座",
        "举报污染经查实",
    ],
)
def test_innocent_wording_passes_once_reviewed(book_text: BookText, words: str) -> None:
    [problem] = problems(book_text(award_rule(title=words)))
    assert "要先请人审阅" in problem.message
    reviewed = book_text(award_rule(title=words, more='wording_reviewed = "2026-01-05 支委会：帮人办事"\n'))
    assert load(reviewed).get_rule("R2").title == words


@pytest.mark.parametrize(
    "words",
    [
        "参加村民会议",
        "参加诚信教育",
        "诚信访谈会上发言",
        "晚上访问独居老人",
        "早上访贫问苦",
        "村里召集访谈",
        "中医保健讲座",
        "村医保管药品",
        "供销社保管员",
        "节水降低保护区用水",
        "每礼拜打扫祠堂",
        "参加反诈、禁毒、防溺水宣传",
        "抵制高价彩礼",
        "短视频传播家乡美景",
        "配合或参与调解，化解纠纷",
        "救助落水儿童",
        "照料五保老人",
        "带头拆除自家乱搭乱建",
        "学生进京比赛获奖",
        "宣传惠农政策",
        "当选道德模范候选人",
        "请教堂兄修水管",
        "服务热线值班",
        "走访慰问老人",
        "积极发言、主动谈看法",
        "按时到会并听完",
        "易地搬迁户帮扶",
        "教会老人用手机",
        "清扫卫生死角",
        "垃圾不落地",
        "评为先进户、光荣户",
        "倡导婚事新办、丧事简办",
        "放学时接送邻居的孩子",
        "学习时事政策",
        "参加法治讲座并签到",
        "打扫卡口",
        "分享致富经验",
        "教老人用手机挂号",
    ],
)
def test_ordinary_words_are_not_flagged(book_text: BookText, words: str) -> None:
    assert list(find_forbidden(words)) == []
    assert load(book_text(award_rule(title=words))).get_rule("R2").title == words


def test_each_subject_is_reported_once_for_a_field(book_text: BookText) -> None:
    found = problems(book_text(deduction_rule(title="上访、信访、投诉，停低保、社保")))
    assert [problem.message for problem in found] == [
        f"规则「R2」：不能因「上访」扣分：{PETITION}，不得与积分挂钩。请删去这一项。",
        f"规则「R2」：不能因「低保」扣分：{ENTITLEMENT}，不得与积分挂钩。请删去这一项。",
    ]


def test_the_deductions_of_real_schemes_pass(book_text: BookText) -> None:
    for words in (
        "乱堆乱倒垃圾，经教育不改",
        "占道打场晒粮、停车",
        "乱排污水，焚烧垃圾、秸秆",
        "季度庭院评比不达标",
        "不按规定养犬",
        "损坏公共设施拒不修复",
        "大操大办红白事",
        "打架、辱骂造成不良影响",
        "虚报、冒领积分",
        "公共墙面乱贴乱画",
    ):
        assert (
            load(book_text(deduction_rule(title=words, evidence="照片、邻里反映记录"))).get_rule("R2").title
            == words
        )
