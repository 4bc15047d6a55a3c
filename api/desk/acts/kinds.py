"""The kinds of acts, as `acts_of` tells them, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActField:
    """A field of work. `kinds`: the title of each kind of act."""

    name: str
    title: str
    kinds: Mapping[str, str]


FROZEN = {"rule": "规则", "card": "卡", "kiosk": "终端", "person": "人员"}

FIELDS: Sequence[ActField] = (
    ActField(
        "claims",
        "申报和审阅",
        {
            "claim-declared": "申报",
            "claim-withdrawn": "撤回申报",
            "claim-returned": "退回更正",
            "claim-supported": "签认",
            "claim-opposed": "不赞成",
            "claim-recused": "回避",
            "decision-undone": "一分钟内撤回了决定",
            "own-declaration-declared": "确认户自己申报的",
            "own-declaration-refused": "没有确认户自己申报的",
        },
    ),
    ActField(
        "oversight",
        "监督",
        {
            "objection-taken": "记下异议",
            "objection-upheld": "异议成立",
            "objection-dismissed": "异议不成立",
            "objection-withdrawn": "记下异议撤回",
            "draw-opened": "开抽查",
            "dice-typed": "输入骰子点数",
            "visit-confirmed": "上门核实：属实",
            "visit-not-as-declared": "上门核实：与申报不符",
            "visit-nobody-met": "上门核实：没有见到人",
            **{f"{kind}-stopped": f"冻结{what}" for kind, what in FROZEN.items()},
            **{f"{kind}-released": f"解除冻结{what}" for kind, what in FROZEN.items()},
        },
    ),
    ActField(
        "proposals",
        "两人办理",
        {
            "proposed": "提议",
            "proposal-confirmed": "确认",
            "proposal-refused": "没有同意",
            "proposal-withdrawn": "撤回提议",
        },
    ),
    ActField(
        "households",
        "户和卡",
        {
            "household-head": "改户主",
            "household-grid": "改网格",
            "household-people": "改人口",
            "household-move": "迁村",
            "household-split": "分户",
            "household-merge": "并户",
            "household-revive": "恢复户",
            "household-end": "销户",
            "household-clear": "清户",
            "register-written": "写入登记簿",
            "card-issued": "发卡",
            "card-revoked": "作废卡",
            "card-frozen": "挂失卡",
            "card-unfrozen": "解挂卡",
            "card-pin-set": "设卡密码",
            "card-pin-removed": "取消卡密码",
            "card-pin-reset": "重设卡密码",
            "card-handed-over": "交卡",
            "household-identified": "没带卡，找到户",
            "household-vouched": "没带卡，作证明",
        },
    ),
    ActField(
        "people",
        "人员",
        {
            "person-added": "登记人员",
            "person-changed": "改人员的职责",
            "person-ended": "结束任职",
            "person-resumed": "恢复任职",
            "person-invited": "邀请",
            "person-password": "设密码",
            "person-signed-out": "让人退出登录",
            "person-second-step-on": "开两步登录",
            "person-second-step-off": "关两步登录",
            "person-relative": "申报亲属",
            "person-relative-withdrawn": "撤回申报的亲属",
            "attendant-added": "登记管理员",
            "attendant-pin": "重设管理员的 PIN",
            "attendant-household": "改管理员的户",
            "attendant-ended": "结束管理员",
        },
    ),
    ActField(
        "rules",
        "规则和办法",
        {
            "rulebook-written": "写成规则",
            "adoption-proposed": "提议启用规则",
            "adoption-confirmed": "确认启用规则",
            "adoption-refused": "没有同意启用规则",
            "adoption-withdrawn": "撤回启用规则",
            "concern-ticked": "逐项勾选「与此无关」",
            "defaults-set": "定全乡的做法",
        },
    ),
    ActField(
        "shop",
        "超市和终端",
        {
            "supermarket-changed": "改超市",
            "price-changed": "改分值",
            "price-rate-set": "定折算率",
            "goods-restocked": "进货",
            "goods-donated": "收捐赠",
            "fund-paid": "记经费",
            "goods-received": "记收货",
            "goods-counted": "点数收货",
            "goods-receipt-withdrawn": "撤回收货单",
            "stock-taken": "盘点",
            "redemption-voided": "作废兑换",
            "enrolment-ended": "结束终端的登记",
            "exception-decided": "决定终端报来的记录",
        },
    ),
)

TITLES: Mapping[str, str] = {kind: title for field in FIELDS for kind, title in field.kinds.items()}

DETAILS: Mapping[str, str] = {
    **{"own": "自己家的", "relative": "亲属家的"},
    **{"review": "评议", "approve": "审定", "refuse": "不通过", "return": "退回"},
    **{"card": "凭卡提的", "person": "当面说的", "phone": "电话说的", "finding": "自己发现的"},
    **{"lost": "丢了", "replaced": "补了新卡", "ended": "销户", "merged": "并户"},
    **{"accepted": "入账", "dismissed": "不入账"},
}
"""What `acts_of` says in a word."""
