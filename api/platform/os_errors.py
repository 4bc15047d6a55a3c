"""The operating system's errors in Chinese, for sentences to people: its own words are in English."""

from __future__ import annotations

import errno

_REASONS = {
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "所在的盘只能读",
    errno.ENOENT: "没有这个文件或文件夹",
    errno.ENOTDIR: "路径里有一段不是文件夹",
    errno.EISDIR: "它是文件夹",
    errno.EEXIST: "已经有了",
    errno.ELOOP: "链接绕成了圈",
    errno.ENAMETOOLONG: "名字太长",
    errno.ENOSPC: "硬盘满了",
    errno.EDQUOT: "超出了硬盘配额",
    errno.EFBIG: "文件太大",
    errno.EIO: "硬盘读写出错",
    errno.EBUSY: "正被使用",
    errno.ETXTBSY: "正被使用",
    errno.EMFILE: "打开的文件太多",
    errno.ENFILE: "打开的文件太多",
    errno.EADDRINUSE: "已被占用",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
    errno.EAFNOSUPPORT: "本机不支持这种地址",
}


def describe(error: OSError) -> str:
    number = error.errno or 0
    # Those of names that lead nowhere are below zero, of whatever class they come.
    return "找不到这个地址" if number < 0 else _REASONS.get(number, f"系统错误 {number}")
