"""What can stand in an attendant's way; each has one Chinese sentence they can act on."""

from __future__ import annotations

from api.wire import Problem


class Obstacle(Exception):
    """Something was not done, and nothing changed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Declined(Obstacle):
    """The till itself says no, before asking the server."""


class DiskFailed(Declined):
    """The kiosk's own disk took nothing."""

    def __init__(self) -> None:
        super().__init__("这台终端的硬盘写不进去，没有记下，请勿发放物品，并请联系乡镇办公室")


class Refused(Obstacle):
    """The server said no: `problem.type` is the word for programs, `problem.detail` the sentence."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class ServerAway(Obstacle):
    """No answer. `sent` tells whether the request may have reached the server all the same."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__("连不上服务器，请检查网线或无线网络，再试一次")
        self.sent = sent
