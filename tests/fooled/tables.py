"""A table of a database that changes, is another, or is asked for by a name that is more than one."""

from __future__ import annotations

import sqlite3

from audit import audit, load
from audit.certificate.issue import certify
from audit.suite import read_suite
from audit.verdict import gate
from tests.fooled.way import FIT, Answers, Said, Way, _in_a_word, assay, called, listed, rule, suite_file, trees

WAYS: list[Way] = []
BETWEEN = "expect_column_values_to_be_between"
TALL = rule(BETWEEN, column="height", min_value=0)
TYPED = rule("expect_column_values_to_be_of_type", column="height", type_="REAL")


def execute(place, *statements) -> None:
    """Change the database."""
    made = sqlite3.connect(place / "forest.db")
    for statement in statements:
        made.execute(statement)
    made.commit()
    made.close()


def forest(place, rows=None, *, key: bool = True) -> str:
    """A database of trees, and its address."""
    lines = (trees() if rows is None else rows).itertuples(index=False)
    made = sqlite3.connect(place / "forest.db")
    number = f"nr INTEGER {'PRIMARY KEY' if key else ''}"
    made.execute(f"CREATE TABLE trees ({number}, height REAL, girth REAL, age REAL, crown REAL, label TEXT)")
    made.executemany("INSERT INTO trees VALUES (?, ?, ?, ?, ?, ?)", [(nr, *line) for nr, line in enumerate(lines)])
    made.commit()
    made.close()
    return f"sqlite:///{place / 'forest.db'}"


def gated(place, suite: str, *options: object, table: str = "trees") -> Said:
    """Gate the table."""
    where = f"sqlite:///{place / 'forest.db'}"
    return assay("gate", where, "--table", table, "--label", "label", "--suite", suite_file(place, suite), *options)


def gx_there(place, kind: str, **kwargs: object) -> str:
    """What a plain Great Expectations run on the database's table answers."""
    import great_expectations as gx_

    def work() -> object:
        context = gx_.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        source = context.data_sources.add_sqlite("p", connection_string=f"sqlite:///{place / 'forest.db'}")
        batch = source.add_table_asset("trees").add_batch_definition_whole_table("w").get_batch()
        return batch.validate(gx_.ExpectationSuite("s", expectations=[{"type": kind, "kwargs": kwargs}]))

    return _in_a_word(work)


def asked(place, suite: str, statement: str, *, certified: bool = False) -> Answers:
    """Read the table, let somebody change it, then run the schema check; or run that first, then ask for a certificate."""
    data, rules = load(forest(place), table="trees", label="label"), read_suite(suite_file(place, suite))
    if not certified:
        execute(place, statement)
    report = audit(data, suite=rules, checks=["schema"])
    verdict = gate(report, rules)
    if not certified:
        why = "; ".join(b.why for b in verdict.breaches)
        return Answers(Said(verdict.exit_code, f"{verdict.outcome}: {why}"))
    assert verdict.passed
    execute(place, statement)
    return Answers(called(lambda: certify(data, report, rules)))


@listed(WAYS, "a database's table is changed between the reading of its rows and the schema check", 3, "changed after its rows were read: some hold other values")  # fmt: skip
def changed_before_the_check(place):
    return asked(place, TALL, "UPDATE trees SET height = height + 1 WHERE nr = 5")


@listed(
    WAYS, "rows are added to a database's table between the reading and the schema check", 3, "240 rows then, 241 now"
)
def added_before_the_check(place):
    return asked(place, TALL, "INSERT INTO trees VALUES (999, -1, 1, 1, 1, 'ash')")


@listed(WAYS, "a database's table is changed between the schema check and the certificate", 3, "some hold other values")
def changed_before_the_certificate(place):
    return asked(place, TALL, "UPDATE trees SET label = 'ash' WHERE nr = 5 OR nr = 7", certified=True)


@listed(WAYS, "a column is added to a database's table between the reading of its rows and the schema check", 3, "column bark is new")  # fmt: skip
def retyped(place):
    return asked(place, TYPED, "ALTER TABLE trees ADD COLUMN bark TEXT")


@listed(WAYS, "a database's table is renamed, and another is put in its place", 1, "not what the gate judged")
def replaced(place):
    forest(place)
    cert = place / "cert.json"
    assert gated(place, FIT, "--certificate", cert).code == 0
    execute(place, "ALTER TABLE trees RENAME TO old", "CREATE TABLE trees AS SELECT * FROM old WHERE nr % 3 > 0")
    return Answers(
        assay("gate", f"sqlite:///{place / 'forest.db'}", "--table", "trees", "--id", "nr", "--verify", cert)
    )


@listed(WAYS, "a certificate of a database's table is shown for a view with other rows", 1, "rows removed")
def view(place):
    forest(place)
    cert = place / "cert.json"
    assert gated(place, FIT, "--certificate", cert).code == 0
    execute(place, "CREATE VIEW shown AS SELECT * FROM trees WHERE nr < 100")
    return Answers(
        assay("gate", f"sqlite:///{place / 'forest.db'}", "--table", "shown", "--id", "nr", "--verify", cert)
    )


@listed(WAYS, "a database's table has no key, so that its rows could come in any order", 2, "no primary key, and rows of a database have no place")  # fmt: skip
def keyless(place):
    forest(place, key=False)
    return Answers(gated(place, FIT))


@listed(
    WAYS, "a database's column of numbers holds words, as SQLite lets it", 2, "is declared REAL and holds str 'tall'"
)
def words_for_numbers(place):
    forest(place)
    execute(place, "UPDATE trees SET height = 'tall' WHERE nr = 7")
    return Answers(gated(place, TALL), gx_there(place, BETWEEN, column="height", min_value=0))


@listed(WAYS, "a database's column of numbers holds words, and only its schema is judged", 2, "is declared REAL and holds text in 1 of 240 rows")  # fmt: skip
def words_in_the_schema(place):
    where = forest(place)
    execute(place, "UPDATE trees SET height = 'tall' WHERE nr = 7")
    said = assay("gate", where, "--table", "trees", "--schema-only", "--suite", suite_file(place, TALL))
    return Answers(said, gx_there(place, BETWEEN, column="height", min_value=0))


@listed(WAYS, "an id stands twice in a database's table, and only its schema is judged", 2, "names 1 of 240 rows twice")
def twice_in_the_schema(place):
    where = forest(place, key=False)
    execute(place, "UPDATE trees SET nr = 8 WHERE nr = 7")
    said = assay("gate", where, "--table", "trees", "--id", "nr", "--schema-only", "--suite", suite_file(place, TALL))
    return Answers(said, gx_there(place, BETWEEN, column="height", min_value=0))


@listed(WAYS, "a suite's own SQL ends the transaction that may only read, deletes the bad rows, and finds none", 3, "asks nothing: a question begins with SELECT")  # fmt: skip
def writing(place):
    return _written(place, "COMMIT; DELETE FROM trees WHERE height > 0; SELECT 1 FROM {batch} WHERE 0")


@listed(WAYS, "a suite's own SQL begins as a question, and goes on to delete rows", 3, "could not run")
def writing_behind_a_question(place):
    return _written(place, "SELECT 1 FROM {batch} WHERE 0; COMMIT; DELETE FROM trees")


def _written(place, query: str) -> Answers:
    where = forest(place)
    suite = suite_file(place, rule("unexpected_rows_expectation", unexpected_rows_query=query))
    said = assay("gate", where, "--table", "trees", "--schema-only", "--suite", suite)
    assert len(load(where, table="trees", label="label")) == len(trees())
    return Answers(said)


@listed(WAYS, "a rule's condition is on a misspelt column, which SQLite takes for a text, so that every row meets it", 3, "no column 'Hieght'")  # fmt: skip
def misspelt_condition(place):
    forest(place)
    kwargs = {"column": "height", "min_value": 0, "row_condition": 'col("Hieght") > 5', "condition_parser": "great_expectations"}  # fmt: skip
    return Answers(gated(place, rule(BETWEEN, **kwargs)), gx_there(place, BETWEEN, **kwargs))


@listed(WAYS, "a rule's condition is two comparisons in one text, of which only the first is held", 3, "only the first comparison would be held")  # fmt: skip
def half_a_condition(place):
    forest(place)
    kwargs = {"column": "height", "max_value": 0, "row_condition": 'col("label") == "none" or col("height") > 0', "condition_parser": "great_expectations"}  # fmt: skip
    return Answers(gated(place, rule(BETWEEN, **kwargs)), gx_there(place, BETWEEN, **kwargs))


@listed(WAYS, "a database's table is empty, and only its schema is judged", 3, "no row meets its condition")
def empty(place):
    where = forest(place, trees().iloc[:0])
    said = assay("gate", where, "--table", "trees", "--schema-only", "--suite", suite_file(place, TALL))
    return Answers(said, gx_there(place, BETWEEN, column="height", min_value=0))


@listed(
    WAYS, "only the schema of a table is judged, by a suite with limits that need its rows", 2, "limits on labels.rate"
)
def limits_without_rows(place):
    where = forest(place)
    suite = suite_file(place, TALL + '[limits]\n"labels.rate" = 0.5\n')
    return Answers(assay("gate", where, "--table", "trees", "--schema-only", "--suite", suite))


@listed(WAYS, "an expectation that the SQL engine does not have", 3, "could not run")
def unsupported(place):
    forest(place)
    kind = "expect_column_values_to_be_json_parseable"
    return Answers(gated(place, rule(kind, column="label")), gx_there(place, kind, column="label"))


@listed(WAYS, "a rule on `Height`, which a database's engine takes for height", 3, "did you mean 'height'")
def other_case(place):
    forest(place)
    said = gated(place, rule(BETWEEN, column="Height", min_value=0))
    return Answers(said, gx_there(place, BETWEEN, column="Height", min_value=0))


@listed(WAYS, "the name of a table is a statement: trees; DROP TABLE trees", 2, "no table 'trees; DROP TABLE trees'")
def injected(place):
    forest(place)
    said = gated(place, FIT, table="trees; DROP TABLE trees")
    assert gated(place, FIT).code == 0
    return Answers(said)


@listed(WAYS, "the name of a column is a statement", 3, "does not exist")
def injected_column(place):
    forest(place)
    said = gated(place, rule(BETWEEN, column='height"; DROP TABLE trees; --', min_value=0))
    assert gated(place, FIT).code == 0
    return Answers(said)


@listed(WAYS, "a database's address holds a password, and the server does not answer", 2, "error: postgresql://me@127.0.0.1:9/db?table=t")  # fmt: skip
def password(place):
    said = assay("gate", "postgresql://me:geheim@127.0.0.1:9/db", "--table", "t", "--suite", suite_file(place, FIT))
    assert "geheim" not in said.text
    return Answers(said)
