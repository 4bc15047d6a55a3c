"""Subjects that a points scheme must not touch, with the words that hint at them.

From the counter-examples of real schemes (points taken for petitioning, for talk, for not going along), and from
the laws that make them rights, entitlements or matters of an authority. No list of words closes.
"""

import re
from dataclasses import dataclass
from functools import cached_property

# 不再越级上访, 没有上访, 零投诉, 放弃信访, with the words in between.
_GIVEN_UP = (
    r"(?:不|未|无|零|〇|0|没|没有|放弃|撤回|撤销|停止|劝阻|息|杜绝|避免)"
    r"(?:再|曾|去|有过?|发生|出现|越级|集体|进京|到\w{1,3}|拨?打|搞|因|[讲说]){0,3}"
)
_ONLINE = r"(?:网上|网络|网路|微信|微博|朋友圈|抖音|快手|短视频|公众号|论坛|群里)"
_OFFICIALS = r"(?:村里?|干部|村?[支两]委|书记|主任|领导|政府|镇里?|乡里?|组织)"


@dataclass(frozen=True)
class ForbiddenSubject:
    """One forbidden subject: regular expressions for its words, and why it is forbidden (Chinese). Look-arounds
    exclude innocent words that contain one: 信访 is part of 诚信访谈. Words in Latin letters are for ids.

    `stricter` are words that are usual where points are given, and hint at the subject where points are taken.
    `is_right` marks lawful acts, which nobody may be paid to give up; `waiver_words` are further expressions for
    giving one up.
    """

    id: str
    title: str
    words: tuple[str, ...]
    why: str
    stricter: tuple[str, ...] = ()
    is_right: bool = False
    waiver_words: tuple[str, ...] = ()

    # Compiled when a text is first looked through: most programs never do, and it takes a fifth of a second.
    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(map(re.compile, self.words))

    @cached_property
    def stricter_patterns(self) -> tuple[re.Pattern[str], ...]:
        return (*self.patterns, *map(re.compile, self.stricter))

    @cached_property
    def waiver_patterns(self) -> tuple[re.Pattern[str], ...]:
        waived = (f"{_GIVEN_UP}(?:{word})" for word in self.words + self.stricter if self.is_right)
        return tuple(map(re.compile, (*waived, *self.waiver_words)))


SUBJECTS = (
    ForbiddenSubject(
        "petition",
        "信访、投诉、举报",
        (
            r"(?<![晚早网路])上访(?!问|谈|贫|客)",
            r"(?<!诚)信访(?!谈|问)",
            r"shang访|上fang|xin访|信fang|shangfang|xinfang|petition|toushu|jubao|complain|lawsuit",
            r"缠访",
            r"缠诉",
            r"闹访",
            r"非访(?!客|谈)",
            r"重复访",
            r"(?:集|集体|个体|写信|电话)访(?!谈|问)",
            r"[息罢无零][访诉](?!客|谈|问)",
            r"(?:进京|越级|赴省|赴京)\w{0,6}(?:反映|告|诉|访)",
            r"请愿",
            r"静坐",
            r"示威",
            r"联名",
            r"讨(?:说法|薪)",
            r"投诉",
            r"举报",
            r"检举",
            r"控告",
            r"告状",
            r"申诉",
            r"起诉|上诉(?!说)|诉讼|打官司|行政复议|申请仲裁",
            r"维权",
            r"12345|123(?:88|89|36|15)|市长信箱|(?:政务|便民|市民)(?:服务)?热线|(?:打|拨)\w{0,6}热线",
        ),
        "信访、投诉、举报是法定权利，不得与积分挂钩",
        (
            r"找\w{0,4}(?:领导|乡镇|镇里|县里|上级|政府|干部|书记|记者|媒体)",
            r"[打拉挂举]\w{0,2}(?:横幅|标语|牌)",
            r"[向到去]\w{0,6}(?:反映|告发)",
            r"告(?:政府|村|干部|领导|书记|上级)",
            r"(?:聚众|聚集|围堵|堵门|缠闹|闹事|无理取闹|越级)",
            r"匿名信|上书",
            r"[上尚伤商][坊仿]|[尚伤商]访",
            r"跑(?:北京|省|市|县|乡|镇)|找上[头面级]|访问?(?:上级|领导|政府)",
            r"[去到向]\w{0,6}(?:反应|告|讨|要说法|申冤)|(?:讨|要)\w{0,2}公道",
            r"拨打|一二三四五|打\w{0,4}电话|(?:递|写|送)(?:材料|状|信)|状子|诉状",
            r"记者|媒体|采访|纪委|巡[视察]组|督[查导]组|律师",
        ),
        is_right=True,
        waiver_words=(r"[息罢无零][访诉](?!客|谈|问)", r"息事宁人"),
    ),
    ForbiddenSubject(
        "speech",
        "说话、发表意见",
        (
            r"网上发言",
            r"网[络路上]言论",
            r"网[络路]发言",
            r"言论|yanlun|huaihua|speech|silence|gossip|critici[sz]",
            r"(?:不良|不实|负面|有害)(?:信息|消息|言论|舆情)",
            r"不当言论",
            r"舆情",
            r"造谣",
            r"传谣",
            r"谣言",
            r"发帖",
            r"跟帖",
            r"朋友圈",
            r"沉默",
            r"坏话",
            r"闲话|闲言",
            r"嚼舌",
            r"说三道四|说长道短|指指点点|评头论足",
            r"搬弄是非",
            r"(?:背[后地]里?|私下|随意|胡乱|到处)(?:议论|乱?说|讲)",
            rf"(?:议论|非议|妄议|顶撞|辱?骂|抱怨|质疑|抹黑|诋毁|批评)\w{{0,3}}{_OFFICIALS}",
            rf"{_OFFICIALS}\w{{0,3}}(?:议论|非议|坏话|不满)",
            r"牢骚|唱反调|说怪话|怪话",
            rf"{_ONLINE}\w{{0,8}}(?:发言|言论|议论|抱怨|抹黑|诋毁|散布|传播(?:不|负|虚|谣)|乱说|说三道四|曝光|评论|吐槽|骂)",
        ),
        "说话、发表意见属于表达权利，不得与积分挂钩",
        (
            r"议论",
            r"(?:乱|胡|不当|公开)(?:发言|讲话|说话)",
            r"(?:发表|提)\w{0,4}(?:意见|看法)|有意见|不同意见",
            r"抱怨|质疑|抹黑|诋毁|诽谤|散布|吐槽|顶嘴|顶撞|批评|反对",
            r"录音|录像|偷拍|转发|直播|发(?:视频|抖音|微信|文章)",
            r"接受采访",
            r"小话|瞎话|闲篇|龙门阵|是非|多嘴|差评|恶评",
            r"不(?:吭声|表态|出声|说话|言语|举手|鼓掌)",
            r"(?:拍|发)\w{0,3}(?:视频|微博|照片|短信|dy|ks|网上)",
        ),
        is_right=True,
        waiver_words=(r"保持沉默|闭嘴|管住嘴|不乱说|少说话|不多嘴",),
    ),
    ForbiddenSubject(
        "belief",
        "信仰",
        (
            r"(?<![诚守])信教(?!育|学|师|案)",
            r"宗教|zongjiao|xinjiao|religio|church",
            r"(?<![请叫])教堂",
            r"寺庙|庙宇|清真寺",
            r"信(?:佛|神|耶稣|基督|天主)",
            r"(?:基督|天主|伊斯兰|道|佛)教(?!育|学|师|练|室)",
            r"信仰",
            r"教徒|信徒|传教|入教|受洗|弥撒",
            r"做礼拜|礼拜堂",
            r"拜(?:佛|神|菩萨|主)|求神|念经|诵经",
            r"烧香",
        ),
        "信仰自由，不得与积分挂钩",
        (r"算命|占卜|风水|迷信|祭拜|祭祖|头巾|面纱|袍子|封斋|守斋|上香|祷告|祈祷|(?:去|进|上|入)教会|信主",),
        is_right=True,
    ),
    ForbiddenSubject(
        "entitlement",
        "补贴、低保、养老、医保",
        (
            r"补贴|butie|subsid",
            r"补助(?:金|款|资金|资格)",
            r"粮补|直补",
            r"惠农(?:资金|款|待遇|政策资格)",
            r"(?<!降)低保(?!护|险|费)|dibao",
            r"最低生活保障",
            r"养老金|pension|allowance",
            r"养老保险",
            r"社保(?!管|洁|安|卫|护)",
            r"社会保险",
            r"(?<!中)(?<!西)医保(?!健|管|洁|护)|yibao",
            r"医疗保险",
            r"新农合",
            r"合作医疗",
            r"参保|投保|保费|(?:交|缴)\w{0,4}保险",
            r"救助(?:金|款|资格|待遇)",
            r"(?:社会|临时|医疗|法定)救助",
            r"五保(?:待遇|资格|供养|金)",
            r"(?:取消|停|扣|暂缓)\w{0,6}五保",
            r"(?:抚恤|优抚|优待)(?:金|待遇)",
            r"(?:高龄|残疾人?|护理)(?:津贴|补)",
            r"危房改造|公租房|特困供养|退耕还林(?:款|补)|生态补偿",
        ),
        "补贴、低保、养老、医保是法定待遇，不得与积分挂钩",
        (r"救济|领\w{0,2}救助|福利(?!院|彩票)|分红|红利|口粮|助学金|入学|津贴|补助|低保护|保险",),
    ),
    ForbiddenSubject(
        "election",
        "选举、投票",
        (
            r"选举|xuanju|election|ballot",
            r"投票|toupiao|(?<!de)vot(?:e|ing)",
            r"选票",
            r"罢免",
            r"拉票|贿选|竞选|参选",
            r"[选投](?:了?谁|给?他|别人|错)",
            r"弃权",
        ),
        "选举和投票是政治权利，不得与积分挂钩",
        (r"(?:反对|赞成|同意|废)票|不(?:投|选)|换届|提名|候选|选(?:村|主任|书记|干部|代表)",),
        is_right=True,
    ),
    ForbiddenSubject(
        "offence",
        "违法犯罪",
        (
            r"赌博|dubo|gambl",
            r"[聚参涉]赌",
            r"赌钱",
            r"黄赌毒",
            r"[吸贩涉]毒|xidu|narcotic",
            r"邪教",
            r"违法|weifa|crimin",
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
            r"偷(?:电|水|税|鸡|羊|牛|菜|东西)",
            r"拘留|劳改|劳教|判刑|服刑|坐牢|入狱|前科|案底|刑满|缓刑|社区矫正",
            r"家庭?暴力?(?=$|[的者人，])|家暴|高利贷|盗伐|滥伐|纵火",
        ),
        "违法行为由执法机关依法处理，村里不记分、不公示",
        (r"非法|触法|犯法|行政处罚|治安|坐过?\w{0,2}牢|打(?:麻将|牌)|麻将|白粉|赌",),
    ),
    ForbiddenSubject(
        "punishment",
        "罚款、停发、取消资格",
        (
            r"罚(?:款|金|没)|fakuan|penalt|punish",
            r"处罚|惩罚",
            r"停(?:发|水|电)|断[水电]",
            r"扣发|扣(?:工资|补)",
            r"取消\w{0,8}(?:资格|待遇|身份|权)",
            r"剥夺",
            r"连坐|株连",
            r"没收",
            r"游街|示众|检讨",
        ),
        "积分办法不是处罚：不能罚款、停发、取消资格",
        (
            r"保证金|押金|违约金|赔偿金",
            r"不(?:予|给)(?:办|盖|开|享|发|批)|暂停办理|禁止享受|限制(?:贷款|出行|消费)",
            r"连带|追究|开除|罚(?!球)|停止?供[水电气]|拉闸|取消\w{0,4}(?:评优|评先)",
        ),
    ),
    ForbiddenSubject(
        "absence",
        "不参加、不配合",
        (
            r"(?:不|未|没|没有|拒绝|拒不)(?:来|去|再|按时|按要求|愿|肯|想)?(?:参加|参与|出席|到会|到场|开会|响应|加入)",
            r"不到[会场]|不来[开会]|没[到来](?:会|场)",
            r"缺席|quexi|absen",
            r"[缺旷逃]会|旷工|缺勤",
            r"(?:不|未|拒绝|拒不)(?:积极|主动|愿|肯)?(?:配合|服从|支持)",
            r"开会\w{0,2}(?:不[到来]|迟到|早退)",
            r"抵制\w{0,4}(?:整治|检查|拆除|安排|工作|会议)",
        ),
        "不参加、不配合只能“不得分”，不能另作规定",
        (
            r"迟到|早退|中途离[场会]|不出工|未?不?签到|没签到|不签|拒签|不来|没来|不到场|请假",
            r"不听(?:劝|从|话|安排|指挥|招呼)|不服(?:管|从)",
            r"(?:不|未|没|拒)(?:绝)?(?:交|缴|捐|出(?:钱|资|力)|登记|扫码|安装|下载|进群|入群|上报|履行义务)|退群",
            r"(?:不|未|没|唔|冇|冇有|甭|莫)\w{0,4}(?:开会|参加|到会|出勤|配合|来会)|(?:开会|会议)\w{0,3}(?:[唔冇没未]|缺)",
            r"唱对台|对着干|不(?:肯|愿|想)",
            r"(?:不|未|没|拒绝|拒不)(?:打扫|清扫|值班|巡逻|出义务工|投劳)",
        ),
    ),
    ForbiddenSubject(
        "list",
        "黑名单、曝光",
        (
            r"黑名单|heimingdan|blacklist",
            r"黑榜|红黑|黑红|heibang",
            r"失信(?:名单|人|户|被执行)|老赖",
            r"降级",
            r"曝光",
            r"(?:后进|落后|差评|不文明|不诚信|问题|脏乱差?)户(?!籍|厕)",
            r"亮丑|揭短|丑事|反面(?:典型|教材)|负面清单|警示榜|挂(?:黑|黄)牌",
            r"末位|倒数|垫底",
            r"(?:通报|点名|公开|大会|广播)批评",
        ),
        "荣誉榜只列正面的人和事，不设黑名单",
        (r"最差|排名|丢[人脸丑]\w?榜|亮相台|示丑|张榜|名单公布|公开姓名|点名",),
    ),
    ForbiddenSubject(
        "property",
        "土地、房屋和财产",
        (
            r"征[地收用](?!集|文)|zhengdi|chaiqian|zhaijidi",
            r"拆迁|强拆",
            r"(?:土地|田地|山林|承包地)\w{0,2}流转|流转土地",
            r"宅基地",
            r"承包[地田]|责任田|自留地",
            r"退[地宅](?!势)|腾退|让地",
            r"迁坟|收回土地",
        ),
        "土地、房屋和财产权利由法律管，不得与积分挂钩",
        (r"征收|钉子户|不肯[搬拆让]|搬迁|迁出|改种|卖粮|交粮|补偿|安置|占地|林地|耕地|撂荒|抛荒|出租|入股",),
        is_right=True,
    ),
    ForbiddenSubject(
        "private_life",
        "婚育和私生活",
        (
            r"离婚|lihun|divorc",
            r"(?:计划)?生育|计生|超生|二胎|三胎|堕胎|流产|引产|结扎|abortion",
            r"未婚|同居|早婚|婚外|出轨|私生",
            r"隐私|病史|艾滋|精神病|传染病",
        ),
        "婚姻、生育和私生活不得与积分挂钩",
        (
            r"结婚|再婚|怀孕|恋爱|穿着|发型|染发|纹身|生活作风|残疾|患病|离[了过]婚|多生|[没未]生|不生|生[男女]|串门|打扮",
        ),
        is_right=True,
    ),
    ForbiddenSubject(
        "debt",
        "债务和缴费",
        (
            r"欠[款债账钱费税]|拖欠|qianzhai|debtor",
            r"[还放借]贷|逾期",
            r"集资|摊派",
        ),
        "债务、缴费由合同和法律管，不得与积分挂钩",
        (r"(?:水|电|卫生|物业|管理|垃圾|取暖)费|缴费|交费|份子|贷款|借钱|捐款|征信",),
    ),
    ForbiddenSubject(
        "screen_time",
        "打卡、学习时长、下载转发",
        (
            r"打(?:完|满|个|次|了)?卡(?!点|地|墙|片)|daka",
            r"[0-9〇一二三四五六七八九十百两几]个?学时|学时[数达满制]|(?:培训|学习|修|完成|累计)\w{0,3}学时(?!事)",
            r"(?:学习|观看|收看|在线|浏览|停留|收听)\w{0,3}(?:时长|时间|分钟|小时)|刷(?:课|视频|时长|学习)",
            r"学习强国|强国\w?积分|xuexiqiangguo",
            r"(?:下载|安装|注册|登[录陆])\w{0,6}(?:app|软件|应用|小程序|客户端|平台)",
            r"(?:关注|订阅|点击|阅读|转发|点赞|分享|评论)\w{0,6}(?:公众号|视频号|推文|链接|小程序|朋友圈|抖音|快手|直播|短视频)",
            r"点赞(?:数|量|次数)|转发(?:数|量|次数)|阅读量|点击[率量]|步数|连续签到|签到(?:天数|次数)",
        ),
        "打卡、学习时长、下载和转发不记分：不给群众和网格员添手机上的负担",
    ),
)
"""In the order in which their words are looked for and ticked."""

BACK_TO_ZERO = ForbiddenSubject(
    "back_to_zero",
    "积分清零",
    (
        r"清零|归零|归0|清0|归〇|扣[到至成为]?[0零〇]|(?<!\w)清空|qingling|guiling|zeroout|(?:to|back)zero|clearall|wipe",
        r"(?:积分|得分|余额|分数|分值)\w{0,4}(?:清空|清除|抹掉|抹去|作废|取消|没收|收回|失效|归集体|不算)",
        r"(?:清空|清除|抹掉|抹去|取消|没收|收回|扣除|扣光|扣完)\w{0,4}(?:全部|所有|全年|当年|本年|累计|历年)?\w{0,2}(?:积分|得分|余额)",
        r"扣(?:光|完|尽|净|没|干净)|[全都]部?扣(?!除税)|扣(?:除|掉)?(?:全部|所有|一半|全年)",
        r"一票否决",
        r"(?:不再|永久|终身|永远)(?:享有|享受|取消|失去|停止|不得)",
        r"打回原形|从零开始|推倒重来|重新计分",
    ),
    "积分一次最多扣 20 分、一年最多扣 50 分，不能清零、作废、一票否决",
    (
        r"清空|作废|抹掉|抹零|全部|所有积分|归圆|[剃推]光头|一笔勾销|一票否|扣?\w?零蛋|打到底|翻倍扣|加倍扣|双倍扣|不设上限|扣到",
    ),
)
"""What would take more than the bounds of deductions."""
