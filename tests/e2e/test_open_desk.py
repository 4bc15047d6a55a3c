"""The open desk from a deed to points and back, in a browser by links and buttons: declared with a photo,
returned, corrected, voted on, objected to, late, drawn, found false. At the end the household's page, the notice
on the wall, the supervisors' lists and the books tell the same story."""

from __future__ import annotations

import asyncio
import re

import pypdfium2
import pytest
from playwright.async_api import FilePayload, expect

from tests.api.asking import sign_in
from tests.api.awards.evidence.conftest import encode, picture
from tests.api.awards.review.conftest import hire_council
from tests.chromium import needs_chromium
from tests.command_line import jimei
from tests.conftest import LiveTown
from tests.e2e.village_life import Story, assert_told, follow, line, opened_story, press, read, squeeze, told

pytestmark = [pytest.mark.slow, needs_chromium]


YARD, CLEANING = "季度“美丽庭院”示范户", "参加村庄清扫"
YARD_POINTS, CLEANING_POINTS = 15, 5
HAD = 3
"""Points of the household 李秀英 (hp-2), whose yard is declared."""

NOT_THERE, WAS_THERE, HE_WAS = "清扫那天他家没有人来", "听说刘家没有去", "老王那天在镇上"
UPHELD, DISMISSED, LATE_ANSWER = "名单上没有这一户", "名单上有，照片里也有", "问过带队的，半天在，算参加"
FOUND = "院子堆满杂物，没有评定过"
DICE = "3164251346"


async def test_everybody_tells_the_same_story(town: LiveTown) -> None:
    await hire_council(town)
    async with opened_story(town) as story:
        await agree_on_policies(story)
        await declare_the_yard(story)
        await return_and_correct(story)
        await vote(story)
        await approve_the_yard(story)
        await story.on(6, 22)
        await clean_the_village(story)
        await story.on(6, 23)
        await object_to_all_three(story)
        await story.on(6, 24)
        await answer_two(story)
        await story.on(6, 29)
        await see_the_third_late(story)
        await story.on(6, 30)
        await answer_the_third(story)
        await story.on(7, 3)
        await draw(story)
        await story.on(7, 20)
        await find_it_false(story)
        await take_it_back(story)
        await story.on(7, 21)
        await compare(story)


async def agree_on_policies(story: Story) -> None:
    office = await story.at_desk("office")
    await follow(office, "全乡的办法")
    section = office.locator("section", has_text="全乡一样的做法")
    await section.get_by_text("提议改动").first.click()
    for sentence, value in (("道德评议会评议", 2), ("有人提异议", 2), ("每月抽查", 100)):
        await section.get_by_label(sentence).fill(str(value))
    await press(section, "提议改动")
    await told(office, "等第二个人")
    second = await story.at_desk("fu")
    await follow(second, "两人办理")
    await press(second, "确认并办理")
    await follow(second, "全乡的办法")
    await expect(line(second, "每件由 2 名成员表决")).to_be_visible()


async def declare_the_yard(story: Story) -> None:
    wang = await story.at_desk("wang")
    await follow(wang, "申报一件好事")
    await wang.get_by_text("环境卫生").click()
    await follow(wang, YARD)
    await wang.get_by_label("哪一户").fill("李秀英")
    await wang.get_by_label("哪一天").fill("2026-06-13")
    taken: FilePayload = {
        "name": "IMG_2026.jpg",
        "mimeType": "image/jpeg",
        "buffer": encode(picture(7, (3000, 4000))),
    }
    await wang.get_by_label("选照片").set_input_files(taken)
    await press(wang, "提交申报")
    await told(wang, "已申报")


async def return_and_correct(story: Story) -> None:
    zhao = await story.at_desk("zhao")
    await follow(zhao, YARD)
    await zhao.locator("summary", has_text="退回更正").click()
    await press(zhao.locator("details[open]"), "日期不对")
    await told(zhao, "退回更正 1 件")
    await story.a_minute_later()
    wang = await story.at_desk("wang")
    returned = line(wang, YARD, "赵评议：日期不对")
    await follow(returned, "更正")
    await wang.get_by_label("哪一天").fill("2026-06-14")
    await expect(wang.get_by_text("已收到")).to_be_visible()
    await press(wang, "提交申报")
    await told(wang, "已申报")


async def vote(story: Story) -> None:
    """bo lives there, and keeps out."""
    bo = await story.at_desk("bo")
    assert "回避：您自己家的" in await read(line(bo, YARD))
    for login, others in (("zhao", "还要 2 人"), ("an", "还要 1 人")):
        member = await story.at_desk(login)
        await follow(member, YARD)
        seen = await read(member)
        assert others in seen, seen
        assert "6月13日 → 2026年6月14日" in seen
        photo = member.locator(".photos img").first
        answer = await member.request.get(await photo.get_attribute("src") or "")
        assert answer.headers["content-type"] == "image/jpeg"
        await press(member, "评议通过")
        await told(member, "评议通过 1 件")
        await story.a_minute_later()


async def approve_the_yard(story: Story) -> None:
    li = await story.at_desk("li")
    await follow(li, YARD)
    await press(li, "审定并公示")
    await told(li, "审定并公示 1 件")
    await story.a_minute_later()
    home = await story.at_home("hp-2")
    assert f"公示中 {YARD_POINTS} 分" in await read(home)
    board = await story.at_board()
    await expect(board.get_by_role("row").filter(has_text=YARD)).to_contain_text("李**")
    assert "回避 1 人次" in await read(board)


async def clean_the_village(story: Story) -> None:
    """A week later three households are declared for, and go through as one."""
    assert f"{HAD + YARD_POINTS} 分 现在可以用" in await read(await story.at_home("hp-2"))
    wang = await story.at_desk("wang")
    await follow(wang, "申报一件好事")
    await wang.get_by_text("环境卫生").click()
    await follow(wang, CLEANING)
    await wang.get_by_label("哪一户").fill("张伟")
    await press(wang, "提交申报")
    for head in ("刘芳", "王建国"):
        await wang.get_by_role("button", name=head).click()
        await told(wang, "已申报")
    for login, act in (("zhao", "评议通过"), ("li", "审定并公示")):
        page = await story.at_desk(login)
        await follow(page, "全选")
        await press(page, {"评议通过": "评议通过所选", "审定并公示": "审定所选并公示"}[act])
        assert f"一共 3 件，3 户，+{3 * CLEANING_POINTS} 分" in await read(page)
        await press(page, f"{act} 3 件")
        await told(page, f"{act} 3 件")
        await story.a_minute_later()


async def object_to_all_three(story: Story) -> None:
    # By the card's own page,
    home = await story.at_home("hp-2")
    await follow(home, "提异议")
    await follow(line(home, "张*"), CLEANING)
    await home.get_by_label("哪里不对").fill(NOT_THERE)
    await press(home, "提异议")
    await told(home, "异议已收到")
    # from the notice,
    board = await story.at_board()
    await follow(board.get_by_role("row").filter(has_text="刘*"), "提异议")
    await board.get_by_label("您家的卡号").fill(story.town.card)
    await press(board, "下一步")
    await board.get_by_label("哪里不对").fill(WAS_THERE)
    await press(board, "提异议")
    await told(board, "异议已收到")
    # and by word of mouth.
    li = await story.at_desk("li")
    await follow(li, "异议")
    await follow(li, "公示中的")
    await follow(line(li, "王建国"), CLEANING)
    await follow(li, "有人提异议")
    await li.get_by_label("当面说的").check()
    await li.get_by_label("谁提的：姓名").fill("路过的老周")
    await li.get_by_label("哪里不对").first.fill(HE_WAS)
    await press(li, "记下")
    await told(li, "已记下")
    notice = await read(await story.at_board())
    assert notice.count("有异议，停止计时") == 3
    assert "老周" not in notice


async def answer_two(story: Story) -> None:
    for head, button, reason in (("张伟", "成立", UPHELD), ("刘芳", "不成立", DISMISSED)):
        qian = await story.at_desk("qian")
        await follow(line(qian, head, "最晚 6月25日 答复"), CLEANING)
        form = qian.locator("form", has=qian.get_by_role("button", name=button, exact=True))
        await form.get_by_label("理由").fill(reason)
        await press(form, button)
        await told(qian, f"异议{button}，已记下")
    assert f"6月24日：异议成立。{UPHELD}" in await read(await story.at_home("hp-2"))


async def see_the_third_late(story: Story) -> None:
    late = "已超过 2 个工作日未答复"
    board = await story.at_board()
    assert late in await read(line(board, CLEANING, "王**"))
    assert late in await read(await story.at_home("hp-1"))
    assert "1 件逾期" in await read(await story.at_desk("qian"))
    await follow(board, "今年的异议")
    assert_told(await read(board), "河畔村 3 1 1 0 1 1")


async def answer_the_third(story: Story) -> None:
    tan = await story.at_desk("tan")
    await follow(line(tan, "王建国"), CLEANING)
    form = tan.locator("form", has=tan.get_by_role("button", name="不成立", exact=True))
    await form.get_by_label("理由").fill(LATE_ANSWER)
    await press(form, "不成立")
    await told(tan, "公示接着算")


async def draw(story: Story) -> None:
    qian = await story.at_desk("qian")
    await follow(qian, "抽查")
    await press(qian, "开这个月的抽查")
    await told(qian, "请在会上掷骰子")
    await qian.get_by_label("点数").fill(" ".join(DICE))
    await qian.get_by_label("哪次会").fill("七月监委会")
    await press(qian, "录入，定下抽中的")
    await told(qian, "已经公布")


async def find_it_false(story: Story) -> None:
    qian = await story.at_desk("qian")
    await follow(qian, "河畔村 7月")
    card = qian.locator("section.card", has_text=YARD)
    await card.get_by_label("与申报不符").check()
    await card.get_by_label("看到了什么").fill(FOUND)
    await press(card, "记下")
    await told(qian, "与申报不符")


async def take_it_back(story: Story) -> None:
    fu = await story.at_desk("fu")
    await follow(fu, "两人办理")
    await press(line(fu, FOUND), "确认并办理")
    await told(fu, "已办好")


async def compare(story: Story) -> None:
    """What each tells of the yard that was false, of the entry that fell, and of the two that stayed."""
    entries = {
        "hp-1": [(100, "测试积分"), (CLEANING_POINTS, CLEANING)],
        "hp-2": [(HAD, "测试积分"), (YARD_POINTS, YARD), (-YARD_POINTS, FOUND)],
        "hp-3": [],
        "hp-4": [(-100, ""), (100, "测试积分"), (CLEANING_POINTS, CLEANING)],
    }
    await compare_households(story, entries)
    wall = await print_poster(story)
    notice = await read(await story.at_board())
    for told_by in (wall, notice):
        assert_told(
            told_by,
            f"{CLEANING}张*hp-36月22日；6月23日有人提异议6月24日：异议成立，不予入账。{UPHELD}+5",
            f"{CLEANING}刘*hp-46月22日；6月23日有人提异议6月24日：异议不成立。{DISMISSED}+5",
            f"{CLEANING}王**hp-16月22日；6月23日有人提异议6月30日：异议不成立。{LATE_ANSWER}（迟了3个工作日）+5",
            f"李**{YARD}6月14日的，入账后7月20日更正，余0分：{FOUND}−15",
        )
        assert not any(name in told_by for name in ("老周", NOT_THERE, WAS_THERE, HE_WAS))
    assert_told(notice, f"王** hp-1 {CLEANING} 6月22日 +5", f"刘* hp-4 {CLEANING} 6月22日 +5")
    assert squeeze(f"张* hp-3 {CLEANING}") not in squeeze(notice), "what fell isn't in the books"
    await compare_draw(story)
    await compare_supervisors(story)
    await compare_acts(story)
    await compare_books(story, entries)


async def compare_households(story: Story, entries: dict[str, list[tuple[int, str]]]) -> None:
    own, other = await story.at_home("hp-2"), await story.at_home("hp-1")
    for page, household in ((own, "hp-2"), (other, "hp-1")):
        balance = sum(points for points, _ in entries[household])
        assert_told(await read(page), f"{balance} 分 现在可以用 公示中 0 分", f"历年共得 {balance} 分")
        listed = await page.locator("section", has_text="来去明细").locator(".lines b").all_inner_texts()
        assert [int(each.replace("−", "-")) for each in listed] == [
            each for each, _ in reversed(entries[household])
        ]
    assert_told(
        await read(own),
        f"更正：{YARD}（{FOUND}） 7月20日 −15",
        f"别家的：{CLEANING} 6月22日；6月23日我家提的 “{NOT_THERE}” 6月24日：异议成立。{UPHELD}",
    )
    assert_told(
        await read(other),
        f"“{WAS_THERE}” 6月24日：异议不成立。{DISMISSED}",
        f"我家的：{CLEANING} 6月22日；6月23日有人提异议 6月30日：异议不成立。{LATE_ANSWER}（迟了 3 个工作日）",
    )


async def print_poster(story: Story) -> str:
    """As the supervisor prints it for the wall."""
    qian = await story.at_desk("qian")
    await qian.goto("/notices/hp")
    pdf = pypdfium2.PdfDocument(await qian.pdf(prefer_css_page_size=True))
    pages = [squeeze(page.get_textpage().get_text_range()) for page in pdf]
    for number, text in enumerate(pages, start=1):
        assert f"第{number}页，共{len(pages)}页" in text
    return "".join(re.sub(r"第\d页，共\d页", "", text) for text in pages)


async def compare_draw(story: Story) -> None:
    board = await story.at_board()
    await follow(board, "每月抽查")
    assert "5 件里抽中 5 件，4 件没有核实" in await read(line(board, "7月"))
    await follow(board, "7月")
    drawn = await read(board)
    assert_told(drawn, f"骰子 {DICE}", f"7月20日 钱监委：与申报不符，{FOUND}（已更正）")
    assert "张*" not in drawn, "what fell is no candidate"


async def compare_supervisors(story: Story) -> None:
    qian = await story.at_desk("qian")
    assert_told(await read(line(qian, "河畔村 7月")), "等上门核实 4 件")
    await follow(qian, "异议")
    ended = await read(qian)
    assert_told(
        ended,
        f"{CLEANING} 张伟 hp-3 6月22日 6月23日 10:00 用户卡提的 6月24日：成立，{UPHELD}",
        f"{CLEANING} 刘芳 hp-4 6月22日 6月23日 10:00 用户卡提的 6月24日：不成立，{DISMISSED}",
        f"{CLEANING} 王建国 hp-1 6月22日 6月23日 10:00 当面说的 6月30日：不成立，{LATE_ANSWER}（迟了 3 个工作日）",
        "河畔村 3 1 2 0 0 1 1 5",
    )
    await follow(qian, "查申报")
    await follow(line(qian, YARD, "已更正"), YARD)
    assert_told(
        await read(qian),
        f"收回 {YARD_POINTS} 分，余 0 分 7月20日：{FOUND}",
        "道德评议会表决 2 人已表决 赵评议 赞成 an 赞成",
        "回避 1 人次 bo 审核时回避，本户",
        "赵评议退回：日期不对",
    )


async def compare_acts(story: Story) -> None:
    """Who did what, written down by itself."""
    yard, cleaned = f"李秀英 hp-2 {YARD} +{YARD_POINTS}", f"{CLEANING} +{CLEANING_POINTS}"
    told_acts = {
        "申报和审阅": [
            *("李村委 签认 3 件 6月22日", "赵评议 签认 3 件 6月22日", "王网格 申报 3 件 6月22日"),
            f"李村委 签认 {yard}",
            f"bo 回避 {yard} 自己家的",
            f"an 签认 {yard}",
            f"赵评议 签认 {yard}",
            f"王网格 申报 {yard}",
            f"赵评议 退回更正 {yard} 6月15日 10:01，河畔村，理由：日期不对",
        ],
        "监督": [
            f"钱监委 上门核实：与申报不符 {yard} 7月20日 10:00，河畔村，理由：{FOUND}",
            f"钱监委 输入骰子点数 河畔村 2026-07 {DICE}",
            "钱监委 开抽查 河畔村 2026-07 100%",
            f"谭监委 异议不成立 王建国 hp-1 {cleaned} 6月30日 10:00，河畔村，理由：{LATE_ANSWER}",
            f"钱监委 异议成立 张伟 hp-3 {cleaned} 6月24日 10:00，河畔村，理由：{UPHELD}",
            f"钱监委 异议不成立 刘芳 hp-4 {cleaned} 6月24日 10:00，河畔村，理由：{DISMISSED}",
            f"李村委 记下异议 王建国 hp-1 {cleaned}",
        ],
        "两人办理": [
            f"傅会计 确认 更正 1 笔账：{YARD}：hp-2 户的积分账户→乡镇发放账户 {YARD_POINTS}（{FOUND}）",
            f"钱监委 提议 更正 1 笔账：{YARD}：hp-2 户的积分账户→乡镇发放账户 {YARD_POINTS}（{FOUND}）",
        ],
    }
    qian = await story.at_desk("qian")
    await follow(qian, "办过的事")
    await qian.get_by_text("按人、类别、日期查").click()
    for field, acts in told_acts.items():
        await qian.get_by_label("哪一类").select_option(label=field)
        await press(qian, "查")
        listed = await qian.locator("main .lines > li").all_inner_texts()
        for each, text in zip(acts, listed[: len(acts)], strict=True):
            assert_told(text, each)


async def compare_books(story: Story, entries: dict[str, list[tuple[int, str]]]) -> None:
    town = story.town
    await sign_in(town, "office")
    async with town.staff("office") as http:
        for household, told_entries in entries.items():
            path = f"/v1/accounts/household:{household}"
            statement = (await http.get(f"{path}/statement")).raise_for_status().json()
            booked = [(e["amount"], e["reason"]) for e in reversed(statement["entries"]) if not e["pending"]]
            assert booked == told_entries
            balance = (await http.get(f"{path}/balance")).raise_for_status().json()
            assert balance["posted"] == sum(points for points, _ in told_entries)
            became = [e["became"] for e in statement["entries"] if e["pending"] and e["reason"] == CLEANING]
            assert became == {"hp-2": [], "hp-3": ["voided"]}.get(household, ["posted"])
    done = await asyncio.to_thread(jimei, "verify", data=town.town.data, url=town.clone.app)
    assert (done.returncode, "账目相符" in done.stdout) == (0, True), done
