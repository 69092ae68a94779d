"""Why a row is flagged, under its card, and how the labels were judged as a whole."""

import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from audit.render.judged import judged_block
from audit.render.page.examples import HEAVIEST, SMALL_SIDE, Shelf, thumbnail
from audit.render.page.html import html
from audit.render.why import whys


def changed(made, **detail):
    labels = made.report["labels"]
    labels = replace(labels, detail={**labels.detail, **detail})
    return replace(made, report=replace(made.report, checks={**made.report.checks, "labels": labels}))


def written(made):
    return html(made.report, made.verdict, made.data, made.reference)


def reasons(made, row="1"):
    return whys(made.report["labels"], Shelf.of(made.data), 24)[row]


def judged(made):
    block = judged_block(made.report["labels"])
    return dict(block.values["lines"]), block.values


# -- one row -----------------------------------------------------------------------------------------------------------


def test_a_flagged_row_says_what_each_view_says_and_who_its_neighbours_are(case):
    made = case("FAIL")
    why = reasons(made)
    assert dict(why.lines) == {
        "All views": "kind 2, 99.7\u202f% sure",
        "Label wrong": "99.8\u202f% sure",
        "Linear head": "kind 2, 90.0\u202f% sure",
        "Neighbour vote": "kind 2, 90.0\u202f% sure",
        "Other foldings": "the linear head contradicts the label on every folding",
        "Such mix-ups": "an estimated 3 labelled kind 1 that should be kind 2",
    }
    assert [n.heading for n in why.neighbours] == ["nearest labelled kind 1", "nearest labelled kind 2"]
    assert why.neighbours[0].aside == ("row 998", "distance 1.25")
    assert why.neighbours[0].example.text == made.data.texts[998]


@pytest.mark.parametrize(
    ("share", "seeds", "said"),
    [
        (1.0, 3, "on 3 of 3 foldings"), (0.3333, 3, "on 1 of 3 foldings"), (1.0, None, "on every folding"),
        (0.0, None, "on no folding"), (0.6667, None, "on 66.7\u202f% of the foldings"),
    ],
)  # fmt: skip
def test_stability_is_counted_in_foldings_where_their_number_is_known(case, share, seeds, said):
    made = case("FAIL")
    line = {**made.report["labels"].detail["why"][1], "stability": share}
    made = changed(made, why=[line], seeds=seeds)
    assert dict(reasons(made).lines)["Other foldings"] == f"the linear head contradicts the label {said}"


def test_what_was_not_tried_or_is_not_known_is_left_out(case):
    made = case("FAIL")
    made = changed(made, why=[{**made.report["labels"].detail["why"][1], "stability": None, "wrong": None}])
    assert {"Other foldings", "Label wrong"} & set(dict(reasons(made).lines)) == set()


def test_a_label_that_no_neighbour_carries_is_said_and_not_shown(case):
    why = reasons(case("FAIL", "image"), "0")
    assert why.neighbours[0].example.why == "none of its nearest neighbours is labelled kind 0"
    assert why.neighbours[1].example.uri


def test_a_neighbour_whose_own_label_looks_wrong_is_a_poor_witness(case):
    made = case("FAIL")
    line = {**made.report["labels"].detail["why"][1], "agreeing": {"row": 7, "distance": 2}}
    assert reasons(changed(made, why=[line])).neighbours[0].aside[-1] == "its label looks wrong too"


@pytest.mark.parametrize("kind", ["image", "text", "table"])
def test_only_cards_that_are_shown_carry_their_reasons(case, kind):
    page = written(case("FAIL", kind))
    assert page.count('<details class="why">') == 24
    assert page.count("nearest labelled") == 48


def test_pictures_of_neighbours_weigh_a_quarter_of_the_card_s_own():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8))
    assert HEAVIEST / 4 < len(thumbnail(noise)[0]) <= HEAVIEST
    assert len(thumbnail(noise, SMALL_SIDE)[0]) <= HEAVIEST / 4


def test_a_card_without_reasons_has_no_fold(case):
    assert '<details class="why">' not in written(changed(case("FAIL"), why=[]))


# -- all of them -------------------------------------------------------------------------------------------------------


def test_the_method_is_told_in_plain_words_with_what_to_expect(case):
    lines, values = judged(case("FAIL"))
    assert lines["Whose flags"] == "assay's own."
    assert lines["Counted"].startswith("How many labels are wrong is what makes the given labels most likely")
    assert lines["Counted"].endswith(": no view is much stronger.")
    assert lines["Expected"] == (
        "About 88\u202f% of the flagged are wrong (precision, between 76 and 98\u202f%); "
        "about 60\u202f% of all wrong labels are flagged (recall)."
    )
    assert values["views"]["rows"][0] == ("linear head", "93.0\u202f%", "70.0\u202f%")
    assert values["views"]["rows"][2] == ("linear head, second stage", "–", "10.0\u202f%")
    assert values["cleanlab"]["table"]["rows"] == [
        ("prune_by_noise_rate (its default)", "66", "57"),
        ("both", "57", "57"),
    ]


def test_what_is_expected_of_the_flags_stands_with_its_interval_on_the_page(case):
    assert "About 88\u202f% of them (between 76 and 98\u202f%) are expected to be" in written(case("FAIL"))


def test_a_rule_that_is_not_known_here_is_told_as_it_stands(case):
    assert judged(changed(case("FAIL"), rule="by asking around"))[0]["Counted"] == "By asking around."


def test_a_fallback_is_seen_on_the_page(case):
    assert re.search(r"<b[^>]*>Note</b> No second stage\.", written(case("FAIL")))


def test_flags_of_cleanlab_are_called_so_and_nothing_is_expected_of_them(case):
    made = case("FAIL")
    views = [{**v, "weight": None} for v in made.report["labels"].detail["views"]]
    made = changed(made, method="cleanlab", cutoff_used="cleanlab both", views=views, expected_precision=None,
                   expected_recall=None, rule="cleanlab num_label_issues: the confident joint")  # fmt: skip
    lines, values = judged(made)
    assert lines["Whose flags"] == "cleanlab's: flags, order and count."
    assert lines["Flagged"] == "By cleanlab's rule both."
    assert lines["Expected"].startswith("Unknown")
    assert [name for name, _ in values["views"]["head"]] == ["View", "Names the given label"]
    page = written(made)
    assert "how many of them are is not known" in page
    assert "They do not cover mistakes the model cannot see." in page


def test_another_score_is_named_and_the_count_stays_ours(case):
    lines, _ = judged(changed(case("FAIL"), method="self_confidence", score_used="self_confidence"))
    assert lines["Whose flags"] == "Ranked by self_confidence; the count and what is expected are assay's."
    assert lines["Ranked"] == "By self_confidence, in place of assay's own order."


def test_mix_ups_say_how_many_are_estimated_and_how_many_flagged(case):
    text = written(case("FAIL"))
    assert "kind 0, looks like kind 1" in text
    assert "3 (2 to 5)" in text


def test_wrong_labels_that_are_not_flagged_still_have_their_classes_and_their_method(case, rejudged):
    made = case("FAIL")
    labels = made.report["labels"]
    none = replace(labels, measures={**labels.measures, "flagged": 0}, findings=labels.findings.head(0))
    made = rejudged(made, (), labels=none)
    text = written(made)
    assert "Estimated share of wrong labels" in text
    assert "How this was judged" in text
    assert "disagree with their labels" not in text


def test_nothing_a_label_is_called_becomes_markup_among_the_reasons(case):
    text = written(case("FAIL", hostile=True))
    start = text.index('<details class="why">')
    assert "<script>alert" not in text[start:]
    assert "nearest labelled &lt;script&gt;alert(1)&lt;/script&gt;" in text
