"""Scans and typing at real speeds: no scan is missed, no typed key is lost or noticeably late."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kiosk.scanner import END_KEYS, TYPED_FIRST, Reading, Repeat, Scan, Scanner, Typed
from tests.profile import many

NOTICEABLE = 0.100
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Stroke:
    key: str
    at: float


@dataclass(frozen=True)
class HeardReading:
    reading: Reading
    at: float


def listen(
    strokes: list[Stroke], *, prompt: bool = True, prefix: str = "", suffix: str = ""
) -> list[HeardReading]:
    """Feed strokes to a scanner; `prompt`: call it at every deadline, not only at the next key."""
    scanner, heard = Scanner(prefix, suffix), []
    for stroke in strokes:
        deadline = scanner.deadline
        if prompt and deadline is not None and deadline < stroke.at:
            heard += [HeardReading(reading, deadline) for reading in scanner.tick(deadline)]
        heard += [HeardReading(reading, stroke.at) for reading in scanner.key(stroke.key, stroke.at)]
    if scanner.deadline is not None:
        deadline = scanner.deadline
        heard += [HeardReading(reading, deadline) for reading in scanner.tick(deadline)]
    return heard


def flat(heard: list[HeardReading]) -> list[Scan | Repeat | str]:
    """Readings in order, each typed key by itself."""
    out: list[Scan | Repeat | str] = []
    for one in heard:
        match one.reading:
            case Typed(keys):
                out.extend(keys)
            case Scan() | Repeat() as scan:
                out.append(scan)
    return out


# --- strategies -------------------------------------------------------------------------------------------


def in_base_32(number: int) -> str:
    return "".join(CROCKFORD[number >> (5 * place) & 31] for place in range(20))


tokens = st.integers(0, 32**20 - 1).map(in_base_32)
barcodes = st.integers(0, 10**13 - 1).map(lambda number: f"{number:013}")
card_urls = tokens.map(lambda token: f"HTTPS://JIMEI.EXAMPLE.CN/C/{token}")
texts = st.one_of(card_urls, card_urls.map(str.lower), tokens, tokens.map(str.lower), barcodes).filter(
    # One character over and over is a key held down, and no card or product in use.
    lambda text: len(set(text)) > 1
)
scanner_gaps = st.integers(2, 30).map(lambda milliseconds: milliseconds / 1000)
person_gaps = st.integers(60, 1500).map(lambda milliseconds: milliseconds / 1000)
endings = st.sampled_from([(), ("enter",), ("tab",), ("ctrl+j",), ("enter", "ctrl+j")])
person_keys = st.sampled_from([*"0123456789+-. ", "f2", "up", "delete", "enter", "escape"])


@dataclass(frozen=True)
class ScanAct:
    text: str
    gap: float
    ending: tuple[str, ...]
    end_delay: float

    def strokes(self, start: float) -> list[Stroke]:
        strokes = [Stroke(key, start + place * self.gap) for place, key in enumerate(self.text)]
        end = strokes[-1].at + self.end_delay
        return strokes + [Stroke(key, end + place * self.gap) for place, key in enumerate(self.ending)]

    @property
    def meant(self) -> list[Scan | Repeat | str]:
        return [Scan(self.text)]


@dataclass(frozen=True)
class AroundAct(ScanAct):
    """A scan with what the scanner is programmed to put around it."""

    prefix: str
    suffix: str

    def strokes(self, start: float) -> list[Stroke]:
        return ScanAct(self.prefix + self.text + self.suffix, self.gap, self.ending, self.end_delay).strokes(start)


@dataclass(frozen=True)
class TypeAct:
    presses: list[tuple[str, float]]
    """Each key, and how long until the next."""

    def strokes(self, start: float) -> list[Stroke]:
        strokes, at = [], start
        for key, gap in self.presses:
            strokes.append(Stroke(key, at))
            at += gap
        return strokes

    @property
    def meant(self) -> list[Scan | Repeat | str]:
        return [key for key, _ in self.presses]


scan_acts = st.builds(ScanAct, texts, scanner_gaps, endings, st.integers(2, 250).map(lambda ms: ms / 1000))
type_acts = st.builds(TypeAct, st.lists(st.tuples(person_keys, person_gaps), min_size=1, max_size=10))
Act = ScanAct | TypeAct


def play(acts: list[Act], pauses: list[float]) -> tuple[list[Stroke], list[Scan | Repeat | str]]:
    strokes: list[Stroke] = []
    meant: list[Scan | Repeat | str] = []
    at = 0.0
    for act, pause in zip(acts, pauses, strict=True):
        strokes += act.strokes(at)
        at = strokes[-1].at + pause
        meant += act.meant
    return strokes, meant


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Stroke], list[Scan | Repeat | str]]:
    acts: list[Act] = draw(st.lists(st.one_of(scan_acts, type_acts), min_size=1, max_size=12))
    # Between scanner and keyboard there is a pause, and different texts follow each other.
    pauses = [draw(st.floats(0.320, 3.0)) for _ in acts]
    strokes, meant = play(acts, pauses)
    texts_scanned = [act.text for act in acts if isinstance(act, ScanAct)]
    if len(set(texts_scanned)) != len(texts_scanned):
        pauses = [pause + 2.0 for pause in pauses]
        strokes, meant = play(acts, pauses)
    return strokes, meant


@settings(max_examples=many(250, 5_000))
@given(worlds())
def test_no_scan_is_missed_and_no_key_stolen(world: tuple[list[Stroke], list[Scan | Repeat | str]]) -> None:
    strokes, meant = world
    assert flat(listen(strokes)) == meant


@settings(max_examples=many(125, 2_500))
@given(worlds())
def test_a_machine_too_busy_to_wake_up_in_time_hears_the_same(
    world: tuple[list[Stroke], list[Scan | Repeat | str]],
) -> None:
    strokes, meant = world
    assert flat(listen(strokes, prompt=False)) == meant


@settings(max_examples=many(125, 2_500))
@given(type_acts)
def test_typing_is_never_noticeably_late(act: TypeAct) -> None:
    strokes = act.strokes(0.0)
    readings = listen(strokes)
    assert all(isinstance(one.reading, Typed) for one in readings)
    heard = [(key, one.at) for one in readings for key in flat([one])]
    assert [key for key, _ in heard] == act.meant
    delays = [at - stroke.at for stroke, (_, at) in zip(strokes, heard, strict=True)]
    assert max(delays) <= NOTICEABLE


@settings(max_examples=many(125, 2_500))
@given(texts, scanner_gaps, st.floats(0.105, 0.200), st.sampled_from("123456789"), st.floats(0.060, 0.249))
def test_a_person_quicker_than_the_late_end_key_loses_nothing(
    text: str, gap: float, person_after: float, digit: str, end_after_person: float
) -> None:
    burst = ScanAct(text, gap, (), 0.0).strokes(0.0)
    last = burst[-1].at
    end_at = min(last + person_after + end_after_person, last + 0.250)
    strokes = [*burst, Stroke(digit, last + person_after), Stroke("enter", end_at)]
    heard = flat(listen(strokes))
    if end_at - (last + person_after) >= 0.045:
        assert heard == [Scan(text), digit]
    else:
        assert heard[:2] == [Scan(text), digit]


@settings(max_examples=many(100))
@given(texts, scanner_gaps, st.integers(4, 12), st.sampled_from(["f2", "up", "escape"]))
def test_a_function_key_pressed_into_a_scan_does_not_tear_it(text: str, gap: float, place: int, key: str) -> None:
    strokes = ScanAct(text, gap, ("enter",), 0.01).strokes(0.0)
    strokes.insert(place, Stroke(key, strokes[place].at - gap / 2))
    assert flat(listen(strokes)) == [key, Scan(text)]


@settings(max_examples=many(100))
@given(texts, scanner_gaps, endings, st.floats(0.301, 1.2))
def test_a_double_scan_counts_once(text: str, gap: float, ending: tuple[str, ...], apart: float) -> None:
    act = ScanAct(text, gap / 10, ending, 0.05)
    strokes, _ = play([act, act], [apart, 0.0])
    assert flat(listen(strokes)) == [Scan(text), Repeat(text)]


@pytest.mark.parametrize("apart", [2.01, 10.0])
def test_the_same_text_later_counts_again(apart: float) -> None:
    act = ScanAct("6901234567892", 0.01, ("enter",), 0.01)
    strokes = act.strokes(0.0) + act.strokes(apart)
    assert flat(listen(strokes)) == [Scan(act.text), Scan(act.text)]


def test_another_text_within_two_seconds_counts() -> None:
    first, second = (ScanAct(text, 0.01, ("enter",), 0.01) for text in ("6901234567892", "6900000000013"))
    assert flat(listen(first.strokes(0.0) + second.strokes(0.5))) == [Scan(first.text), Scan(second.text)]


@pytest.mark.parametrize("end", sorted(END_KEYS))
def test_an_end_key_alone_is_a_persons(end: str) -> None:
    assert flat(listen([Stroke(end, 0.0)])) == [end]


def test_enter_after_the_end_key_is_a_persons() -> None:
    strokes = ScanAct("6901234567892", 0.01, ("enter",), 0.01).strokes(0.0)
    strokes.append(Stroke("enter", strokes[-1].at + 0.1))
    assert flat(listen(strokes)) == [Scan("6901234567892"), "enter"]


def test_a_key_held_down_counts_once() -> None:
    held = [Stroke("1", 0.0), *[Stroke("1", 0.3 + 0.033 * n) for n in range(40)]]
    assert flat(listen(held)) == ["1", "1"]


def test_typed_keys_bunched_by_a_slow_link_are_typed_in_order() -> None:
    assert flat(listen([Stroke("1", 0.0), Stroke("2", 0.001), Stroke("f2", 0.002)])) == ["1", "2", "f2"]


@pytest.mark.parametrize("pin", ["2468", "24680", "246802"])
def test_a_pin_bunched_with_its_f2_stays_in_order(pin: str) -> None:
    keys = [*pin, "backspace", "f2"]
    assert flat(listen([Stroke(key, place * 0.001) for place, key in enumerate(keys)])) == keys


def test_bunched_digits_with_a_correction_are_no_scan() -> None:
    keys = [*"2468", "backspace", "enter"]
    assert flat(listen([Stroke(key, place * 0.001) for place, key in enumerate(keys)])) == keys


def test_a_scan_survives_one_slow_key() -> None:
    text = "6901234567892"
    strokes = [Stroke(key, place * 0.01 + (0.08 if place >= 7 else 0.0)) for place, key in enumerate(text)]
    assert flat(listen([*strokes, Stroke("enter", 0.25)])) == [Scan(text)]


# --- scanners with prefix and suffix ----------------------------------------------------------------------

prefixes = st.text("~!@#$]QCab/", min_size=1, max_size=4).filter(lambda prefix: prefix[0] not in TYPED_FIRST)
suffixes = st.text("~!#;%X9", max_size=3)
slow_gaps = st.integers(2, 100).map(lambda milliseconds: milliseconds / 1000)
single_endings = st.sampled_from([(), ("enter",), ("tab",), ("ctrl+j",)])
"""The LF of a CRLF follows within 50 ms, which so slow a scanner may not manage."""
shops_own = st.text("0123456789", min_size=1, max_size=7)


@dataclass(frozen=True)
class World:
    prefix: str
    suffix: str
    strokes: list[Stroke]
    meant: list[Scan | Repeat | str]


@st.composite
def programmed_worlds(draw: st.DrawFn) -> World:
    """Slow scanners with a prefix, and typing as before."""
    prefix, suffix = draw(prefixes), draw(suffixes)
    delays = st.integers(2, 250).map(lambda milliseconds: milliseconds / 1000)
    scans = st.builds(
        AroundAct, texts | shops_own, slow_gaps, single_endings, delays, st.just(prefix), st.just(suffix)
    ).filter(lambda act: not act.text.lower().startswith(prefix.lower()))
    acts: list[Act] = draw(st.lists(scans | type_acts, min_size=1, max_size=10))
    strokes, meant = play(acts, [draw(st.floats(2.4, 4.0)) for _ in acts])
    return World(prefix, suffix, strokes, meant)


@settings(max_examples=many(250, 5_000))
@given(programmed_worlds(), st.booleans())
def test_a_prefix_makes_a_scan_at_any_speed_and_steals_no_key(world: World, prompt: bool) -> None:
    heard = listen(world.strokes, prompt=prompt, prefix=world.prefix, suffix=world.suffix)
    assert flat(heard) == world.meant


@settings(max_examples=many(125, 2_500))
@given(worlds(), prefixes)
def test_what_comes_without_the_prefix_is_heard_as_before(
    world: tuple[list[Stroke], list[Scan | Repeat | str]], prefix: str
) -> None:
    strokes, meant = world
    assume(not any(isinstance(one, Scan) and one.text.lower().startswith(prefix.lower()) for one in meant))
    assert flat(listen(strokes, prefix=prefix)) == meant


@settings(max_examples=many(125, 2_500))
@given(type_acts, prefixes)
def test_a_prefix_makes_no_typing_late(act: TypeAct, prefix: str) -> None:
    strokes = act.strokes(0.0)
    heard = [
        (key, one.at)
        for one in listen(strokes, prefix=prefix)
        if isinstance(one.reading, Typed)
        for key in one.reading.keys
    ]
    assert [key for key, _ in heard] == act.meant
    assert max(at - stroke.at for stroke, (_, at) in zip(strokes, heard, strict=True)) <= NOTICEABLE


def test_a_slow_scan_without_its_prefix_is_typing() -> None:
    strokes = ScanAct("6901234567892", 0.09, ("enter",), 0.09).strokes(0.0)
    assert flat(listen(strokes)) == [*"6901234567892", "enter"]
    assert flat(listen(strokes, prefix="~")) == [*"6901234567892", "enter"]


def test_the_prefix_alone_is_typed() -> None:
    assert flat(listen([Stroke("~", 0.0), Stroke("enter", 0.05)], prefix="~")) == ["~", "enter"]


@pytest.mark.parametrize("place", [2, 4, 9])
def test_a_function_key_does_not_tear_a_slow_scan(place: int) -> None:
    strokes = AroundAct("6901234567892", 0.09, ("enter",), 0.09, "~", "").strokes(0.0)
    strokes.insert(place, Stroke("f2", strokes[place].at - 0.04))
    assert sorted(map(str, flat(listen(strokes, prefix="~")))) == sorted(["f2", str(Scan("6901234567892"))])


def test_a_double_scan_with_and_without_the_prefix_counts_once() -> None:
    act = AroundAct("6901234567892", 0.01, ("enter",), 0.01, "~", "#")
    strokes = act.strokes(0.0) + ScanAct(act.text, 0.01, ("enter",), 0.01).strokes(1.0)
    assert flat(listen(strokes, prefix="~", suffix="#")) == [Scan(act.text), Repeat(act.text)]


def test_a_pasted_code_counts_like_a_typed_one() -> None:
    scanner = Scanner("~", "#")
    scanner.key("1", 0.0)
    assert scanner.paste(" ~6901234567892#\n", 0.01) == [Typed(("1",)), Scan("6901234567892")]
    assert scanner.paste("6901234567892", 1.5) == [Repeat("6901234567892")]
    assert scanner.paste("6901234567892", 2.5) == [Scan("6901234567892")]


@pytest.mark.parametrize(
    ("prefix", "suffix"),
    [("1", ""), ("+A", ""), ("/", ""), (" ", ""), ("\x02", ""), ("码", ""), ("", "\r"), ("~", "度")],
)
def test_settings_that_would_steal_typing_or_never_come(prefix: str, suffix: str) -> None:
    with pytest.raises(ValueError, match="扫码枪"):
        Scanner(prefix, suffix)


@pytest.mark.parametrize("gs", ["\x1d", "ctrl+right_square_bracket", "ctrl+]"])
def test_a_code_with_separators_is_one_scan(gs: str) -> None:
    """As scanners press GS in the middle of a GS1 code, and before it for FNC1."""
    text = ["]", "d", "2", gs, *"0106901234567892", *"10A7", gs, *"17270331"]
    strokes = [Stroke(key, place * 0.01) for place, key in enumerate([*text, "enter"])]
    assert flat(listen(strokes)) == [Scan("]d2\x1d010690123456789210A7\x1d17270331")]


def test_a_pasted_code_keeps_its_separators() -> None:
    assert Scanner().paste("\x1d010690123456789210A7\x1d17270331\r\n", 0.0) == [
        Scan("\x1d010690123456789210A7\x1d17270331")
    ]


@settings(max_examples=many(50))
@given(texts, st.floats(0.002, 0.02), st.floats(0.0, 0.09))
def test_a_label_read_twice_at_once_is_told_from_a_second_scan(text: str, gap: float, more: float) -> None:
    act = ScanAct(text, gap, (), 0.0)
    first = act.strokes(0.0)
    again = act.strokes(first[-1].at + 0.2 + more)
    later = act.strokes(again[-1].at + 0.31 + more)
    heard = flat(listen(first + again + later))
    assert heard[:2] == [Scan(text), Repeat(text, double=True)]
    assert heard[2:] in ([Repeat(text)], [Scan(text)])
