"""Has photos read where memory and time have a limit, and says in one sentence why one isn't taken."""

from __future__ import annotations

import msgspec

from api.awards.evidence.photo_worker import Reading, Request
from api.platform.errors import ErrorCode, Refused
from api.platform.worker_process import WorkerProcess

MAX_BYTES = 16_000_000
"""Of a photo as it is sent."""
MAX_MEMORY = 768 << 20
MAX_SECONDS = 20
"""Of a processor for one photo."""
TOO_MANY_BYTES = Refused(ErrorCode.TOO_LARGE, "这张照片太大（最多 16 兆字节）；请把手机的照片尺寸调小一些再拍。")
_WORKER = "api.awards.evidence.photo_worker"
_BUSY = "现在传照片的人太多，请过一会儿再试。"
_REFUSALS = {
    "heic": (
        ErrorCode.UNREADABLE,
        "这是苹果手机的 HEIC 照片，这里读不了；"
        "请在手机“设置 › 相机 › 格式”里选“兼容性最佳”后再拍，或截屏后传截屏。",
    ),
    "not-a-photo": (ErrorCode.UNREADABLE, "这个文件不是照片；请选 JPG、PNG 或 WebP 格式的照片。"),
    "damaged": (ErrorCode.UNREADABLE, "这张照片打不开，可能没有传完或已损坏；请重新选一次，或重拍一张。"),
    "too-large": (
        ErrorCode.TOO_LARGE,
        "这张照片像素太多（最多 5000 万）；请把手机的照片尺寸调小一些再拍。",
    ),
    "too-small": (ErrorCode.UNREADABLE, "这张照片太小或太窄，看不清；请重拍一张。"),
    "too-costly": (ErrorCode.TOO_LARGE, "这张照片太费内存，处理不了；请重拍一张。"),
}


class PhotoReader:
    """Reads one photo after the other, each with at most so much memory and time; from any event loop."""

    def __init__(self, memory: int = MAX_MEMORY, seconds: int = MAX_SECONDS) -> None:
        self._memory, self._seconds = memory, seconds
        self._worker = WorkerProcess(_WORKER, _BUSY)

    async def read(self, content: bytes) -> Reading:
        """The photo as it is kept. Raises Refused: unreadable, too-large, busy."""
        if len(content) > MAX_BYTES:
            raise TOO_MANY_BYTES
        request = Request(content, self._memory, self._seconds)
        answer = await self._worker.ask(msgspec.msgpack.encode(request), self._seconds)
        reading = Reading(refused="too-costly") if answer is None else msgspec.msgpack.decode(answer, type=Reading)
        if reading.refused:
            raise Refused(*_REFUSALS[reading.refused])
        return reading


PHOTO_READER = PhotoReader()
