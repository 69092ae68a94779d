"""What a page shows beyond verdicts: every block there, absent, refused."""

import re
from dataclasses import replace

import pytest

from tests.train.render.conftest import ESCAPE, MARKUP, THREE
from tests.train.render.full import (
    CLASSES,
    GAINS,
    HURTS,
    REFUSED,
    UNDECIDED,
    bins,
    budget,
    corrected,
    full,
    model_sizes,
    part,
)
from tests.train.render.test_comparison_html import Page
from train.comparison import Comparison
from train.render.headline import headline
from train.render.html import html
from train.render.markdown import markdown
from train.render.remarks import enough_sizes
from train.render.steps import next_steps
from train.render.table import best_model, lines, treatments
from train.render.terminal import terminal

POOL = "cleaner saw the whole pool"
BLOCKS = (
    "curves",
    "exchange",
    "surface",
    "breakdown",
    "calibration",
    "costs",
    "planner",
    "budgets",
    "corrected",
    "model_size",
)


def read(made: Comparison) -> str:
    return " ".join(Page(html(made)).words.split())


def screen(made: Comparison) -> str:
    return " ".join(terminal(made).split())


# -- does cleaning help or hurt ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("differences", "badge", "verdict"),
    [
        (HURTS, "PRUNING AND RELABELLING HURT", "hurts"),
        (GAINS, "PRUNING HELPS", "helps"),
        (UNDECIDED, "CANNOT TELL YET", "cannot tell"),
    ],
)
def test_badge_and_title_say_whether_cleaning_hurts(differences, badge, verdict):
    made = full(differences)

    assert (headline(made).badge, headline(made).verdict) == (badge, verdict)
    assert f"<title>{badge} · train · assay compare</title>" in html(made)


def test_where_it_hurts_and_by_how_much_is_in_the_first_sentences():
    said = headline(full(HURTS))

    assert said.text == "Train on the raw data: nothing we tried is better, and pruning and relabelling hurt."
    assert "Worse than raw: relabelling (−1.9) and pruning (−1.4)." in said.lead


def test_what_hurts_beside_something_that_helps_is_told_too():
    made = full({**GAINS, "relabelled": HURTS["relabelled"]})

    assert "Worse than raw: relabelling (−1.9)." in headline(made).lead


# -- versions that nobody could choose ---------------------------------------------------------------------------------


def test_a_cleaner_that_saw_the_whole_pool_is_never_the_choice():
    made = full({**UNDECIDED, "pruned@pool": tuple((9.0, 8.0, 10.0) for _ in range(5))})

    assert {line.variant for line in treatments(made, "linear")} == {"pruned", "relabelled", "reweighted"}
    assert headline(made).verdict == "cannot tell"
    assert not any("pool" in s.command + s.text for s in next_steps(made))


def test_polluted_rows_are_never_the_choice():
    made = full({**HURTS, "polluted:5": tuple((2.0, 1.5, 2.5) for _ in range(5))})

    assert headline(made).verdict == "hurts"


def test_versions_to_choose_come_first_then_the_control_then_the_polluted_then_the_whole_pool():
    shuffled = dict(reversed(list(HURTS.items())))

    assert [line.variant for line in lines(full(shuffled), "linear")] == [
        "reweighted", "relabelled", "pruned", "oracle", "random-pruned", "polluted:5", "pruned@pool", "random-pruned@pool",
    ]  # fmt: skip


@pytest.mark.parametrize("face", [html, markdown, terminal])
def test_a_whole_pool_cleaner_is_labelled_on_every_face(face):
    made = full(
        {k: v for k, v in HURTS.items() if k in ("pruned", "pruned@pool", "random-pruned")},
        changed=dict.fromkeys(BLOCKS),
    )

    assert POOL in face(made)
    assert POOL not in face(full({k: v for k, v in HURTS.items() if "@" not in k}))


@pytest.mark.parametrize("width", [40, 60, 80])
def test_in_a_terminal_the_label_is_never_cut(width):
    text = terminal(full(), width=width)
    above, below = re.split(POOL.replace(" ", r"\s+"), text, maxsplit=1)

    assert "pruned@pool" not in above
    assert "which nobody" in " ".join(below.split())[:30]


@pytest.mark.parametrize("face", [html, markdown, terminal])
def test_polluted_rows_are_called_what_they_are(face):
    assert re.search(r"5\s%\smore\swrong\slabels", face(full()))


def test_the_whole_pool_flatters_and_where_the_sign_flips_it_is_said():
    words = read(full())

    assert "Of 5 verdicts, 5 would be another one and 5 would have the opposite sign." in words
    assert "At 1,000 rows" not in words.split("By how much")[0] or "pruning hurts (−2.6)" in words
    assert words.count("the sign flips") == 5


def test_the_flattery_of_each_size_is_the_difference_of_the_two():
    made = full(GAINS)
    table = html(made).split('id="pool"')[1].split("</section>")[0]

    assert re.findall(r'class="num"><b>([^<]+)</b>', table) == ["+3.0", "+1.1", "+0.2", "−0.8", "−1.5"]


def test_a_verdict_that_the_whole_pool_makes_less_sure_of_is_no_flattery():
    own = ((1.2, 0.9, 1.5), (1.3, 0.8, 1.8), (0.9, 0.5, 1.3), (1.2, 0.8, 1.6), (0.5, 0.1, 0.9))
    pool = ((3.3, 2.9, 3.7), (3.0, 2.6, 3.4), (2.2, 1.8, 2.6), (1.4, 1.0, 1.8), (0.4, -0.1, 0.9))
    made = full({**HURTS, "pruned": own, "pruned@pool": pool})

    assert "flatters pruning by up to 2.1 points" in terminal(made).replace("\n", " ")


# -- curves and what a row is worth ------------------------------------------------------------------------------------


def test_a_forecast_is_drawn_apart_from_what_was_measured():
    section = html(full()).split('id="curves"')[1].split("</section>")[0]

    assert section.count('class="l-accent forecast"') == 1 + 8  # the key, and one a panel
    assert section.count('class="l-raw forecast"') == 1  # written once, used in every panel
    assert "64k" in section


def test_a_forecast_goes_on_where_the_fitted_curve_ends():
    section = html(full()).split('id="curves"')[1]
    fitted, forecast = re.findall(r'<polyline points="([^"]+)" class="l-accent', section)[:2]

    assert fitted.split()[-1] == forecast.split()[0]
    assert forecast.split()[-1].startswith("100.0,")


def test_without_a_curve_it_says_why_and_what_would_do():
    refused = [{"variant": v, "model": "linear", "refused": REFUSED} for v in ("raw", *HURTS)]
    made = full(changed={"curves": refused, "exchange": None})
    words = read(made)

    assert f"No forecast for any version: {REFUSED}." in words
    assert "--sizes 1000,2000,4000,8000,16000" in words.split("Sizes that would do:")[1][:200]
    assert "forecast, with more rows" not in words


def test_sizes_that_would_do_are_five_over_a_range_of_eight(case):
    few = replace(case("one size"), classes=100)

    assert enough_sizes(case("nothing helps")) == [62, 125, 250, 500, 1000]
    assert enough_sizes(few) == [1000, 2000, 4000, 8000, 16000]
    assert enough_sizes(replace(few, classes=800)) == [2000, 3364, 5657, 9514, 16000]
    assert enough_sizes(replace(few, classes=2000)) == []


def test_a_row_of_the_best_version_is_worth_so_many_raw_ones():
    sentence = "At 16,000 rows, with pruning, one row is worth 2.0 raw rows (1.7 to 2.2; beyond the rows measured, a forecast)."

    assert sentence in read(full(GAINS))
    assert sentence in screen(full(GAINS))


def test_where_repairing_hurts_a_row_is_worth_less_than_one():
    assert "with pruning, one row is worth 0.64 raw rows (0.56 to 0.73)" in screen(full(HURTS))


def test_where_nothing_helps_the_page_tells_most_of_what_hurts():
    words = read(full(HURTS))

    assert words.index("pruned, by class") < words.index("reweighted, by class")
    assert words.count("with pruning, one row is worth 0.64 raw rows") == 2


def test_an_end_that_nobody_knows_is_no_number():
    assert "at least 3.8" in read(full())


def test_a_rate_keeps_to_its_side_of_one():
    made = full(
        changed={
            "exchange": [
                {"variant": "pruned", "size": 16000, "model": "linear", "rate": 1.02, "low": 1.004, "high": 1.036}
            ]
        }
    )

    assert "1.02 raw rows (1.004 to 1.04)" in screen(full(GAINS, changed=made.extra))


def test_what_noise_costs_in_words():
    said = "Noise costs 2.4 times its share (1.9 to 2.9): a row of data with 20 % wrong labels is worth 0.59 clean rows (0.52 to 0.65)."

    assert said in read(full())


# -- test labels -------------------------------------------------------------------------------------------------------


def test_doubtful_test_labels_are_told_beside_the_verdict():
    noise = "the audit estimates that 8.9 % of the test labels are wrong"
    made = full()
    made = replace(made, protocol={**made.protocol, "test_noise": noise})

    for text in (read(made), screen(made), markdown(made)):
        assert f"T{noise[1:]}." in text
    assert "The test labels are taken as right." not in read(made)


def test_corrected_differences_take_the_place_of_the_others():
    made = full(UNDECIDED)
    made = replace(made, extra={**made.extra, "corrected": corrected(made)})

    assert headline(made).text == "Prune before you train: about 1.4 points better."
    assert "With 16,000 rows, test accuracy rises from 84.2 to 85.6" in headline(made).lead
    assert "Uncorrected" in read(made)
    assert "Differences are corrected by 300 test rows that people checked" in screen(made)
    assert next_steps(made)[0].command.startswith("assay audit")


def test_corrections_already_in_place_change_nothing():
    made = full(UNDECIDED)
    made = replace(made, extra={**made.extra, "corrected": corrected(made)})
    block = made.extra["corrected"]
    same = {**block, "contrasts": [{**e, "diff": e["diff"] - 0.01, "low": -9, "high": 9} for e in block["contrasts"]]}

    assert headline(replace(made, extra={**made.extra, "corrected": same})).text == headline(full(UNDECIDED)).text


# -- classes, confidence, cost, budgets, model size --------------------------------------------------------------------


def test_classes_that_lose_come_first():
    section = html(full()).split('id="classes"')[1].split("</section>")[0].split("<details>")[0]
    names = re.findall(r'class="size name">([^<]+)<', section)

    assert names[0] == "bird"
    assert len(names) == len(CLASSES)
    assert "4 classes lose: bird, dog, ship and horse; 3 gain; of 3 nobody can tell." in section


def test_of_many_classes_those_that_change_most_are_drawn_and_the_others_counted():
    names = [f"c{k}" for k in range(77)]
    section = html(full(classes=names)).split('id="classes"')[1].split("</section>")[0]

    assert section.split("<details>")[0].count("size name") == 16
    assert "61 more lie between" in section


def test_groups_are_told_of_beside_classes():
    made = full()
    group = [part("pruned", "linear", 16000, k, f"clinic {k}", "group") for k in range(3)]

    assert "pruned, by group" in read(
        replace(made, extra={**made.extra, "breakdown": [*made.extra["breakdown"], *group]})
    )


def test_a_class_with_too_few_rows_has_no_interval():
    lone = {**part("pruned", "linear", 16000, 2, "bird"), "low": None, "high": None}
    words = read(full(changed={"breakdown": [lone]}))

    assert "no class loses for certain; none gains for certain; of 1 nobody can tell." in words.lower()


def test_confidence_is_compared_with_how_often_it_is_right():
    words = read(full())

    assert "On average 66.4 % sure and 65.2 % right: 1.2 points too sure." in words


def test_time_and_cost_of_one_model():
    words = read(full())

    assert "Passes over the rows" in words
    assert "197,130" in words
    assert "1.8 s" in words


def test_budgets_that_disagree_are_told_beside_the_verdict_and_only_those():
    both = [budget("pruned", "linear", "hurts", "cannot tell"), budget("relabelled", "linear", "hurts", "hurts")]
    made, same = full(changed={"budgets": both}), full(changed={"budgets": both[1:]})
    said = "The budget decides: pruning: “hurts” with equal epochs (−1.4), “cannot tell” with equal steps (+0.2)."

    assert said in read(made)
    assert said in markdown(made).replace("\\", "")
    assert "every verdict is the same" in read(same)
    assert "The budget decides" not in read(same)


def test_a_model_trained_again_on_equal_steps_is_not_the_one_to_judge_by():
    made = full(models=("mlp:budget=steps", "mlp"), changed=dict.fromkeys(BLOCKS))
    raised = tuple(
        replace(p, metrics={**p.metrics, "accuracy": 0.99}) if p.model == "mlp:budget=steps" else p for p in made.points
    )

    assert best_model(replace(made, points=raised)) == "mlp"


def test_model_size_is_an_axis_where_it_was_measured():
    words = read(full(changed={"model_size": model_sizes()}))

    assert "Would a larger model do more?" in words
    assert "900k" in words
    assert "Would a larger model do more?" not in read(full())


def test_model_sizes_at_many_rows_are_shown_at_the_most():
    line = {
        "variant": "pruned", "architecture": "mlp", "models": ["a", "b"], "parameters": [1000.0, 8000.0], "sizes": [500, 1000],
        "errors": [[0.5, 0.4], [0.4, 0.3]], "standard_errors": [[0.01, None], [0.01, None]],
        "refused": "what a larger model brings needs 3 sizes of it, there are 2",
    }  # fmt: skip
    words = read(full(changed={"model_size": [line]}))

    assert "at 1,000 rows. Grey is raw." in words
    assert "What a larger model brings needs 3 sizes of it, there are 2." in words


def test_what_the_planner_chose_is_under_how_it_was_made():
    assert "Grouped training was 2.1 times faster than one after another." in read(full()).split("How this was made")[1]


# -- robust ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("state", [None, {"refused": "too little was measured"}, []])
def test_every_block_may_be_missing_or_refused(block, state):
    made = full(changed={block: state})

    page = Page(html(made))
    assert page.open == []
    assert not re.search(r"\b(nan|None|inf)\b", page.words)
    assert terminal(made)
    assert markdown(made)


def test_names_of_classes_are_shown_not_obeyed():
    names = [MARKUP, f"b {ESCAPE}", "& 'so' on"]
    made = full(classes=names, changed={"model_size": model_sizes(), "planner": [MARKUP]})
    made = replace(made, protocol={**made.protocol, "test_noise": MARKUP})
    page = Page(html(made))

    assert "script" not in page.tags
    assert page.words.count(MARKUP) >= 3
    assert "\x1b" not in page.words
    assert "\x1b" not in terminal(made)
    assert MARKUP not in markdown(made)


def test_refusals_are_shown_not_obeyed():
    refused = [{"variant": "raw", "model": "linear", "refused": MARKUP}]
    page = Page(html(full(changed={"curves": refused, "surface": [{"model": "linear", "refused": MARKUP}]})))

    assert "script" not in page.tags
    assert page.words.count(MARKUP) == 2


def test_a_page_of_ten_versions_and_five_sizes_weighs_under_150_kilobytes():
    made = full({**HURTS, "augmented": HURTS["reweighted"]}, changed={"model_size": model_sizes()})

    assert len(made.variants) == 10
    assert len(html(made).encode()) < 150_000


def test_several_models_have_marks_of_their_own():
    idents = re.findall(r' id="([^"]+)"', html(full(models=THREE)))

    assert len(idents) == len(set(idents))


def test_everything_that_is_used_is_there():
    text = html(full(models=THREE))

    assert set(re.findall(r'<use href="#([^"]+)"', text)) <= set(re.findall(r' id="([^"]+)"', text))


def test_confidence_of_versions_never_measured_is_left_out():
    made = full(changed={"calibration": [bins("raw", "linear", 16000, 0)]})

    assert html(made).count('class="reliability"') == 1
