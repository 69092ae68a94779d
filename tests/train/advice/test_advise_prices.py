"""Advice: prices, folders, files and the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import InputError, OutputError, UnknownName
from tests.train.advice.test_advise import CLEAN, KNOWN, NOISY, PRICES, planted
from train.advice.advise import Advice, advise, read_advice, weigh
from train.advice.measured import Measured, read_measured
from train.advice.prices import NAMES, Prices, parse_prices
from train.commands.advise import command


@pytest.fixture(scope="module")
def noisy_runs(tmp_path_factory) -> Path:
    return planted(tmp_path_factory.mktemp("noisy") / "runs", NOISY, noise=KNOWN)


@pytest.fixture(scope="module")
def noisy_measured(noisy_runs) -> Measured:
    return read_measured([noisy_runs])


@pytest.fixture(scope="module")
def noisy_advice(noisy_runs) -> Advice:
    return advise([noisy_runs], PRICES)


# -- prices ------------------------------------------------------------------------------------------------------------


def test_prices_are_read_and_refused():
    assert parse_prices("label=0.08, gpu_hour=2") == Prices(label=0.08, gpu_hour=2.0)
    assert parse_prices("") == Prices()
    with pytest.raises(
        UnknownName, match="no price 'labels'; there is label, review, row, gpu_hour; did you mean 'label'"
    ):
        parse_prices("labels=1")
    for wrong in ("row=-1", "row=nan", "row=inf", "row=cheap", "row", "row=1,row=2"):
        with pytest.raises(InputError, match="price row"):
            parse_prices(wrong)


def test_prices_that_come_to_no_number_are_refused(noisy_runs):
    for dear in (Prices(review=1e308), Prices(row=1.7e308, label=1.7e308), Prices(gpu_hour=0.0, label=1e308, row=0.1)):
        with pytest.raises(InputError, match="too large a number"):
            advise([noisy_runs], dear)


def test_without_prices_actions_are_ranked_by_gain_and_that_is_said(noisy_runs):
    found = advise([noisy_runs])
    gains = [a.gain for a in found.actions if a.verdict == "do it"]

    assert gains == sorted(gains, reverse=True)
    assert all(a.per_cost is None for a in found.actions)
    assert any("whatever they cost" in note for note in found.notes)


def test_an_action_without_its_price_is_ranked_after_those_with_one_and_that_is_said(noisy_runs):
    found = advise([noisy_runs], Prices(review=0.02))
    kinds = [a.kind for a in found.actions if a.verdict == "do it"]

    assert kinds.index("collect") > max(k for k, kind in enumerate(kinds) if kind == "review")
    assert found.action("collect 8,000 more rows").missing == ("row", "label")
    assert any("no price for label, row" in note or "no price for gpu_hour, label, row" in note for note in found.notes)


def test_what_costs_nothing_is_free_and_has_no_gain_per_cost(noisy_runs):
    found = advise([noisy_runs], Prices(label=0.0, row=0.0, review=0.02, gpu_hour=0.0)).action(
        "collect 8,000 more rows"
    )

    assert found.free
    assert found.per_cost is None


PRICE = st.floats(1e-4, 1e3)
ANY_PRICES = st.builds(Prices, label=PRICE, review=PRICE, row=PRICE, gpu_hour=PRICE)
QUICK = settings(max_examples=100, deadline=None)


def order(found: Advice) -> list[str]:
    return [a.name for a in found.actions]


@QUICK
@given(prices=ANY_PRICES, power=st.integers(-8, 8))
def test_another_currency_changes_neither_the_ranking_nor_the_answer(noisy_measured, prices, power):
    other = Prices(**{name: p * 2.0**power for name, p in prices.to_dict().items()})
    one, two = weigh(noisy_measured, prices), weigh(noisy_measured, other)

    assert order(one) == order(two)
    assert (one.answer, one.choice, one.rivals) == (two.answer, two.choice, two.rivals)


@QUICK
@given(prices=ANY_PRICES, raised=st.sampled_from(["label", "row", "review"]), by=st.floats(1.0, 1e3))
def test_raising_a_price_never_raises_the_rank_of_what_it_pays_for(noisy_measured, prices, raised, by):
    dearer = Prices(**{name: p * (by if name == raised else 1) for name, p in prices.to_dict().items()})
    before, after = weigh(noisy_measured, prices), weigh(noisy_measured, dearer)
    paid = "review" if raised == "review" else "collect"

    for name in [a.name for a in before.actions if a.kind == paid]:
        assert order(after).index(name) >= order(before).index(name)


# -- folders -----------------------------------------------------------------------------------------------------------


def test_several_comparisons_of_the_same_data_are_taken_together(tmp_path):
    one = planted(tmp_path / "one", CLEAN, models={"mlp": (0.0, 5_000, 1000)})
    two = planted(tmp_path / "two", {}, models={"mlp:width=128": (2.0, 20_000, 3000)})

    assert advise([one, two], PRICES).action("train mlp:width=128 instead of mlp").gain == pytest.approx(0.02)


def test_comparisons_of_other_data_are_refused(tmp_path):
    one = planted(tmp_path / "one", CLEAN)
    two = planted(tmp_path / "two", CLEAN, protocol={"data_fingerprint": "other", "test_fingerprint": "b"})

    with pytest.raises(InputError, match="of other data"):
        advise([one, two], PRICES)


def test_models_of_different_recipes_and_embeddings_are_not_taken_together(tmp_path):
    def folder(name, recipe, embeddings=""):
        known = {"data_fingerprint": "a", "test_fingerprint": "b", "embeddings": embeddings}
        return planted(tmp_path / name, CLEAN, protocol={**known, "recipe": recipe})

    one, same = (folder(name, {"linear": {"epochs": 20}}) for name in ("one", "same"))
    other, longer = folder("other", {"mlp": {"epochs": 20}}), folder("longer", {"mlp": {"epochs": 40}})

    assert advise([one, same, other], PRICES).folders == (str(one), str(same), str(other))
    with pytest.raises(InputError, match="trained model mlp by different recipes"):
        advise([one, other, longer], PRICES)
    with pytest.raises(InputError, match="of other embeddings"):
        advise([one, folder("brought", {"linear": {"epochs": 20}}, "c")], PRICES)


def test_what_is_no_finished_comparison_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        advise([tmp_path], PRICES)
    with pytest.raises(InputError, match="schema version 99"):
        advise([planted(tmp_path, CLEAN, schema_version=99)], PRICES)


def test_advice_comes_back_from_its_file_as_it_was(tmp_path, noisy_advice):
    noisy_advice.write_json(tmp_path)

    assert read_advice(tmp_path) == noisy_advice
    assert json.loads((tmp_path / "advice.json").read_text())["schema_version"] == 1


def test_the_same_runs_and_prices_give_the_same_advice(noisy_runs, noisy_advice):
    assert advise([noisy_runs], PRICES) == noisy_advice


# -- the command line --------------------------------------------------------------------------------------------------


def test_the_command_writes_three_files_and_ends_with_0(noisy_runs, tmp_path):
    ran = CliRunner().invoke(
        command, [str(noisy_runs), "--cost", "review=0.02,row=0.1,label=0.08", "-o", str(tmp_path / "out")]
    )

    assert ran.exit_code == 0, ran.output
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["advice.html", "advice.json", "advice.md"]
    assert "Review 800 doubtful labels" in ran.output


@pytest.mark.parametrize("where", ["../runs", "advice", "a/b"])
def test_advice_is_not_written_among_a_comparisons_files(noisy_runs, where):
    ran = CliRunner().invoke(command, [str(noisy_runs), "-o", f"{noisy_runs}/{where}"])

    assert isinstance(ran.exception, OutputError)
    assert [p.name for p in noisy_runs.iterdir()] == ["comparison.json"]


def test_a_folder_is_needed():
    assert CliRunner().invoke(command, []).exit_code == 2


def test_every_price_has_its_name_in_the_help():
    text = CliRunner().invoke(command, ["--help"]).output

    assert [name for name in NAMES if name not in text] == []
