"""A real PostgreSQL, started by these tests: its types, its snapshots, its passwords."""

import datetime as dt
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from audit import load
from audit.errors import InputError, StaleError, UnknownName
from audit.sources import read
from audit.sources.moment import moment
from audit.sources.sql import hold, prove
from tests.postgres import PASSWORD

SECRET = ":" + quote(PASSWORD, safe="")


@pytest.fixture(scope="module")
def server(postgres):
    postgres.run(
        "CREATE SCHEMA shop",
        """CREATE TABLE shop.reviews (
            nr bigint PRIMARY KEY, stars smallint, price numeric(8, 2), share double precision, exact numeric,
            whole numeric(12, 0), label text, code char(3), day date, at timestamp, zoned timestamptz, fresh boolean,
            raw bytea, doc jsonb, many int[], took interval, uid uuid, mood text)""",
        """INSERT INTO shop.reviews VALUES
            (20, 5, 19.99, 0.1, 1.5, 7, 'good', 'ab', '2024-02-29', '2024-02-29 12:00:00.5', '2024-02-29 12:00+02',
             true, '\\x00ff', '{"b": 1, "a": [2]}', '{1,2}', '1 day 02:03:04', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', ''),
            (3, NULL, NULL, 'NaN', NULL, NULL, 'bad', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'é')""",
        "CREATE TABLE wide (nr int PRIMARY KEY, x real, label text)",
        "INSERT INTO wide SELECT i, i / 3.0, CASE WHEN i % 2 = 0 THEN 'even' ELSE 'odd' END FROM generate_series(25000, 1, -1) i",
        "CREATE MATERIALIZED VIEW few AS SELECT * FROM wide WHERE nr <= 10",
        "CREATE TABLE secret (nr int PRIMARY KEY, x real, label text)",
        "INSERT INTO secret VALUES (1, 1, 'a'), (2, 2, 'b')",
        "CREATE ROLE guest LOGIN PASSWORD 'guest'",
        "GRANT SELECT ON wide TO guest",
    )
    return postgres


def at(server, table, more=""):
    return f"{server.by_socket}&table={table}{more}"


@pytest.fixture(scope="module")
def reviews(server):
    return read(at(server, "shop.reviews")).table


def test_every_type_becomes_what_a_file_would_hold(reviews):
    one = reviews.iloc[1].to_dict()

    assert reviews["nr"].tolist() == [3, 20]
    assert (one["stars"], one["price"], one["share"], one["exact"], one["whole"]) == (5, 19.99, 0.1, 1.5, 7)
    assert (one["label"], one["code"], one["mood"]) == ("good", "ab", "")
    assert one["day"] == dt.date(2024, 2, 29)
    assert one["at"] == pd.Timestamp("2024-02-29 12:00:00.5")
    assert one["zoned"] == pd.Timestamp("2024-02-29 10:00", tz="UTC")
    assert (one["fresh"], one["raw"]) == (True, b"\x00\xff")
    assert (one["doc"], one["many"], one["took"]) == ('{"a": [2], "b": 1}', "{1,2}", "1 day 02:03:04")
    assert one["uid"] == "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    empty = [c for c in reviews.columns if not pd.isna(reviews[c].iloc[0])]
    assert empty == ["nr", "label", "mood"]


def test_numbers_are_numbers(reviews):
    assert [reviews[c].dtype.kind for c in ("stars", "price", "share", "exact", "whole")] == ["f"] * 5
    assert reviews["nr"].dtype == np.int64


def test_decimals_that_no_number_holds_are_kept_as_words_and_that_is_said(server):
    server.run(
        "CREATE TABLE fine (nr int PRIMARY KEY, price numeric, label text)",
        "INSERT INTO fine VALUES (1, 0.12345678901234567891, 'a'), (2, 1.5, 'b')",
    )
    content = read(at(server, "fine"))

    assert content.table["price"].tolist() == ["0.12345678901234567891", "1.5"]
    assert any("'price' is read as words" in said for said in content.notes)


def test_a_large_table_comes_in_blocks_and_in_order(server):
    table = read(at(server, "wide")).table

    assert table["nr"].tolist() == list(range(1, 25_001))
    assert table["x"].iloc[2] == 1.0


def test_a_table_may_lie_in_a_schema_or_be_a_view(server):
    assert len(load(at(server, "few", "&id=nr"), label="label")) == 10
    with pytest.raises(UnknownName, match=r"no table 'shop\.review'; there is shop\.reviews; did you mean"):
        load(at(server, "shop.review"), label="label")
    with pytest.raises(UnknownName, match=r"no table 'wid'; there is .*wide; did you mean 'wide'"):
        load(at(server, "wid"), label="label")


# -- how one gets in ---------------------------------------------------------------------------------------------------


def test_a_password_in_the_address_opens_and_is_shown_nowhere(server):
    data = load(f"{server.by_loopback(SECRET)}?table=wide", label="label")

    assert data.name == f"{server.by_loopback()}?table=wide"
    assert PASSWORD not in repr((data, data.origin, data.inferred, data.name))
    prove(data)


def test_a_password_comes_from_the_environment_or_the_password_file(server, monkeypatch, tmp_path):
    guest = f"postgresql://guest@localhost:{server.port}/postgres?table=wide"
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    with pytest.raises(
        InputError, match=r"asks for a password, and there is none in PGPASSWORD, ~/\.pgpass or the address"
    ):
        load(guest, label="label")
    (tmp_path / "pgpass").write_text(f"localhost:{server.port}:*:guest:guest\n")
    (tmp_path / "pgpass").chmod(0o600)
    assert len(load(guest, label="label")) == 25_000
    monkeypatch.setenv("PGPASSFILE", "/nowhere")
    monkeypatch.setenv("PGPASSWORD", "guest")
    for name, value in {
        "PGHOST": "127.0.0.1",
        "PGPORT": server.port,
        "PGUSER": "guest",
        "PGDATABASE": "postgres",
    }.items():
        monkeypatch.setenv(name, str(value))
    assert len(load("postgresql://?table=wide", label="label")) == 25_000


def test_a_wrong_password_is_one_line_without_it(server):
    with pytest.raises(InputError, match='password authentication failed for user "tester"') as refused:
        load(f"postgresql://tester:wrongword@localhost:{server.port}/postgres?table=wide", label="label")
    assert "wrongword" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("server", "why"),
    [
        ("127.0.0.1:9/db?", "Connection refused"),
        ("/db?host=/nowhere&", "No such file or directory"),
        ("nowhere.invalid/db?connect_timeout=5&", "cannot be reached: "),
    ],
)
def test_a_server_that_does_not_answer_is_one_line(server, why):
    with pytest.raises(InputError, match=why) as refused:
        load(f"postgresql://x:geheim@{server}table=t", label="label")
    assert "geheim" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_one_may_not_read_is_said(server, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "guest")
    with pytest.raises(InputError, match="permission denied for table secret"):
        load(f"postgresql://guest@127.0.0.1:{server.port}/postgres?table=secret", label="label")


def test_a_parameter_of_the_environment_that_is_none_is_said(monkeypatch):
    monkeypatch.setenv("PGPORT", "five")
    with pytest.raises(InputError, match="PGPORT is 'five', which is not a whole number"):
        load("postgresql://x@localhost/db?table=t", label="label")


def test_the_time_to_wait_for_a_server_is_not_the_time_for_its_answers(server):
    with moment(at(server, "wide", "&connect_timeout=1")) as now, now.engine.connect() as one:
        assert one.execute(sa.text("SELECT 1 FROM pg_sleep(1.3)")).scalar() == 1


def test_encryption_that_the_server_has_not_is_not_gone_without(server):
    with pytest.raises(InputError, match="SSL"):
        load(f"{server.by_loopback(SECRET)}?table=wide&sslmode=require", label="label")
    with pytest.raises(UnknownName, match=r"no sslmode 'requir'; .*did you mean 'require'"):
        load(f"{server.by_loopback(SECRET)}?table=wide&sslmode=requir", label="label")
    assert len(load(f"{server.by_loopback(SECRET)}?table=wide&sslmode=disable", label="label")) == 25_000


# -- one snapshot ------------------------------------------------------------------------------------------------------


def test_all_connections_of_a_moment_see_the_same_rows_whoever_writes(server):
    server.run(
        "CREATE TABLE live (nr int PRIMARY KEY, x real, label text)", "INSERT INTO live VALUES (1, 1, 'a'), (2, 2, 'b')"
    )
    data = load(at(server, "live"), label="label")
    with moment(at(server, "live")) as now:
        for i in range(3, 6):
            server.run(f"INSERT INTO live VALUES ({i}, {i}, 'a')", "UPDATE live SET x = x + 1")
            with now.engine.connect() as one, now.engine.connect() as other:
                counts = [c.execute(sa.text("SELECT count(*), sum(x) FROM live")).one() for c in (one, other)]
            assert counts == [(2, 3.0)] * 2
        hold(data, now)
    with pytest.raises(StaleError, match="2 rows then, 5 now"):
        prove(data)


def test_nothing_can_be_written_in_a_moment(server):
    with moment(at(server, "wide")) as now:
        refused = pytest.raises(sa.exc.DBAPIError, match="read-only transaction")
        with now.engine.connect() as one, refused:
            one.execute(sa.text("DELETE FROM wide"))


def test_a_column_of_another_type_is_a_change_though_the_values_are_the_same(server):
    server.run(
        "CREATE TABLE typed (nr int PRIMARY KEY, x int, label text)",
        "INSERT INTO typed VALUES (1, 1, 'a'), (2, 2, 'b')",
    )
    data = load(at(server, "typed"), label="label")
    server.run("ALTER TABLE typed ALTER x TYPE bigint")

    with pytest.raises(StaleError, match="column x is new, or of another type"):
        prove(data)
