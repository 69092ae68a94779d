"""A certificate comes back as it was written, and not once anything in it was touched."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from certificate.gated import certificate_of, csv, pets, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.certificate.listing import listing_of
from audit.certificate.record import Certificate, Uncertified, canonical, digest_of
from audit.certificate.verify import verify_files
from audit.errors import AssayError, InputError
from audit.sources import load


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A table with its certificate."""
    folder = tmp_path_factory.mktemp("record")
    written(csv(folder), folder / "cert.json", days=30)
    return folder


def leaves(value: Any, path: tuple = ()) -> list[tuple]:
    """Where every value stands, inner objects and lists included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(leaf for k, v in inner for leaf in leaves(v, (*path, k)))]


def put(values: Any, path: tuple, new: Any) -> Any:
    """The same with another value there."""
    changed = copy.deepcopy(values)
    at = changed
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = new
    return changed


def test_it_comes_back_as_it_was_written(tmp_path):
    made = certificate_of(load(csv(tmp_path), label="label"), days=3)
    made.write(tmp_path / "cert.json")
    back = Certificate.read(tmp_path / "cert.json")

    assert back == made
    assert back.rows() == made.kept
    assert back.to_dict() == json.loads((tmp_path / "cert.json").read_text())


def test_it_says_what_was_gated_by_what_and_how_it_went(place):
    values = json.loads((place / "cert.json").read_text())

    assert values["data"]["name"] == "data.csv"
    assert values["data"]["files"]["bytes"] == (place / "data.csv").stat().st_size
    assert values["data"]["rows"] == 12
    assert values["data"]["fingerprint"] == load(place / "data.csv", label="label").fingerprint
    assert values["suite"]["name"] == "fit"
    assert values["verdict"] == {"outcome": "PASS", "judged": 1, "breaches": []}
    assert (values["created"], values["expires"]) == ("2030-01-01T12:00:00Z", "2030-01-31T12:00:00Z")
    assert {"assay", "cleanlab", "great-expectations", "python"} <= set(values["versions"])


def test_the_same_gate_at_the_same_time_writes_the_same_bytes(tmp_path):
    first, second = (written(csv(tmp_path), tmp_path / name) for name in ("a.json", "b.json"))

    assert first.read_bytes() == second.read_bytes()
    assert listing_of(first).read_bytes() == listing_of(second).read_bytes()


def test_no_path_of_this_machine_is_in_it(place):
    assert str(place) not in (place / "cert.json").read_text()


OTHER = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.text(max_size=4), st.just([]), st.just({}))


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_another_value_anywhere_is_noticed(place, tmp_path, data):
    values = json.loads((place / "cert.json").read_text())
    where = data.draw(st.sampled_from(leaves(values)))
    new = data.draw(OTHER)
    tampered = put(values, where, new)
    if canonical(tampered) == canonical(values):
        return
    path = tmp_path / "tampered.json"
    path.write_text(json.dumps(tampered))

    with pytest.raises(AssayError):
        Certificate.read(path)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_another_value_anywhere_with_the_hash_made_anew_is_never_a_crash(place, tmp_path, data):
    """Whoever can compute the hash can write a certificate, so it may be read; but only as a whole one."""
    values = json.loads((place / "cert.json").read_text())
    where = data.draw(st.sampled_from([p for p in leaves(values) if p[0] not in ("blake3", "signature")]))
    tampered = put(values, where, data.draw(OTHER))
    body = {k: v for k, v in tampered.items() if k not in ("blake3", "signature")}
    path = tmp_path / "tampered.json"
    path.write_text(json.dumps({**tampered, "blake3": digest_of(body)}))

    try:
        held = Certificate.read(path)
        assert verify_files(place / "data.csv", held).exit_code in (0, 1, 3)
    except AssayError:
        return


def test_an_edited_one_is_refused_with_the_exit_code_of_a_failure(place, tmp_path):
    path = tmp_path / "cert.json"
    path.write_text((place / "cert.json").read_text().replace('"judged": 1', '"judged": 100'))

    with pytest.raises(Uncertified, match="does not match its own hash") as refused:
        Certificate.read(path)
    assert refused.value.exit_code == 1


@pytest.mark.parametrize("kept", [0, 1, 40, 500, -3])
def test_a_truncated_one_is_no_certificate(place, tmp_path, kept):
    path = tmp_path / "cert.json"
    path.write_bytes((place / "cert.json").read_bytes()[:kept])

    with pytest.raises(InputError, match="not a certificate"):
        Certificate.read(path)


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"schema_version": 1}', "NaN", "\x00", "[" * 100_000, '{"a": 1, "a": 2}']
)
def test_anything_else_is_no_certificate(tmp_path, text):
    (tmp_path / "cert.json").write_text(text)

    with pytest.raises(InputError, match="not a certificate"):
        Certificate.read(tmp_path / "cert.json")


def test_of_a_key_that_stands_twice_neither_is_taken(place, tmp_path):
    text = (place / "cert.json").read_text()
    (tmp_path / "cert.json").write_text(text.replace('"outcome": "PASS"', '"outcome": "FAIL", "outcome": "PASS"'))

    with pytest.raises(InputError, match="stands twice"):
        Certificate.read(tmp_path / "cert.json")


@pytest.mark.parametrize("version", [0, 2, True, "1", None])
def test_another_version_is_not_read(place, tmp_path, version):
    values = {**json.loads((place / "cert.json").read_text()), "schema_version": version}
    body = {k: v for k, v in values.items() if k not in ("blake3", "signature")}
    (tmp_path / "cert.json").write_text(json.dumps({**values, "blake3": digest_of(body)}))

    with pytest.raises(InputError, match="schema_version"):
        Certificate.read(tmp_path / "cert.json")


@pytest.mark.parametrize("place_of", [(), ("verdict",), ("suite",)])
def test_more_than_a_certificate_holds_is_refused(place, tmp_path, place_of):
    values = json.loads((place / "cert.json").read_text())
    more = put(values, (*place_of, "approved"), True)
    body = {k: v for k, v in more.items() if k not in ("blake3", "signature")}
    (tmp_path / "cert.json").write_text(json.dumps({**more, "blake3": digest_of(body)}))

    with pytest.raises(InputError, match="more or other than a certificate"):
        Certificate.read(tmp_path / "cert.json")


def test_a_missing_one_is_said(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        Certificate.read(tmp_path / "cert.json")


def test_one_that_was_read_is_not_written_without_its_listing(place, tmp_path):
    with pytest.raises(InputError, match="copy it with its listing"):
        Certificate.read(place / "cert.json").write(tmp_path / "again.json")


def test_a_listing_of_another_certificate_is_not_used(place, tmp_path):
    (tmp_path / "cert.json").write_bytes((place / "cert.json").read_bytes())
    other = written(pets(tmp_path), tmp_path / "other.json")
    listing_of(other).replace(listing_of(tmp_path / "cert.json"))

    assert Certificate.read(tmp_path / "cert.json").rows() is None


def test_names_that_are_not_text_in_utf8_survive(tmp_path):
    made = certificate_of(load(csv(tmp_path), label="label"))
    odd = replace(made, gated=replace(made.gated, name="a\udcff.csv"))
    odd.write(tmp_path / "cert.json")

    assert Certificate.read(tmp_path / "cert.json") == odd
