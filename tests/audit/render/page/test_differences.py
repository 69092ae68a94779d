"""Two texts side by side: what is marked, what is left out, and that the cost is bounded."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.render.page.differences import CONTEXT, LONGEST, MOST, differences, markup, word

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


def test_a_word_with_a_sign_in_it_is_counted_and_signs_alone_are_not():
    long = "snake_case " * 60
    assert f"… {60 - 2 * CONTEXT} words the same …" in marked(f"{long}here", f"{long}there")[0]
    assert '<span class="gap">…</span>' in marked(f"{'- ' * 60}here", f"{'- ' * 60}there")[0]


@pytest.mark.parametrize(
    ("a", "b"), [("मेरा कार्ड खो", "मेरा कर्ड खो"), ("cafe\u0301 no", "cafe no"), ("می‌خواهم", "می‌خواهد")]
)
def test_a_mark_belongs_to_its_word(a, b):
    differing = next(k for k, (x, y) in enumerate(zip(a.split(), b.split(), strict=True)) if x != y)
    assert marked(a, b)[0] == " ".join(f"<mark>{w}</mark>" if k == differing else w for k, w in enumerate(a.split()))


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


def test_a_word_that_goes_on_beyond_what_is_compared_is_not_marked():
    same = " ".join(f"w{k}" for k in range(MOST + 100))
    left, right = marked(f"{same} A", f"first {same} B")
    assert (left.count("<mark"), right.count("<mark")) == (1, 1)
    assert left.startswith('<mark class="lacks"></mark>w0 ')
    assert right.startswith("<mark>first</mark> w0 ")


def test_a_common_end_is_not_marked_where_much_lies_before_it_in_one_text():
    much = " ".join(f"w{k}" for k in range(MOST + 100))
    assert marked("hello bye now", f"hello {much} bye now")[0] == (
        'hello <mark class="lacks"></mark><span class="gap">… 2 more words, not compared</span>'
    )


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
        shown = [one for run in runs if run.kind != "gap" for one, _ in word().findall(run.text)]
        if not any(run.kind == "gap" for run in runs):
            assert shown == [one for one, _ in word().findall(text)]


@given(words, words)
def test_what_is_not_marked_is_the_same_in_both(a, b):
    left, right = ([w.casefold() for r in runs if r.kind == "same" for w, _ in word().findall(r.text)] for runs in differences(a, b))  # fmt: skip
    assert left == right
