from dataclasses import replace

import pytest

from tests.train.render.conftest import SIZES, at_two_sizes, comparison, contrast
from train.render.headline import headline
from train.render.steps import next_steps
from train.render.table import best_model

SAID = {
    "helps": "Relabel before you train: about 2.0 points better.",
    "nothing helps": "Train on the raw data: nothing we tried is better, and pruning hurts.",
    "cannot tell": "Cannot tell yet: 13 more seeds would settle pruning.",
    "not enough seeds": "Not enough seeds to tell: 2 finished, and it takes at least 3.",
    "one size": "Relabel before you train: about 2.0 points better.",
    "three models": "Relabel before you train: about 2.0 points better.",
    "failed cells": "Prune before you train: about 1.1 points better.",
    "only raw": "Nothing to compare: no repaired version was trained.",
    "true labels": "Prune before you train: about 0.5 points better.",
}


@pytest.mark.parametrize("name", SAID)
def test_the_answer_in_one_sentence(case, name):
    assert headline(case(name)).text == SAID[name]


def test_one_open_version_is_it():
    made = comparison(at_two_sizes(pruned=(0.4, -0.1, 0.9)), (500, 1000))

    assert headline(made).text == "Cannot tell yet: 13 more seeds would settle it."


def test_beyond_a_hundred_seeds_nothing_is_promised():
    made = comparison(
        at_two_sizes(pruned=(0.1, -0.9, 1.1)), (500, 1000), changed={("pruned", 1000): {"seeds_needed": None}}
    )

    assert headline(made).text == "Cannot tell: even 100 seeds may not settle it."
    assert "if the difference seen is the true one" in headline(made).lead
    assert [s.command for s in next_steps(made)] == ["assay advise runs/"]


def test_where_it_cannot_be_settled_a_version_that_helps_another_model_is_what_to_do():
    shown = at_two_sizes(pruned=(0.1, -0.9, 1.1))
    made = comparison(shown, (500, 1000), ("linear", "mlp"), changed={("pruned", 1000): {"seeds_needed": None}})
    other = next(m for m in made.models if m != best_model(made))
    better = {"low": 0.004, "high": 0.011, "diff": 0.008, "verdict": "helps"}
    helped = tuple(
        replace(c, **better) if (c.model, c.variant, c.size, c.metric) == (other, "pruned", 1000, "accuracy") else c
        for c in made.contrasts
    )
    steps = next_steps(replace(made, contrasts=helped))

    assert steps[0].text == f"With model {other} pruning helps. If you want that one: audit the whole data."
    assert [s.command.split()[:2] for s in steps] == [["assay", "audit"], ["assay", "clean"], ["assay", "advise"]]


def test_the_control_is_never_recommended_but_told_of_when_it_helps():
    made = comparison(at_two_sizes(pruned=(0.5, 0.2, 0.8), random_pruned=(1.5, 1.0, 2.0)), (500, 1000))

    assert headline(made).text.startswith("Prune before you train")
    assert "do not credit the cleaning" in headline(made).aside


def test_when_only_the_control_helps_nothing_we_tried_is_better():
    made = comparison(at_two_sizes(pruned=(-0.5, -0.8, -0.2), random_pruned=(1.5, 1.0, 2.0)), (500, 1000))

    assert headline(made).text == "Train on the raw data: nothing we tried is better, and pruning hurts."


def test_all_failed_is_no_verdict():
    gone = {"failed": 8, "low": None, "high": None, "verdict": "failed", "diff": 0.0}
    made = comparison(at_two_sizes(pruned=(0, 0, 0)), (500, 1000), changed={("pruned", 1000): gone})
    made = replace(
        made,
        cells=tuple({**c, "failed": "no row was left to train on"} for c in made.cells if c["variant"] == "pruned"),
    )

    assert headline(made).text == "No verdict: no repaired version finished."
    assert headline(made).lead == "16 of 16 models failed: no row was left to train on."


def test_what_failed_is_counted(case):
    assert "11 of 64 models failed" in headline(case("failed cells")).aside


def test_a_smaller_size_that_hurts_is_told(case):
    assert headline(case("helps")).aside.startswith("At 1,000 rows relabelling hurts.")


def test_printed_ends_add_up(case):
    assert "from 79.2 to 81.2" in headline(case("helps")).lead


def test_a_gain_too_small_to_matter_is_called_so():
    made = comparison(at_two_sizes(pruned=(0.1, 0.04, 0.16)), (500, 1000))

    assert "under the 0.3 points worth having" in headline(made).lead


def test_the_model_is_the_one_that_does_best_on_the_raw_data(case):
    assert best_model(case("three models")) == "mlp"


def test_another_verdict_with_another_model_is_told(case):
    made = case("three models")
    hurt = contrast("relabelled", SIZES[-1], (-1, -1.5, -0.5), model="cnn")
    contrasts = tuple(
        hurt if (c.variant, c.size, c.model, c.metric) == ("relabelled", SIZES[-1], "cnn", "accuracy") else c
        for c in made.contrasts
    )

    assert "With model cnn, relabelling hurts." in headline(replace(made, contrasts=contrasts)).aside


def test_steps_name_the_data_as_the_command_did(case):
    commands = [s.command for s in next_steps(case("helps"))]

    assert commands == [
        "assay audit reviews/train.csv --label mood --text body -o report/",
        "assay clean reviews/train.csv --report report/ --by relabel -o clean/",
        "assay compare reviews/train.csv --label mood --text body --test reviews/test.csv --seeds 21 -o runs/",
    ]


def test_never_more_than_three_steps(any_case):
    assert len(next_steps(any_case)) <= 3


def test_too_few_seeds_are_asked_for(case):
    assert next_steps(case("not enough seeds"))[0].command.endswith("--seeds 5 -o runs/")


@pytest.mark.parametrize(
    ("pruned", "augmented", "badge", "verdict"),
    [
        ((0, -0.2, 0.2), (0, -0.1, 0.1), "NO DIFFERENCE", "no difference"),
        ((-1, -2, -0.5), (0, -0.1, 0.1), "PRUNING HURTS", "hurts"),
        ((-1, -2, -0.5), (-1, -2, -0.5), "PRUNING AND AUGMENTING HURT", "hurts"),
    ],
)
def test_what_hurts_is_in_the_badge(pruned, augmented, badge, verdict):
    said = headline(comparison(at_two_sizes(pruned=pruned, augmented=augmented), (500, 1000)))

    assert (said.badge, said.verdict) == (badge, verdict)


@pytest.mark.parametrize("said", ["--embeddings 'my own.npy'", "--embeddings='my own.npy'"])
def test_the_audit_to_repair_by_sees_what_the_draws_were_audited_on(case, said):
    made = replace(case("helps"), command=f"assay compare a.csv --test b.csv {said} -o runs/")

    assert next_steps(made)[0].command == "assay audit a.csv --embeddings 'my own.npy' -o report/"


def test_the_repair_to_make_prunes_for_what_the_comparison_pruned_for(case):
    assert next_steps(case("failed cells"))[1].command.endswith("--by prune --for labels -o clean/")
