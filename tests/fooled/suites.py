"""Suites that demand nothing, or not what their author meant."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from audit.commands.gate import command as gate_command
from tests.fooled.way import (
    FIT,
    Answers,
    Way,
    assay,
    flipped,
    gated,
    gx,
    gx_stored,
    listed,
    rule,
    suite_file,
    trees,
    written,
)

WAYS: list[Way] = []
BETWEEN = "expect_column_values_to_be_between"
IN_RANGE = {"column": "height", "min_value": 10, "max_value": 40}


def judged(place: Path, suite: str, table: pd.DataFrame | None = None):
    return gated(place, trees() if table is None else table, suite)


@listed(WAYS, "a suite without a demand", 3, "the suite demands nothing")
def empty(place):
    return Answers(judged(place, ""), gx(trees()))


@listed(WAYS, "a suite of which nothing could fail: severity info", 3, "all that stands in it is only told")
def only_told(place):
    told = {**IN_RANGE, "max_value": 11, "severity": "info"}
    return Answers(judged(place, rule(BETWEEN, **told)), gx(trees(), (BETWEEN, told)))


@listed(
    WAYS, "a suite that names an expectation whose class nobody imported", 3, "no expectation 'expect_trees_to_be_tall'"
)
def not_imported(place):
    said = judged(place, rule("expect_trees_to_be_tall", column="height"))
    return Answers(said, gx_stored(place, trees(), "expect_trees_to_be_tall"))


@listed(WAYS, "an expectation's type is misspelt", 3, "did you mean 'expect_column_values_to_be_between'")
def misspelt(place):
    return Answers(
        judged(place, rule("expect_column_values_to_be_betwen", **IN_RANGE)),
        gx_stored(place, trees(), "expect_column_values_to_be_betwen"),
    )


@listed(WAYS, "an argument of an expectation is misspelt", 3, "min_valeu extra fields not permitted")
def misspelt_argument(place):
    wrong = {"column": "height", "max_value": 40, "min_valeu": 10}
    return Answers(judged(place, rule(BETWEEN, **wrong)), gx(trees(), (BETWEEN, wrong)))


@listed(WAYS, "mostly = 0: any table will do", 3, "mostly is 0")
def mostly_nothing(place):
    none = {"column": "height", "min_value": 1000, "mostly": 0}
    return Answers(judged(place, rule(BETWEEN, **none)), gx(trees(), (BETWEEN, none)))


@listed(WAYS, "a range without either end", 3, "neither min_value nor max_value")
def no_ends(place):
    kind, none = "expect_column_mean_to_be_between", {"column": "height"}
    return Answers(judged(place, rule(kind, **none)), gx(trees(), (kind, none)))


@listed(WAYS, "a number of rows without either end", 3, "neither min_value nor max_value")
def no_row_ends(place):
    kind = "expect_table_row_count_to_be_between"
    return Answers(judged(place, rule(kind)), gx(trees(), (kind, {})))


@listed(WAYS, "a list of forbidden values that is empty", 3, "value_set is empty")
def nothing_forbidden(place):
    kind, none = "expect_column_values_to_not_be_in_set", {"column": "label", "value_set": []}
    return Answers(judged(place, rule(kind, **none)), gx(trees(), (kind, none)))


@listed(WAYS, "a list of required values that is empty", 3, "value_set is empty")
def nothing_required(place):
    kind, none = "expect_column_distinct_values_to_contain_set", {"column": "label", "value_set": []}
    return Answers(judged(place, rule(kind, **none)), gx(trees(), (kind, none)))


@listed(WAYS, "a divergence that is measured from nothing", 3, "no partition_object")
def no_partition(place):
    kind, none = "expect_column_kl_divergence_to_be_less_than", {"column": "label"}
    return Answers(judged(place, rule(kind, **none)), gx(trees(), (kind, none)))


@listed(WAYS, "a row condition that no row meets", 3, "no row meets its condition")
def no_rows(place):
    none = {"column": "height", "min_value": 1000, "row_condition": 'label=="oak"', "condition_parser": "pandas"}
    return Answers(judged(place, rule(BETWEEN, **none)), gx(trees(), (BETWEEN, none)))


@listed(WAYS, "a sum over rows that no row condition finds", 3, "no row meets its condition")
def no_rows_to_sum(place):
    kind = "expect_column_sum_to_be_between"
    none = {"column": "height", "max_value": 0, "row_condition": 'col("label") == "oak"', "condition_parser": "great_expectations"}  # fmt: skip
    return Answers(judged(place, rule(kind, **none)), gx(trees(), (kind, none)))


@listed(WAYS, "the different values of rows that a condition finds, all of them missing", 3, "every value is missing")
def no_values_to_compare(place):
    kind, table = "expect_column_distinct_values_to_be_in_set", trees()
    table.loc[table["label"] == "ash", "height"] = None
    none = {"column": "height", "value_set": [1.5], "row_condition": 'col("label") == "ash"', "condition_parser": "great_expectations"}  # fmt: skip
    return Answers(judged(place, rule(kind, **none), table), gx(table, (kind, none)))


@listed(WAYS, "one of several types, and none is named", 3, "no type_list")
def no_types(place):
    kind, none = "expect_column_values_to_be_in_type_list", {"column": "label"}
    return Answers(judged(place, rule(kind, **none)), gx(trees(), (kind, none)))


@listed(WAYS, "columns in an order that is not given", 3, "no column_list")
def no_order(place):
    kind = "expect_table_columns_to_match_ordered_list"
    return Answers(judged(place, rule(kind)), gx(trees(), (kind, {})))


@listed(WAYS, "quantiles of which none has an end", 3, "bounds no quantile")
def no_quantiles(place):
    kind, none = "expect_column_quantile_values_to_be_between", {"quantiles": [], "value_ranges": []}
    dotted = {f"quantile_ranges.{name}": value for name, value in none.items()}
    return Answers(
        judged(place, rule(kind, column="height", **dotted)),
        gx(trees(), (kind, {"column": "height", "quantile_ranges": none})),
    )


@listed(WAYS, "a column that must equal itself", 3, "column 'height' is held against itself")
def itself(place):
    kind, none = "expect_column_pair_values_to_be_equal", {"column_A": "height", "column_B": "height"}
    return Answers(judged(place, rule(kind, **none)), gx(trees(), (kind, none)))


@listed(WAYS, "no fewer rows than none", 3, "nothing of the kind is less")
def no_fewer_than_none(place):
    kind, none = "expect_table_row_count_to_be_between", {"min_value": 0}
    return Answers(judged(place, rule(kind, **none)), gx(trees(), (kind, none)))


@listed(WAYS, "a regular expression that is none", 3, "could not run")
def no_regex(place):
    kind, none = "expect_column_values_to_match_regex", {"column": "label", "regex": "("}
    return Answers(judged(place, rule(kind, **none)), gx(trees(), (kind, none)))


@listed(WAYS, "a limit on a measure that is misspelt", 1, "labels has no measure 'labels.rat'")
def misspelt_measure(place):
    return Answers(judged(place, '[limits]\n"labels.rat" = 0.05\n'))


@listed(WAYS, "a limit on a check that is misspelt", 1, "no check 'label' ran")
def misspelt_check(place):
    return Answers(judged(place, '[limits]\n"label.rate" = 0.05\n'))


@listed(WAYS, "a table of the suite file is misspelt: [limit]", 2, "did you mean 'limits'")
def misspelt_table(place):
    return Answers(judged(place, '[limit]\n"labels.rate" = 0.05\n'))


@listed(WAYS, "a limit of nan, which nothing exceeds", 2, "max must be a number")
def nan_limit(place):
    return Answers(
        judged(place, '[limits]\n"labels.rate" = nan\n'),
        gx(trees(), (BETWEEN, {"column": "height", "max_value": float("nan")})),
    )


@listed(WAYS, "a limit of infinity", 2, "max must be a number")
def infinite_limit(place):
    return Answers(
        judged(place, '[limits]\n"labels.rate" = inf\n'),
        gx(trees(), (BETWEEN, {"column": "height", "max_value": float("inf")})),
    )


@listed(WAYS, "a limit in quotation marks", 2, "max must be a number")
def worded_limit(place):
    return Answers(judged(place, '[limits]\n"labels.rate" = "0.05"\n'))


@listed(WAYS, "a limit in per cent on a share: 5", 2, "a share is never above 1")
def per_cent(place):
    kind, none = "expect_column_proportion_of_non_null_values_to_be_between", {"column": "height", "max_value": 5}
    return Answers(judged(place, '[limits]\n"missing.rate" = 5\n'), gx(trees(), (kind, none)))


@listed(WAYS, "a severity that is misspelt, and so matters to nobody", 2, "did you mean 'critical'")
def misspelt_severity(place):
    wrong = {**IN_RANGE, "severity": "critcal"}
    return Answers(judged(place, rule(BETWEEN, **wrong)), gx(trees(), (BETWEEN, wrong)))


@listed(WAYS, "an option of a check is misspelt", 2, "did you mean 'spread'")
def misspelt_option(place):
    return Answers(judged(place, FIT + "[checks.outliers]\nspred = 600\n"))


@listed(WAYS, "the suite file is not there", 2, "no such suite file")
def no_suite(place):
    return Answers(assay("gate", written(place, trees()), "--suite", place / "gone.toml"))


@listed(WAYS, "a report is judged by a suite it was not made for", 3, "was not run in this audit")
def other_suite(place):
    assay("audit", written(place, trees()), "--suite", suite_file(place, FIT), "-o", place / "report")
    return Answers(assay("gate", place / "report", "--suite", suite_file(place, rule(BETWEEN, **IN_RANGE))))


@listed(
    WAYS,
    "a report that was measured with laxer options is judged by a suite with strict ones",
    3,
    "was measured with spread = 1000",
)
def laxer_options(place):
    limits = '[limits]\n"outliers.count" = 0\n[checks.outliers]\n'
    assay(
        "audit",
        written(place, trees()),
        "--suite",
        suite_file(place, limits + "spread = 1000\n"),
        "-o",
        place / "report",
    )
    return Answers(assay("gate", place / "report", "--suite", suite_file(place, limits + "spread = 2\n")))


@listed(
    WAYS,
    "fewer labels are flagged, by an option given beside the suite that limits them",
    3,
    "was measured with budget = 3",
)
def budgeted(place):
    data, suite = written(place, flipped(trees())), suite_file(place, '[limits]\n"labels.flagged" = 5\n')
    assay("audit", data, "--suite", suite, "--budget", "3", "-o", place / "report")
    return Answers(assay("gate", place / "report"))


@listed(WAYS, "leakage is limited, and nothing is given to leak into", 1, "not measured: nothing to compare with")
def no_reference(place):
    return Answers(judged(place, FIT + '"leakage.exact.count" = 0\n'))


@listed(WAYS, "an option of the command is misspelt", 2, "No such option")
def misspelt_command(place):
    assert "suite" in {p.name for p in gate_command.params}
    return Answers(assay("gate", written(place, trees()), "--suit", suite_file(place, FIT)))
