"""Tokens: what is printed can be read back however it is written, and a slip of the hand is noticed."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api.wire.card_token import (
    ALPHABET,
    LENGTH,
    MalformedCard,
    derive_token,
    digest,
    format_groups,
    new_token,
    parse,
)

tokens = st.builds(new_token)
places = st.integers(0, LENGTH - 1)


def test_a_new_token_is_20_symbols_and_never_the_same() -> None:
    made = {new_token() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(f"[{ALPHABET}]{{20}}", token) for token in made)


def test_every_symbol_turns_up_everywhere() -> None:
    """A place that never shows a symbol has fewer than five random bits; by chance once in 10^26 runs."""
    made = [new_token() for _ in range(2200)]
    assert all({token[place] for token in made} == set(ALPHABET) for place in range(LENGTH))


@given(st.text(max_size=50), st.binary(max_size=50))
def test_a_derived_token_is_a_token_and_always_the_same(secret: str, name: bytes) -> None:
    token = derive_token(secret, name)
    assert parse(token) == token == derive_token(secret, name)
    assert token not in (derive_token(f"{secret}x", name), derive_token(secret, name + b"x"))


def test_the_check_of_a_known_token_stays_the_same() -> None:
    """Cards outlive releases: a change of the check would turn every printed card into a stranger."""
    assert parse("0123456789ABCDEFGHJT") == "0123456789ABCDEFGHJT"
    assert parse("ZZZZZZZZZZZZZZZZZZZT") == "ZZZZZZZZZZZZZZZZZZZT"


@given(
    tokens,
    st.sampled_from(
        ["{}", "HTTPS://JIMEI.EXAMPLE/C/{}", "http://10.0.0.7:8000/c/{}", "https://h/c/{}/", "  {}\r\n"]
    ),
    st.booleans(),
    st.booleans(),
)
def test_reads_every_way_of_writing_it(token: str, writing: str, groups: bool, lower: bool) -> None:
    written = writing.format(format_groups(token) if groups else token)
    assert parse(written.lower() if lower else written) == token


@given(
    tokens, st.sampled_from("Oo"), st.sampled_from("IiLl"), st.sampled_from([" ", "-", "–", "－", "\u3000", "\t"])
)
def test_reads_look_alikes_and_separators(token: str, nought: str, one: str, between: str) -> None:
    assert parse(between.join(token.replace("0", nought).replace("1", one))) == token


@given(tokens)
def test_reads_what_a_chinese_input_method_makes_of_it(token: str) -> None:
    full_width = "".join(chr(ord(sign) + 0xFEE0) for sign in format_groups(token))
    assert parse(full_width) == token


@given(tokens, places, st.sampled_from(ALPHABET))
def test_catches_every_single_wrong_symbol(token: str, place: int, wrong: str) -> None:
    assume(token[place] != wrong)
    with pytest.raises(MalformedCard, match="有一位不对"):
        parse(token[:place] + wrong + token[place + 1 :])


@given(tokens, places, places)
def test_catches_every_exchange_of_two_symbols(token: str, one: int, other: int) -> None:
    assume(token[one] != token[other])
    symbols = list(token)
    symbols[one], symbols[other] = symbols[other], symbols[one]
    with pytest.raises(MalformedCard, match="有一位不对"):
        parse("".join(symbols))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "没有卡号"),
        (" - ", "没有卡号"),
        ("https://jimei.example/c/", "没有卡号"),
        ("6901234567892", "应为 20 位，收到 13 位"),
        ("0123456789ABCDEFGHJT0", "应为 20 位，收到 21 位"),
        ("0123456789ABCDEFGHUT", "不会有“U”"),
        ("0123456789ABCDEFGH积T", "不会有“积”"),
        ("https://jimei.example/d/0123456789ABCDEFGHJT", "不是积分卡的码"),
        ("https://jimei.example/c/x/0123456789ABCDEFGHJT", "不是积分卡的码"),
        ("ftp://jimei.example/c/0123456789ABCDEFGHJT", "不是积分卡的码"),
        ("weixin://wxpay/bizpayurl?pr=abc", "不是积分卡的码"),
    ],
)
def test_refuses_what_is_no_card(text: str, sentence: str) -> None:
    with pytest.raises(MalformedCard, match=sentence):
        parse(text)


@given(st.text())
def test_any_text_is_a_token_or_a_refusal(text: str) -> None:
    try:
        token = parse(text)
    except MalformedCard:
        return
    assert re.fullmatch(f"[{ALPHABET}]{{20}}", token)


def test_groups_of_five() -> None:
    assert format_groups("0123456789ABCDEFGHJT") == "01234-56789-ABCDE-FGHJT"


def test_the_register_keeps_a_sha256() -> None:
    assert digest("0123456789ABCDEFGHJT").hex() == (
        "10d88456a1b5a2752cbf91bf7f6801758dfcfb7d30a088790b19f8efdf11c4f8"
    )
