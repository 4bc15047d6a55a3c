"""What all verbs of `jimei` share: running, errors in one sentence, progress bars."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from ipaddress import ip_network
from types import FrameType
from typing import IO, Any, ClassVar, ParamSpec, TypeAlias

import click

from api.cli.faults import tell_faults
from api.platform import os_errors
from api.platform.database.os_user import EmbeddedError
from api.platform.errors import ErrorCode, Refused
from api.platform.settings import Settings
from api.wire.text import TextRule, UnreadableText, make_visible

P = ParamSpec("P")


class TextParam(click.ParamType[str]):
    """A name or a code on the command line, in its normal form."""

    name = "text"

    def __init__(self, rule: TextRule) -> None:
        self._rule = rule

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return self._rule.read(str(value))
        except UnreadableText as error:
            self.fail(str(error).removesuffix("。"), param, ctx)


NAME = TextParam(TextRule(80, required=True, dotted=True))
TEXT = TextParam(TextRule(400, form="NFKC"))
SOURCE = TextParam(TextRule(100, required=True, as_sent=True))
"""Rows are known again by it, so it stays as it is written."""


class NetworkParam(click.ParamType[str]):
    """An address or a network, as `10.0.0.7` or `10.0.0.0/8`."""

    name = "network"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return str(ip_network(str(value), strict=False))
        except ValueError:
            self.fail("请写 IP 地址或网段，例如 10.0.0.7 或 10.0.0.0/8", param, ctx)


NETWORK = NetworkParam()


class Verbs(click.Group):
    _FORMER_NAMES: ClassVar = {"found": "init"}

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, self._FORMER_NAMES.get(cmd_name, cmd_name))

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Every text that is given to a verb is read, but what is typed blindly."""
        for parameter in cmd.params:
            if parameter.type is click.STRING and not getattr(parameter, "hide_input", False):
                parameter.type = TEXT
        super().add_command(cmd, name)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _shorten_usage_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with tell_faults(Settings.read().data), _shorten_usage_errors(), _interrupt_on_termination():
            return super().invoke(ctx)


def echo(text: object = "", *, err: bool = False, nl: bool = True, file: IO[Any] | None = None) -> None:
    """Write to the terminal what may have been sent by others: nothing of it commands the terminal."""
    click.echo(make_visible(str(text)), err=err, nl=nl, file=file)


class OneLineUsageError(click.ClickException):
    """Shown without click's heading and usage."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        echo(self.message, file=file, err=True)


def ask_passwords(*logins: str | None) -> list[tuple[str, str]]:
    """Sign-ins and passwords of those who are named: who stands at the machine can't act in another's name."""
    return [(login, _ask(f"{login} 的密码 password")) for login in logins if login is not None]


def ask_code(login: str) -> str:
    """The second step of who signs in with one."""
    return _ask(f"{login} 手机上的验证码 code").replace(" ", "")


def _ask(question: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(question, hide_input=True, err=True))
    click.echo(question, err=True)
    return sys.stdin.readline().rstrip("\n")


@contextmanager
def _shorten_usage_errors() -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "jimei"
        raise OneLineUsageError(f"{_describe_usage_error(error)}，用法见 {where} --help。") from None


@contextmanager
def _interrupt_on_termination() -> Iterator[None]:
    """Handle SIGTERM and SIGHUP like Ctrl-C, so that everything is closed properly."""
    # Not every system has both. A signal that is ignored, as under nohup, stays ignored.
    signals = [each for each in signal.Signals if each.name in ("SIGTERM", "SIGHUP")]
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread can handle signals.
        signals = []
    handled = [each for each in signals if signal.getsignal(each) == signal.SIG_DFL]
    for each in handled:
        signal.signal(each, _interrupt)
    try:
        yield
    finally:
        for each in handled:
            signal.signal(each, signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> None:
    # Shells let background processes ignore SIGINT.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


def _describe_usage_error(error: click.UsageError) -> str:
    match error:
        case click.MissingParameter(param=click.Parameter() as wanted):
            return f"还缺 {_parameter_name(wanted)}"
        case click.BadParameter(param=click.Parameter() as given):
            why = _describe_value(given, error.message)
            return f"{_parameter_name(given)} 写得不对{f'（{why}）' if why else ''}"
        case click.NoSuchOption():
            return f"没有 {error.option_name} 这个选项"
        case click.NoSuchCommand():
            return f"没有 {error.command_name} 这个命令"
        case click.BadOptionUsage():
            return f"{error.option_name} 写得不对（{error.message}）"
        case _:
            return f"命令写得不对（{error.message}）"


def _describe_value(parameter: click.Parameter, message: str) -> str:
    """What it should be; click's own words are in English."""
    match parameter.type:
        case click.IntRange(min=int(least), max=int(most)):
            return f"应是 {least} 到 {most} 的整数"
        case click.IntRange() | click.types.IntParamType():
            return "应是整数"
        case click.Choice(choices=choices):
            return f"应是 {'、'.join(map(str, choices))} 之一"
        case _:
            return "" if message.isascii() else message


def _parameter_name(parameter: click.Parameter) -> str:
    return parameter.opts[0] if isinstance(parameter, click.Option) else parameter.human_readable_name


def print_refusals(command: Callable[P, None]) -> Callable[P, None]:
    """Print refusals as one sentence and exit with code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (Refused, EmbeddedError, UnreadableText) as error:
            echo(str(error), err=True)
            sys.exit(2)

    return run


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """A listening socket; `option` is the one that chooses the port. Raises Refused: port-taken."""
    try:
        listener = socket.create_server((host, port), reuse_port=False)
        # Inherited by accepted sockets: no response waits until the previous one was acknowledged.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except (OSError, UnicodeError) as error:
        reason = os_errors.describe(error) if isinstance(error, OSError) else "地址不对"
        raise Refused(
            ErrorCode.PORT_TAKEN,
            f"{host}:{port} 不能监听（{reason}）；请用 {option} 换一个端口，或检查地址。",
        ) from None


def run_async(work: Coroutine[Any, Any, None], *, endless: bool = False) -> None:
    """Run until done. Ctrl-C is the regular end of `endless` work; other work exits with code 130."""
    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)
    except KeyboardInterrupt:
        echo()
        if not endless:
            sys.exit(130)


# Called with what is done, and the total.
ProgressCallback: TypeAlias = Callable[[int, int], None]


@contextmanager
def show_progress(title: str) -> Iterator[ProgressCallback]:
    """A progress bar on standard error, if that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        bar = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)
