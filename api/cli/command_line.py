"""What every verb of `jimei` shares: how it runs, what is told in one sentence, how far a long one is."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from types import FrameType
from typing import IO, Any, ClassVar, ParamSpec, TypeAlias

import click

from api.platform.database.os_user import EmbeddedError
from api.platform.errors import ErrorCode, Refused

P = ParamSpec("P")


class Verbs(click.Group):
    _FORMER_NAMES: ClassVar = {"found": "init"}

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, self._FORMER_NAMES.get(cmd_name, cmd_name))

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _misuse_told():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _misuse_told(), _ended_alike():
            return super().invoke(ctx)


class Misused(click.ClickException):
    """Told as it is, without click's own heading and usage."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.message, file=file, err=True)


@contextmanager
def _misuse_told() -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "jimei"
        raise Misused(f"{_misuse(error)}，用法见 {where} --help。") from None


@contextmanager
def _ended_alike() -> Iterator[None]:
    """Told to end, or left by its terminal, a program ends as by Ctrl-C: what it opened is closed behind it."""
    # Not every system has both. What is ignored already, as under nohup, stays so.
    known = [each for each in signal.Signals if each.name in ("SIGTERM", "SIGHUP")]
    if threading.current_thread() is not threading.main_thread():
        # No other thread is ever told.
        known = []
    ends = [each for each in known if signal.getsignal(each) == signal.SIG_DFL]
    for each in ends:
        signal.signal(each, _interrupt)
    try:
        yield
    finally:
        for each in ends:
            signal.signal(each, signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> None:
    # Shells have Ctrl-C ignored by what they run in the background.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


def _misuse(error: click.UsageError) -> str:
    match error:
        case click.MissingParameter(param=click.Parameter() as wanted):
            return f"还缺 {_called(wanted)}"
        case click.BadParameter(param=click.Parameter() as given):
            return f"{_called(given)} 写得不对（{error.message}）"
        case click.NoSuchOption():
            return f"没有 {error.option_name} 这个选项"
        case click.NoSuchCommand():
            return f"没有 {error.command_name} 这个命令"
        case click.BadOptionUsage():
            return f"{error.option_name} 写得不对（{error.message}）"
        case _:
            return f"命令写得不对（{error.message}）"


def _called(parameter: click.Parameter) -> str:
    return parameter.opts[0] if isinstance(parameter, click.Option) else parameter.human_readable_name


def one_sentence(command: Callable[P, None]) -> Callable[P, None]:
    """What is refused is told in one sentence, with exit code 2."""

    @wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (Refused, EmbeddedError) as error:
            click.echo(str(error), err=True)
            sys.exit(2)

    return told


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """A listening socket, or one sentence about why not; `option` chooses the port. Raises Refused: port-taken."""
    try:
        listener = socket.create_server((host, port), reuse_port=False)
        # Those that it accepts are alike: no answer waits until the one before it was acknowledged.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        raise Refused(
            ErrorCode.PORT_TAKEN,
            f"{host}:{port} 不能监听（{error.strerror}），可能已被占用；请用 {option} 换一个端口。",
        ) from None


def run_async(work: Coroutine[Any, Any, None], *, endless: bool = False) -> None:
    """Ctrl-C is how `endless` work ends; what it cuts off half-way has failed, with exit code 130."""
    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)
    except KeyboardInterrupt:
        click.echo()
        if not endless:
            sys.exit(130)


# What is done, of how much.
Watch: TypeAlias = Callable[[int, int], None]


@contextmanager
def progress(title: str) -> Iterator[Watch]:
    """A bar on standard error, where somebody watches on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        bar = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)
