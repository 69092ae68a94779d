"""Numbers and phrases."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.render import words

fractions = st.floats(0, 1)
texts = st.text(st.characters(codec="utf-8"), max_size=60)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (1141, "1,141"),
        (20_000.0, "20,000"),
        (-1500, "−1,500"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_a_count_has_commas_from_a_thousand_on_and_a_dash_when_unknown(value, said):
    assert words.count(value) == said


@pytest.mark.parametrize(
    ("fraction", "said"),
    [
        (0.057, "5.7\u202f%"), (0.0022, "0.22\u202f%"), (0.00004, "under 0.01\u202f%"), (0, "0\u202f%"), (1, "100\u202f%"),
        (0.9999, "over 99.9\u202f%"), (0.00996, "1.0\u202f%"), (0.0099, "0.99\u202f%"), (0.5, "50.0\u202f%"), (None, "–"), (float("nan"), "–"),
        (float("inf"), "–"),
    ],
)  # fmt: skip
def test_a_share_has_one_decimal_and_two_below_one_percent(fraction, said):
    assert words.share(fraction) == said


@pytest.mark.parametrize(
    ("fraction", "said"),
    [(0.876, "88\u202f%"), (1, "99\u202f%"), (0.0, "1\u202f%"), (None, "–"), (float("nan"), "–")],
)
def test_an_estimated_share_is_in_whole_percents_and_never_none_or_all(fraction, said):
    assert words.about(fraction) == said


@pytest.mark.parametrize(
    ("probability", "said"),
    [(0.874, "87.4\u202f% sure"), (1.0, "over 99.9\u202f% sure"), (None, ""), (float("nan"), "")],
)
def test_nobody_is_wholly_sure(probability, said):
    assert words.sure(probability) == said


@given(fractions)
def test_only_nothing_is_nothing_and_only_everything_is_everything(fraction):
    said = words.share(fraction)
    assert (said in ("0\u202f%", "0.0\u202f%", "0.00\u202f%")) == (fraction == 0)
    assert (said in ("100\u202f%", "100.0\u202f%")) == (fraction == 1)


@given(fractions)
def test_a_share_is_printed_within_its_last_decimal(fraction):
    said = words.share(fraction)
    if not said.startswith(("under", "over")):
        digits = said.removesuffix("\u202f%")
        places = len(digits.partition(".")[2])
        assert abs(float(digits) - fraction * 100) <= 0.5000001 * 10**-places


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.053, 0.061, "between 5.3 and 6.1\u202f%"), (0.0003, 0.0041, "between 0.03 and 0.41\u202f%"), (0, 0.002, "between 0 and 0.20\u202f%"),
        (0.0004, 0.031, "between 0.04 and 3.1\u202f%"), (None, 0.2, ""), (float("nan"), 0.2, ""),
    ],
)  # fmt: skip
def test_an_interval_of_shares_is_said_in_words_or_not_at_all(low, high, said):
    assert words.between(low, high) == said


@pytest.mark.parametrize(
    ("value", "said"), [(1.26, "1.26\u202f×"), (14.23, "14.2\u202f×"), (1200.4, "1,200\u202f×"), (None, "–")]
)
def test_a_ratio_has_three_figures(value, said):
    assert words.ratio(value) == said


@pytest.mark.parametrize(("value", "said"), [(1.7, "+1.7"), (-0.72, "−0.7"), (0.0, "0.0"), (-0.01, "0.0"), (None, "–")])
def test_a_difference_always_shows_its_sign(value, said):
    assert words.signed(value) == said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(1.7, 2.3, "+1.7 to +2.3"), (-0.02, 1.2, "−0.02 to +1.2"), (-0.3, 0.004, "−0.3 to +0.004"), (0, 1, "0.0 to +1.0")],
)
def test_an_end_of_an_interval_that_would_round_to_nothing_gets_more_decimals(low, high, said):
    assert words.interval(low, high) == said


@given(st.floats(-100, 100).filter(lambda x: abs(x) > 0.001), st.floats(-100, 100).filter(lambda x: abs(x) > 0.001))
def test_an_interval_never_contradicts_the_side_of_zero_it_lies_on(low, high):
    for value, said in zip((low, high), words.interval(low, high).split(" to "), strict=True):
        assert said[0] == ("+" if value > 0 else "−")
        assert float(said.replace("−", "-").replace(",", "")) != 0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "under 1 s"), (48.2, "48 s"), (119.2, "119 s"), (840, "14 min"), (7500, "2 h 5 min"), (7200, "2 h")],
)
def test_a_duration_is_said_in_its_own_unit(seconds, said):
    assert words.duration(seconds) == said


def test_one_is_singular():
    assert words.plural(1, "class", "classes") == "1 class"
    assert words.plural(0, "row") == "0 rows"
    assert words.NOUNS["image"].of(1141) == "1,141 pictures"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcdef"), "a, b and 4 more"),
    ],
)
def test_a_listing_ends_in_and(names, said):
    assert words.listing(names) == said


def test_a_sentence_does_not_capitalise_a_name():
    assert words.sentence("no label looks wrong") == "No label looks wrong"
    assert words.sentence("pred_probs.npy row 311 sums to 0.93") == "pred_probs.npy row 311 sums to 0.93"


def test_a_dataset_is_called_by_the_last_part_of_its_path():
    assert words.called("/data/text/banking77_train.csv") == "banking77_train.csv"
    assert words.called("pictures/train/") == "train"
    assert words.called("planted:digits") == "planted:digits"


def test_rows_are_named_by_their_ids():
    assert words.row_name(2515) == words.row_name(2515.0) == "row 2515"
    assert words.row_name("tt0111161") == "row tt0111161"
    assert words.row_name("a\x1b[31m") == "row a\\x1b[31m"


def test_control_and_direction_characters_are_spelt_out():
    assert words.visible("\x1b[31mred\x07\u202e\n") == "\\x1b[31mred\\x07\\u202e\\n"
    assert words.visible("naïve café 日本 👩‍💻") == "naïve café 日本 👩‍💻"


@given(texts)
def test_what_is_visible_holds_nothing_a_terminal_would_obey(text):
    joiners = "\u200d\ufe0f"
    assert not [c for c in words.visible(text) if unicodedata.category(c) in words.UNSEEN and c not in joiners]


@given(texts)
def test_readable_text_keeps_its_lines(text):
    assert words.readable(text).count("\n") == text.replace("\r\n", "\n").count("\n")


@given(texts, st.integers(0, 40))
def test_shortened_text_fits(text, width):
    said = words.shorten(text, width)
    assert words.columns(said) <= width
    if words.columns(text) <= width:
        assert said == text


@given(texts, st.integers(4, 40))
def test_wrapped_text_fits_and_loses_no_word(text, width):
    lines = words.wrap(words.visible(text), width)
    assert all(words.columns(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(words.visible(text).split())


@given(texts)
def test_plain_text_without_unicode_is_ascii(text):
    assert words.plain_text(text, unicode=False).isascii()


def test_plain_text_has_a_hyphen_for_minus():
    assert words.plain_text("−0.7\u202f% · café") == "-0.7 % · café"
    assert words.plain_text("−0.7\u202f% … café ▲", unicode=False) == "-0.7 % ... caf\\xe9 ^"
