"""`jimei init`: begin a township, by the words on the command line or by answering questions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from api.cli.command_line import NAME, echo, print_refusals, run_async
from api.platform.errors import ErrorCode, Refused
from api.platform.settings import Settings

if TYPE_CHECKING:
    from api import wire
    from api.desk.founding.questions import Question
    from api.platform.database.engine import Access


@click.command(epilog="例 example: jimei init")
@click.argument("township", required=False, type=NAME)
@click.option("--login", help="sign-in of the first person of the township office")
@click.option("--name", type=NAME, help="that person's name")
@click.option("--password", hide_input=True, help="asked for when left out")
@print_refusals
def init(township: str | None, login: str | None, name: str | None, password: str | None) -> None:
    """Begin a township.

    On a terminal, without arguments, it asks for all that a township begins with: its name, two people of its
    office, its policies and its rulebook. Enter accepts the usual answer where there is one. Nothing is written
    before the last question is answered; Ctrl-C leaves nothing.

    With TOWNSHIP, --login and --name it asks nothing but the password, and begins with the usual policies, one
    person and no rulebook.
    """
    if township is None and login is None and name is None and password is None and sys.stdin.isatty():
        _found_by_questions()
        return
    for missing, given in (("TOWNSHIP", township), ("--login", login), ("--name", name)):
        if given is None:
            raise Refused(ErrorCode.MALFORMED, f"还缺 {missing}，用法见 jimei init --help。")
    assert township is not None
    if password is None:
        password = click.prompt("密码 password", hide_input=True, confirmation_prompt=True)
    _found_by_words(township, {"login": login, "name": name, "password": password})


def _found_by_words(township: str, person: dict[str, Any]) -> None:
    import msgspec

    from api import wire
    from api.opening import open_services
    from api.platform.clock import WallClock
    from api.platform.database.engine import reach
    from api.registry.register import use_cases

    try:
        first = msgspec.convert({**person, "roles": ["office", "party-branch"], "township": True}, wire.NewPerson)
    except msgspec.ValidationError as error:
        raise Refused(ErrorCode.MALFORMED, f"用户名用小写字母和数字，密码至少 8 位（{error}）。") from None

    async def work() -> None:
        async with open_services(access, WallClock()) as services:
            await use_cases.init_township(services, township, first)
        echo(f"{township}已建立，{first.name}可以用 {first.login} 登录。")

    with reach(Settings.read()) as access:
        run_async(_create_database(access))
        run_async(work())


async def _create_database(access: Access) -> None:
    from api.opening import create_if_fresh

    if await create_if_fresh(access):
        echo(f"新建了数据库，在 {access.data}。")


def _found_by_questions() -> None:
    from api.desk.founding.use_cases import found, is_founded
    from api.opening import open_services
    from api.platform.clock import WallClock, local_date
    from api.platform.database.engine import reach

    clock = WallClock()

    async def prepare() -> None:
        await _create_database(access)
        async with open_services(access, clock) as services:
            if await is_founded(services):
                raise Refused(ErrorCode.ALREADY_THERE, "这个数据库里已经有一个乡镇了，不用再建。")

    async def write(wanted: wire.Founding) -> None:
        async with open_services(access, clock) as services:
            founded = await found(services, wanted)
        echo(f"\n{wanted.township}已建立，{wanted.first.name}可以用 {wanted.first.login} 登录。")
        if founded.invitation is not None:
            _print_invitation(founded.invitation)
        if founded.rulebook:
            echo(f"《{founded.rulebook}》等{wanted.second.name}登录以后，在“积分规则”里确认。")
        echo("接下来运行 jimei serve，在浏览器里登录工作台。")

    with reach(Settings.read()) as access:
        run_async(prepare())
        try:
            wanted = _ask_founding(local_date(clock.now()))
        except click.Abort:
            echo("\n没有建立，什么都没有写。")
            sys.exit(130)
        run_async(write(wanted))


def _print_invitation(invitation: wire.Invitation) -> None:
    from api.platform.clock import local_time

    code = invitation.code
    groups = "-".join(code[start : start + 4] for start in range(0, len(code), 4))
    until = local_time(invitation.until)
    echo(
        f"请把这个邀请码交给{invitation.name}：{groups}\n"
        f"{invitation.name}在浏览器里打开 /join，输入它，给自己设密码；"
        f"{until.month}月{until.day}日 {until:%H:%M} 前有效，只能用一次。"
    )


def _ask_founding(today: date) -> wire.Founding:
    """Raises click.Abort: Ctrl-C, or a no at the end."""
    from api.desk.founding import questions
    from api.desk.founding.use_cases import require_two_people

    values: dict[str, Any] = {}
    echo("建立一个乡镇：先回答几个问题，最后才写入。直接按回车，就用方括号里的；随时可以按 Ctrl-C 退出。")
    _title("一、乡镇")
    _ask_all((questions.TOWNSHIP,), values)
    _title("二、办公室的两个人")
    echo("凡是增减积分、改规则的事，都要两个人办：一人提议，另一人确认。")
    _ask_all(questions.FIRST, values)
    password = _ask_password(values["first_login"], values["first_name"])
    name, login = questions.SECOND
    values[name.name] = _ask(name)
    while True:
        values[login.name] = _ask(login)
        try:
            require_two_people(values["first_login"], values["second_login"])
            break
        except Refused as error:
            echo(error.detail)
    second_password = None
    if _choose("第二个人的密码", ["给一个邀请码，由本人自己设", "本人就在这里，现在输入"], 1) == 1:
        second_password = _ask_password(values["second_login"], values["second_name"])
    _title("三、办法（以后可以在工作台上改）")
    _ask_all(questions.DEFAULTS, values)
    _ask_all(questions.BOUNDS, values)
    kinds = list(questions.EXPIRIES)
    values["expiry"] = kinds[_choose(questions.EXPIRY.text, list(questions.EXPIRIES.values()), 1)]
    if values["expiry"] == "rolling":
        _ask_all((questions.MONTHS,), values)
    _title("四、积分办法")
    _ask_rulebook(today, values)
    _title("五、核对")
    for line in questions.summarize(values):
        echo(f"  {line}")
    if _choose("照这样建立吗", ["建立", "不建立，退出"], 1) == 1:
        raise click.Abort
    return questions.build_founding(values, password, second_password)


def _ask_rulebook(today: date, values: dict[str, Any]) -> None:
    from api.awards.rulebooks.gallery import list_gallery
    from api.desk.founding import questions
    from api.desk.founding.use_cases import require_decided

    gallery = list_gallery()
    titles = [f"{book.title}（{book.rules} 条）：{book.sentence}" for book in gallery]
    chosen = _choose("先用哪一份", [*titles, "以后再定"], 1)
    values["rulebook"] = questions.LATER if chosen == len(gallery) else gallery[chosen].name
    if values["rulebook"] != questions.LATER:
        echo("这份办法由谁、在哪次会议上决定采用？公示时照着写。")
        while True:
            _ask_all(questions.ask_decision(today), values)
            try:
                require_decided(values["decided_on"], values["effective_from"], today)
                break
            except Refused as error:
                echo(error.detail)


def _title(text: str) -> None:
    click.secho(f"\n{text}", bold=True)


def _ask_all(asked: Sequence[Question], values: dict[str, Any]) -> None:
    for question in asked:
        values[question.name] = _ask(question)


def _ask(question: Question) -> Any:
    while True:
        answer = click.prompt(question.text, default=question.usual or "", show_default=bool(question.usual))
        try:
            return question.read(answer)
        except Refused as error:
            echo(error.detail)


def _ask_password(login: str, name: str) -> str:
    from api.desk.founding.questions import require_possible
    from api.registry.people.passwords import require_strong_password

    while True:
        password = str(click.prompt(f"{name}的密码（至少 8 位，输入时不显示）", hide_input=True))
        try:
            require_possible(password)
            require_strong_password(password, login, name)
        except Refused as error:
            echo(error.detail)
            continue
        if click.prompt("再输一次", hide_input=True) == password:
            return password
        echo("两次输入的密码不一样，请再输一次。")


def _choose(question: str, options: Sequence[str], usual: int) -> int:
    """The place of the option that was chosen; `usual` counts from 1."""
    for number, option in enumerate(options, start=1):
        echo(f"  {number}. {option}")
    while True:
        answer = str(click.prompt(question, default=str(usual))).strip()
        if answer.isdecimal() and 1 <= int(answer) <= len(options):
            return int(answer) - 1
        echo(f"请填 1 到 {len(options)} 的数字。")
