"""Two texts side by side: what is marked, what is left out, and that the cost is bounded."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.render.page.differences import CONTEXT, LONGEST, MOST, WORD, differences, markup

words = st.lists(st.sampled_from(["card", "fee", "my", "<b>", "&", "Was", "was", "卡", "."]), max_size=30).map(" ".join)


def marked(a: str, b: str) -> tuple[str, str]:
    left, right = differences(a, b)
    return str(markup(left)), str(markup(right))


def test_only_the_words_that_differ_are_marked_and_all_is_escaped():
    assert marked("please <b>reset</b> my card", "please block my card") == (
        "please <mark>&lt;b&gt;reset&lt;/b&gt;</mark> my card",
        "please <mark>block</mark> my card",
    )


def test_where_only_the_other_text_has_a_word_an_empty_mark_says_so():
    assert marked("charged a fee", "charged a new fee") == (
        'charged a <mark class="lacks"></mark>fee',
        "charged a <mark>new</mark> fee",
    )


def test_a_lost_question_mark_is_seen():
    assert marked("Why?", "Why") == ("Why<mark>?</mark>", 'Why<mark class="lacks"></mark>')


def test_capitals_are_passed_over_where_words_differ_too():
    assert marked("my card is lost", "MY OWN CARD IS LOST")[1] == "MY <mark>OWN</mark> CARD IS LOST"


def test_capitals_are_marked_where_nothing_else_differs():
    assert marked("my Card", "my card") == ("my <mark>Card</mark>", "my <mark>card</mark>")


def test_scripts_without_spaces_are_compared_letter_by_letter():
    assert marked("我的卡丢了", "我的车丢了") == ("我的<mark>卡</mark>丢了", "我的<mark>车</mark>丢了")


def test_white_space_does_not_count_and_equal_texts_have_no_mark():
    assert "mark" not in "".join(marked("a b  c", "a b c"))


def test_long_common_stretches_are_left_out_and_counted():
    long = " ".join(f"w{k}" for k in range(60))
    left = marked(f"{long} here {long}", f"{long} there {long}")[0]
    assert left.count(f"… {60 - 2 * CONTEXT} words the same …") == 2
    assert f"w{59 - CONTEXT} " not in left
    assert "w59 <mark>here</mark> w0 " in left


def test_a_text_is_shown_up_to_a_length_and_the_rest_is_counted():
    a, b = (" ".join(f"{x}{k}" for k in range(500)) for x in "ab")
    left = marked(a, b)[0]
    assert left.endswith(f'<span class="gap">… {500 - LONGEST} more words</span>')


def test_words_that_were_not_compared_are_called_so():
    rng = np.random.default_rng(0)
    a, b = (" ".join(rng.choice(["x", "y"], MOST + 900)) for _ in range(2))
    left, right = differences(f"start {a} A", f"begin {b} B")
    assert {run.kind for run in left} <= {"same", "differs", "lacks", "gap"}
    assert left[-1].kind == right[-1].kind == "gap"


@pytest.mark.parametrize("alike", [True, False])
def test_the_cost_does_not_grow_with_the_product_of_the_lengths(alike):
    a = " ".join(["card", "fee"] * 50_000)
    b = a.replace("card", "cards", 1) if alike else " ".join(["fee", "top", "card"] * 30_000)
    start = time.process_time()
    differences(a, b)
    assert time.process_time() - start < 5  # a full comparison of 100,000 words takes hours


@given(words, words)
def test_both_texts_can_be_read_off_their_runs(a, b):
    for text, runs in zip((a, b), differences(a, b), strict=True):
        shown = [word for run in runs if run.kind != "gap" for word, _ in WORD.findall(run.text)]
        if not any(run.kind == "gap" for run in runs):
            assert shown == [word for word, _ in WORD.findall(text)]


@given(words, words)
def test_what_is_not_marked_is_the_same_in_both(a, b):
    left, right = ([w.casefold() for r in runs if r.kind == "same" for w, _ in WORD.findall(r.text)] for runs in differences(a, b))  # fmt: skip
    assert left == right
