"""What the desk's pages lead to, and whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from api.awards.declaring.confirming import CONFIRMERS
from api.platform.access import DECLARERS, Role, Staff
from api.registry.proposals.deciding import READERS

_OVERSEERS = (Role.OFFICE, Role.SUPERVISOR, Role.COMMITTEE)
_HOUSEHOLD_READERS = (*_OVERSEERS, Role.GRID_LEADER, Role.CHIEF_GRID_LEADER)


@dataclass(frozen=True, slots=True)
class NavCard:
    """A part of the desk, for people with one of these roles; `hint` says what is done there."""

    path: str
    title: str
    hint: str
    roles: Sequence[Role]
    # Only for those who serve the whole township.
    township_wide: bool = False


@dataclass(frozen=True, slots=True)
class NavGroup:
    """Parts of the desk that belong together, under a heading."""

    title: str
    cards: Sequence[NavCard]


_GROUPS = (
    NavGroup(
        "办理",
        (
            NavCard("/desk/declare", "申报", "按积分办法，替一户报上来", DECLARERS),
            NavCard("/desk/claim-sheets", "用表格申报", "一张表或一份到会名单，一次报很多户", DECLARERS),
            NavCard("/desk/claims", "查申报", "按户、事项、人、日期找，办到了哪一步", tuple(Role)),
            NavCard("/desk/own-declarations", "户自己申报的", "没有凭密码的，等您确认", CONFIRMERS),
            NavCard("/desk/rulebooks", "积分规则", "现行规则和以前的版本", tuple(Role)),
            NavCard("/desk/proposals", "两人办理", "提议、确认和退回过的", READERS),
            NavCard(
                "/desk/policies",
                "全乡的办法",
                "公示几天、过不过期、一个人能办多少",
                (*_OVERSEERS, Role.PARTY_BRANCH),
            ),
        ),
    ),
    NavGroup(
        "监督",
        (
            NavCard("/desk/objections", "异议", "等答复的、办结的，和各村一年的数", _OVERSEERS),
            NavCard("/desk/draws", "抽查", "每月抽查：开、掷骰子、记下核实的结果", (Role.SUPERVISOR,)),
            NavCard("/desk/patterns", "异常线索", "谁总替谁报、几秒钟就通过：和别处不一样的", (Role.SUPERVISOR,)),
            NavCard("/desk/freezes", "冻结", "监委停下了什么，为什么，到哪天", _OVERSEERS),
            NavCard("/desk/acts", "办过的事", "谁在什么时候办了什么，只增不减，同账本一起封存", tuple(Role)),
        ),
    ),
    NavGroup(
        "人和户",
        (
            NavCard("/desk/households", "户", "找一户，看积分和变动；改户主、分户、并户", _HOUSEHOLD_READERS),
            NavCard("/desk/cards", "积分卡", "发卡、打印、挂失、补卡，谁家还没有卡", _OVERSEERS),
            NavCard("/desk/card-pins", "积分卡密码", "户主忘了密码，在这里取消", _OVERSEERS),
            NavCard(
                "/desk/people",
                "人员",
                "谁在任职、有哪些职责；登记、邀请、结束任职",
                (Role.OFFICE, Role.SUPERVISOR),
                township_wide=True,
            ),
            NavCard("/desk/register", "登记簿", "用表格登记村、网格、人员和农户，调整网格", (Role.OFFICE,)),
        ),
    ),
    NavGroup(
        "超市",
        (
            NavCard("/desk/supermarkets", "超市", "营业时间、管理员，和每家店的终端与货架", _OVERSEERS),
            NavCard("/desk/goods", "物品与货架", "分值、库存、快到期的，和等人点数的收货单", _OVERSEERS),
            NavCard("/desk/tills", "终端", "各超市的终端，和它们报来、等人决定的", _OVERSEERS),
            NavCard("/desk/identifications", "没带卡的", "谁没带卡领了货，是凭密码还是由谁证明", _OVERSEERS),
        ),
    ),
    NavGroup(
        "账",
        (
            NavCard(
                "/desk/report",
                "年度报表",
                "积分、物品、资金和保障率，每个数都能点开看",
                (Role.OFFICE, Role.SUPERVISOR),
                township_wide=True,
            ),
            NavCard(
                "/desk/funds",
                "经费",
                "买货的钱还有多少，登记拨款和捐款",
                (Role.OFFICE, Role.SUPERVISOR),
                township_wide=True,
            ),
            NavCard("/desk/months", "月结", "结过的账；乡镇在这里提议把过完的月份结账", _OVERSEERS),
            NavCard("/desk/imports", "导入旧账", "以前用纸或表格记的积分", (Role.OFFICE,), township_wide=True),
            NavCard(
                "/desk/backups",
                "备份",
                "最近一份验证过的备份、下载、备份的钥匙",
                (Role.OFFICE, Role.SUPERVISOR),
                township_wide=True,
            ),
        ),
    ),
)


def list_nav_groups(staff: Staff) -> list[NavGroup]:
    """With what this person may open."""
    groups = (replace(group, cards=_list_open(staff, group)) for group in _GROUPS)
    return [group for group in groups if group.cards]


def _list_open(staff: Staff, group: NavGroup) -> list[NavCard]:
    return [
        card
        for card in group.cards
        if staff.may(*card.roles) and (staff.serves_township or not card.township_wide)
    ]
