"""All keys of one read have one timestamp, however slowly this process handles them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest
from textual._xterm_parser import XTermParser
from textual.events import Key

from kiosk.key_timestamps import has_unread_keys, stamp_keys_by_read
from kiosk.scanner import SCANNER_GAP, Scan, Scanner


@pytest.fixture
def stamping() -> Iterator[None]:
    feed, turn = XTermParser.feed, sys.getswitchinterval()
    stamp_keys_by_read()
    yield
    XTermParser.feed = feed
    sys.setswitchinterval(turn)


@pytest.mark.usefixtures("stamping")
def test_keys_of_one_read_have_one_time() -> None:
    keys = []
    for key in XTermParser().feed("6901234567892\r"):
        # Another process has the processor.
        time.sleep(SCANNER_GAP * 1.2)
        assert has_unread_keys()
        assert isinstance(key, Key)
        keys.append(key)
    assert len({key.time for key in keys}) == 1
    scanner = Scanner()
    readings = [r for key in keys for r in scanner.key(key.character or key.key, key.time)]
    assert readings == [Scan("6901234567892")]


@pytest.mark.usefixtures("stamping")
def test_two_reads_have_two() -> None:
    parser = XTermParser()
    first, second = [*parser.feed("1")], [*parser.feed("2")]
    assert first[0].time < second[0].time
