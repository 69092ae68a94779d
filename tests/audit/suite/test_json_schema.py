"""The published schemas say what the parsers do. `python -m tests.audit.suite.test_json_schema` writes them anew."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from audit.config import read_config
from audit.errors import AssayError
from audit.suite import SHIPPED, parse_suite
from audit.suite.json_schema import config_schema, suite_schema

DOCS = Path(__file__).parents[3] / "docs"
PUBLISHED = {"config.schema.json": config_schema, "suite.schema.json": suite_schema}


def written(schema: dict) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_published_is_what_the_parser_is_made_of(name):
    assert (DOCS / name).read_text(encoding="utf-8") == written(PUBLISHED[name]())


@pytest.mark.parametrize("name", PUBLISHED)
def test_it_is_a_schema(name):
    jsonschema.Draft202012Validator.check_schema(PUBLISHED[name]())


SUITES = [
    '[[expectations]]\ntype = "expect_x"\ncolumn = "a"\nmin_value = 3',
    '[[expectations]]\ntype = "expect_x"\nseverity = "info"\nabout = { notes = "x" }',
    '[limits]\n"a.b" = 3\n"a.c" = { max = 0.1, severity = "warning" }',
    "[checks.labels]\nseeds = 3",
    'about = { name = "x" }',
    "",
    '[limit]\n"a.b" = 3',
    '[limits]\n"a.b" = "3"',
    '[limits]\n"a.b" = true',
    '[limits]\n"a.b" = { severity = "info" }',
    '[limits]\n"a.b" = { max = 1, maximum = 2 }',
    '[limits]\n"a.b" = { max = 1, severity = "fatal" }',
    '[[expectations]]\ncolumn = "a"',
    "[[expectations]]\ntype = 3",
    '[[expectations]]\ntype = "x"\nabout = 3',
    '[[expectations]]\ntype = "x"\nseverity = "crit"',
    'expectations = { type = "x" }',
    "limits = [1]",
    "checks = 3",
    "[checks]\nlabels = 3",
    "about = 3",
]


@pytest.mark.parametrize("text", [*SUITES, *(p.read_text() for p in sorted(SHIPPED.glob("*.toml")))])
def test_schema_and_parser_agree_on_suites(text):
    values = tomllib.loads(text)
    try:
        parse_suite(values, name="s")
        parsed = True
    except AssayError:
        parsed = False
    assert jsonschema.Draft202012Validator(suite_schema()).is_valid(values) == parsed


CONFIGS = [
    "",
    'label = "x"\nseed = 3\nfeatures = ["a"]\nno_label = true',
    '[profile.ci]\nfail_on = "warning"\nformat = "sarif"',
    "[profile.ci]",
    'lable = "x"',
    'label = ""',
    "label = 3",
    "seed = true",
    "seed = 1.5",
    "features = []",
    'features = [""]',
    'features = "a"',
    'fail_on = "info"',
    'format = "xml"',
    "profile = 3",
    "profile.ci = 3",
    "[profile.ci]\nseeed = 3",
    "[profile.ci.profile.x]",
]


@pytest.mark.parametrize("text", CONFIGS)
def test_schema_and_parser_agree_on_settings(text, tmp_path):
    (tmp_path / "assay.toml").write_text(text)
    try:
        read_config(tmp_path)
        parsed = True
    except AssayError:
        parsed = False
    assert jsonschema.Draft202012Validator(config_schema()).is_valid(tomllib.loads(text)) == parsed


def main() -> None:
    for name, schema in PUBLISHED.items():
        (DOCS / name).write_text(written(schema()), encoding="utf-8")


if __name__ == "__main__":
    main()
