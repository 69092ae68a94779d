"""What we rely on in Great Expectations, beyond what it promises: an upgrade that moves it fails here, and says what."""

import ast
import inspect
import re
import sqlite3
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
import pytest
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
from great_expectations.expectations.registry import get_expectation_impl, list_registered_expectation_implementations
from great_expectations.render.renderer import ExpectationSuitePageRenderer, ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView
from great_expectations.validator.metric_configuration import MetricConfiguration

from audit.gx.outcomes import NO_VALUES_NEEDED, crashes
from audit.gx.words import PHRASES
from audit.suite.vacuous import EMPTY_PASSES

ROOT = Path(__file__).parents[3]
HERE = f"Great Expectations {version('great-expectations')}"
TABLE = pd.DataFrame({"n": [1, 2, 30], "word": ["x", "y", None]}, index=["a", "b", "c"])


def taken() -> list[tuple[str, str, str]]:
    """Every name that audit/gx takes out of Great Expectations, most from modules that are not documented: file, module, name."""
    return sorted(
        (path.relative_to(ROOT).as_posix(), node.module, alias.name)
        for path in (ROOT / "audit/gx").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "great_expectations"
        for alias in node.names
    )


@pytest.fixture(scope="module")
def batch():
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
    return asset.add_batch_definition_whole_dataframe("w").get_batch({"dataframe": TABLE})


def test_the_version_is_one_that_we_say_we_support():
    (low, high) = re.search(r'"great-expectations>=([\d.]+),<(\d+)"', (ROOT / "pyproject.toml").read_text()).groups()
    installed = tuple(map(int, version("great-expectations").split(".")[:2]))

    assert tuple(map(int, low.split("."))) <= installed < (int(high),)


def test_what_we_import_is_where_it_was():
    moved = [f"{file}: {module}.{name}" for file, module, name in taken() if not there(module, name)]

    assert taken()
    assert moved == [], f"{HERE} has moved what we import from it"


def there(module: str, name: str) -> bool:
    """A name of the module, or a module in it."""
    for where, attribute in ((module, name), (f"{module}.{name}", "__name__")):
        try:
            found = import_module(where)
        except ModuleNotFoundError:
            continue
        if hasattr(found, attribute):
            return True
    return False


def test_the_registry_gives_classes_by_type_in_snake_case():
    names = list_registered_expectation_implementations()
    needed = {*PHRASES, *NO_VALUES_NEEDED, *EMPTY_PASSES}

    assert needed <= set(names), f"{HERE} no longer registers {needed - set(names)}; audit/gx/words.py names it"
    assert get_expectation_impl("expect_column_to_exist") is gxe.ExpectColumnToExist, (
        f"{HERE}: get_expectation_impl gives something else than the class; audit/gx/tables.py builds from it"
    )


def test_an_abstract_base_is_not_registered():
    from audit.gx.expectations.base import AboutReport

    assert inspect.isabstract(AboutReport), f"{HERE}: expectations are no abstract classes any more"
    assert "about_report" not in list_registered_expectation_implementations(), (
        f"{HERE} registers abstract classes; audit/gx/expectations/base.py must not be offered"
    )


def test_an_empty_suite_is_a_success_which_is_why_we_count(batch):
    result = batch.validate(gx.ExpectationSuite("empty"))

    assert (result.success, len(result.results)) == (True, 0), (
        f"{HERE} has an answer of its own to an empty suite; read RequireExpectations and docs/great-expectations.md again"
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_expectation_of_an_unknown_type_is_dropped_which_is_why_we_count(caplog):
    caplog.set_level("CRITICAL", logger="great_expectations")
    suite = gx.ExpectationSuite("s", expectations=[{"type": "expect_the_unknown", "kwargs": {}}])

    assert suite.expectations == [], (
        f"{HERE} keeps or refuses what it does not know; read RequireExpectations and docs/great-expectations.md again"
    )


class ExpectToCrash(gxe.ExpectTableRowCountToEqual):
    """Breaks while it judges."""

    def _validate(self, *args, **kwargs):
        raise RuntimeError("broken while judging")


@pytest.mark.parametrize(
    ("expectation", "nested", "said"),
    [
        (gxe.ExpectColumnMaxToBeBetween(column="gone", max_value=1), True, 'The column "gone" in BatchData does not exist'),
        (ExpectToCrash(value=3), False, "broken while judging"),
    ],
    ids=["in a metric", "in the expectation"],
)  # fmt: skip
def test_a_crash_has_one_of_two_shapes_and_is_no_success(batch, expectation, nested, said):
    (result,) = batch.validate(gx.ExpectationSuite("s", expectations=[expectation])).results
    flat = "raised_exception" in result.exception_info

    assert flat is not nested, f"{HERE} gives exceptions in another shape; audit/gx/outcomes.py reads two"
    assert said in crashes(result.exception_info)[0], f"{HERE}: crashes() of audit/gx/outcomes.py finds no message"
    assert result.success is False


def test_what_went_well_says_so_in_the_flat_shape(batch):
    result = batch.validate(gxe.ExpectColumnToExist(column="n"))

    assert result.exception_info["raised_exception"] is False, f"{HERE}: audit/gx/outcomes.py reads raised_exception"
    assert crashes(result.exception_info) == []


def test_rows_come_with_their_counts_ids_and_values(batch):
    expectation = gxe.ExpectColumnValuesToBeBetween(column="n", max_value=9)
    found = batch.validate(expectation, result_format={"result_format": "COMPLETE"}).result
    read = {k: found.get(k) for k in ("element_count", "missing_count", "unexpected_index_list", "unexpected_list")}

    assert read == {
        "element_count": 3,
        "missing_count": 0,
        "unexpected_index_list": ["c"],
        "unexpected_list": [30],
    }, f"{HERE} keeps rows another way; audit/gx/outcomes.py reads these"


def test_numbers_come_as_the_observed_value(batch):
    result = batch.validate(gxe.ExpectTableRowCountToEqual(value=2))

    assert (result.success, result.result) == (False, {"observed_value": 3}), f"{HERE}: audit/gx/outcomes.py reads it"


def test_an_argument_that_equals_its_default_is_not_kept_which_is_why_ours_have_none():
    kept = gxe.ExpectColumnValuesToNotBeNull(column="n", mostly=1.0).configuration.to_json_dict()["kwargs"]

    assert kept == {"column": "n"}, f"{HERE} keeps defaults: thresholds may have some now (audit/gx/expectations)"


class ExpectToCount(gxe.ExpectTableRowCountToEqual):
    """Shows what an expectation can have of the engine that runs it."""

    def _validate(self, metrics, runtime_configuration=None, execution_engine=None):
        domain = {**self._get_domain_kwargs(), "column": "word"}
        asked = MetricConfiguration("column.value_counts", domain, {"sort": "value", "collate": None})
        counts = execution_engine.resolve_metrics((asked,))[asked.id].to_dict()
        return {"success": True, "result": {"observed_value": counts}}


def test_an_engine_counts_the_values_of_a_column(batch, tmp_path):
    with sqlite3.connect(tmp_path / "d.db") as connection:
        TABLE.to_sql("t", connection, index=False)
    connection.close()
    sources = gx.get_context(mode="ephemeral").data_sources
    table = sources.add_sqlite("q", connection_string=f"sqlite:///{tmp_path / 'd.db'}").add_table_asset(
        "t", table_name="t"
    )
    elsewhere = table.add_batch_definition_whole_table("w").get_batch()

    found = [b.validate(ExpectToCount(value=3)).result.get("observed_value") for b in (batch, elsewhere)]
    elsewhere.data.execution_engine.engine.dispose()

    assert found == [{"x": 1, "y": 1}] * 2, f"{HERE}: audit/gx/expectations/base.py compares classes by this"


def test_a_batch_expectation_is_handed_the_metrics_that_it_names():
    needed = {"table.row_count": gxe.ExpectTableRowCountToEqual, "table.columns": gxe.ExpectTableColumnsToMatchSet}

    assert [m for m, e in needed.items() if m not in e.metric_dependencies] == [], (
        f"{HERE} calls metrics otherwise; audit/gx/expectations/base.py asks for these"
    )


def test_the_pandas_engine_gives_the_frame_as_it_is(batch):
    frame = batch.data.execution_engine.get_domain_records(domain_kwargs={"batch_id": batch.id})

    pd.testing.assert_frame_equal(frame, TABLE)


def test_pages_are_put_together_from_what_we_take_out_and_style(batch):
    suite = gx.ExpectationSuite(
        "s", expectations=[gxe.ExpectColumnToExist(column="n"), gxe.ExpectTableRowCountToEqual(value=2)]
    )
    result = batch.validate(suite)
    assert isinstance(result, ExpectationSuiteValidationResult)

    show = DefaultJinjaPageView().render
    page, about = (
        show(ValidationResultsPageRenderer().render(result)),
        show(ExpectationSuitePageRenderer().render(suite)),
    )
    parts = (
        "<head>",
        "</head>",
        "fa-check-circle",
        "fa-times",
        'id="option2"',
        "hide-succeeded-validation-target-child",
    )

    assert [p for p in parts if p not in page] == [], f"{HERE} has other templates; see audit/gx/data_docs.py and .css"
    assert re.search(r'href="[./]*expectations/s\.html"', page), (
        f"{HERE} links pages another way; audit/gx/data_docs.py"
    )
    assert re.search(r'href="[./]*index\.html"', about), f"{HERE} links pages another way; audit/gx/data_docs.py"
