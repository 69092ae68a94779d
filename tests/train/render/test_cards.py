"""Comparisons and advice as cards in a notebook."""

from tests.audit.test_notebook import OURS, Seen
from tests.faces import advised
from tests.train.render.conftest import ESCAPE, MARKUP


def test_a_comparison_shows_every_verdict_with_its_interval(case):
    text = Seen(case("helps")._repr_html_()).text
    assert "▲ RELABELLING HELPS" in text
    assert "Relabel before you train: about 2.0 points better." in text
    assert "relabelled ▲ helps +2.0 +1.7 to +2.3" in text
    assert "random-pruned (control: drops as many rows at random) ▼ hurts −0.4 −0.6 to −0.2" in text
    assert "assay clean" in text


def test_every_model_has_its_own_verdicts(case):
    text = Seen(case("three models")._repr_html_()).text
    assert [text.count(f"Model {model},") for model in ("linear", "mlp", "cnn")] == [1, 1, 1]


def test_no_comparison_breaks_its_card(any_case):
    seen = Seen(any_case._repr_html_())
    assert seen.text.startswith("assay comparison")
    assert {tag for tag, _ in seen.tags} <= OURS
    assert len(repr(any_case)) < 160


def test_markup_in_names_is_shown_as_text(case):
    text = Seen(case("markup")._repr_html_()).text
    assert MARKUP in text
    assert ESCAPE not in text


def test_advice_shows_the_choice_and_every_action(tmp_path):
    given = advised(tmp_path / "runs")
    text = Seen(given._repr_html_()).text
    assert "▲ DO THIS Review 800 doubtful labels: about 4.0 points better for 16.00." in text
    assert "Review all 8,000 labels ▲ do it +8.0 +7.0 to +9.0 160.00" in text
    assert repr(given) == "Advice('reviews.csv', do it: review 800 doubtful labels, of 10 actions)"
