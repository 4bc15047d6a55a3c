"""Where a session comes from, in words by which its person knows it again: never a whole address."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, ip_address

# The first that fits: most programs claim to be those that came before them, too.
_PROGRAMS = (
    (r"MicroMessenger/", "微信"),
    (r"Edg(e|A|iOS)?/", "Edge"),
    (r"(OPR|Opera)/", "Opera"),
    (r"HuaweiBrowser/", "华为浏览器"),
    (r"MiuiBrowser/", "小米浏览器"),
    (r"(MQQBrowser|QQBrowser)/", "QQ 浏览器"),
    (r"UCBrowser/", "UC 浏览器"),
    (r"(360SE|360EE|QihooBrowser)", "360 浏览器"),
    (r"(Firefox|FxiOS)/", "Firefox"),
    (r"(Chrome|CriOS|Chromium)/", "Chrome"),
    (r"Version/[\d.]+ .*Safari/", "Safari"),
)
_SYSTEMS = (
    (r"(HarmonyOS|OpenHarmony)", "鸿蒙"),
    (r"Android", "安卓"),
    (r"(iPhone|iPad)", "苹果手机或平板"),
    (r"Windows", "Windows"),
    (r"Macintosh", "苹果电脑"),
    (r"Linux", "Linux"),
)


def describe_browser(user_agent: str) -> str:
    program = _find(user_agent, _PROGRAMS)
    if not program:
        return "程序"
    system = _find(user_agent, _SYSTEMS)
    return f"{system}上的 {program}" if system else program


def describe_place(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return "不知道哪里"
    if address.is_loopback:
        return "服务器本机"
    place = "本地网络" if address.is_private else "外面的网络"
    if isinstance(address, IPv4Address):
        return f"{place} {'.'.join(str(address).split('.')[:2])}.*"
    return f"{place} {':'.join(address.exploded.split(':')[:2])}:*"


def _find(text: str, known: tuple[tuple[str, str], ...]) -> str:
    return next((name for pattern, name in known if re.search(pattern, text)), "")
