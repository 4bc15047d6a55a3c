"""A scan that lay in the terminal as a whole is one, however slowly this process gets to its keys."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest
from textual._xterm_parser import XTermParser
from textual.events import Key

from kiosk.key_timestamps import on_their_way, stamp_by_reading
from kiosk.scanner import SCANNER_GAP, Scan, Scanner


@pytest.fixture
def stamping() -> Iterator[None]:
    feed, turn = XTermParser.feed, sys.getswitchinterval()
    stamp_by_reading()
    yield
    XTermParser.feed = feed
    sys.setswitchinterval(turn)


@pytest.mark.usefixtures("stamping")
def test_keys_of_one_reading_have_one_time() -> None:
    keys = []
    for key in XTermParser().feed("6901234567892\r"):
        # Somebody else has the processor.
        time.sleep(SCANNER_GAP * 1.2)
        assert on_their_way()
        assert isinstance(key, Key)
        keys.append(key)
    assert len({key.time for key in keys}) == 1
    scanner = Scanner()
    readings = [r for key in keys for r in scanner.key(key.character or key.key, key.time)]
    assert readings == [Scan("6901234567892")]


@pytest.mark.usefixtures("stamping")
def test_two_readings_have_two() -> None:
    parser = XTermParser()
    first, second = [*parser.feed("1")], [*parser.feed("2")]
    assert first[0].time < second[0].time
