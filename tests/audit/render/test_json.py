"""JSON for machines."""

import json

import pytest

from audit.render.json import as_json


@pytest.mark.parametrize("outcome", ["PASS", "FAIL", "ERROR"])
def test_it_is_the_report_and_the_verdict_in_json_values(case, outcome):
    made = case(outcome, hostile=True)
    values = as_json(made.report, made.verdict)
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values["verdict"]["outcome"] == outcome
    assert values["checks"].keys() == made.report.checks.keys()
    assert values["measures"] == made.report.measures
