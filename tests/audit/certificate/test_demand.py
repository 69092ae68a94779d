"""`require` goes on with certified data and with nothing else, whatever form the data is in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from certificate.gated import UNFIT, certificate_of, csv, table, written

from audit import Certificate, Uncertified, require, verify
from audit.certificate.listing import listing_of
from audit.errors import InputError, Undecided
from audit.sources import load


@pytest.fixture
def data(tmp_path) -> Path:
    return csv(tmp_path)


@pytest.fixture
def cert(data, tmp_path) -> Path:
    return written(data, tmp_path / "cert.json", now=None)


def test_it_gives_back_the_certificate(data, cert):
    held = require(data, cert)

    assert held == Certificate.read(cert)
    assert require(data, held) is held


def test_changed_bytes_stop_training_and_name_the_row(data, cert):
    frame = table()
    frame.loc[7, "b"] = 99
    csv(data.parent, frame)

    with pytest.raises(Uncertified, match=r"not to be trained on: .*rows changed: 7") as refused:
        require(data, cert)
    assert refused.value.exit_code == 1


def test_what_nobody_can_tell_stops_training_too(data, cert, tmp_path):
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    signed = written(data, tmp_path / "signed.json", now=None, key=key)

    with pytest.raises(Undecided, match="no key was given"):
        require(data, signed)
    assert require(data, signed, key=key).signature is not None


class TestLoaded:
    def test_a_dataset_is_compared_by_its_content(self, data, cert):
        assert require(load(data, label="label"), cert)

    def test_the_same_table_in_another_format_has_the_same_content(self, data, cert, tmp_path):
        pd.read_csv(data).to_parquet(tmp_path / "data.parquet")

        assert require(load(tmp_path / "data.parquet", label="label"), cert)

    @pytest.mark.parametrize("given", [table, lambda: pa.Table.from_pandas(table())])
    def test_a_table_takes_the_roles_that_were_judged(self, cert, given):
        assert require(given(), cert)

    def test_another_label_is_another_use(self, data, cert):
        with pytest.raises(Uncertified, match="label is 'other', it was judged with 'label'"):
            require(load(data, label="other", features="a,b"), cert)

    def test_other_features_are_another_use(self, data, cert):
        with pytest.raises(Uncertified, match="features is"):
            require(load(data, label="label", features="a"), cert)

    def test_classes_in_another_order_are_another_use(self, data, cert):
        with pytest.raises(Uncertified, match="classes are yes, no, they were no, yes"):
            require(load(data, label="label", classes=["yes", "no"]), cert)

    def test_an_edit_in_place_is_seen_after_a_hash_was_kept(self, data, cert):
        loaded = load(data, label="label")
        assert loaded.fingerprint == Certificate.read(cert).gated.fingerprint
        loaded.table.loc[5, "label"] = "yes" if loaded.table.loc[5, "label"] == "no" else "no"

        with pytest.raises(Uncertified, match="rows changed: 5; in column 'label'"):
            require(loaded, cert)

    def test_a_label_turned_into_another_word_is_named(self, cert):
        with pytest.raises(Uncertified, match="a label that no certified row has: 2"):
            require(table().assign(label=[*table()["label"][:2], "maybe", *table()["label"][3:]]), cert)

    def test_a_column_that_is_gone_is_named(self, cert):
        with pytest.raises(Uncertified, match="there is no column 'b'"):
            require(table().drop(columns="b"), cert)

    def test_missing_words_that_a_reader_invents_are_seen(self, tmp_path):
        """`NA` is a word in the file; pandas' own reader makes a hole of it, and would train on that."""
        frame = table().assign(other=["NA", *table()["other"][1:]])
        cert = written(csv(tmp_path, frame), tmp_path / "cert.json", now=None)

        with pytest.raises(Uncertified, match="rows changed: 0; in column 'other'"):
            require(pd.read_csv(tmp_path / "data.csv"), cert)
        assert require(pd.read_csv(tmp_path / "data.csv", keep_default_na=False), cert)

    def test_pictures_in_memory_are_compared_by_their_pixels(self):
        rng = np.random.default_rng(0)
        pixels, labels = rng.integers(0, 256, (8, 5, 5), dtype=np.uint8), np.arange(8) % 2
        held = certificate_of(load((pixels, labels)), now=None)
        assert require((pixels, labels), held)
        changed = pixels.copy()
        changed[3, 0, 0] ^= 1

        with pytest.raises(Uncertified, match="rows changed: 3"):
            require((changed, labels), held)

    def test_a_fail_is_refused_whatever_the_data(self, data, tmp_path):
        cert = written(data, tmp_path / "fail.json", UNFIT, now=None)

        with pytest.raises(Uncertified, match="the gate failed this data"):
            require(load(data, label="label"), cert)


class TestPart:
    def test_some_rows_in_any_order_will_do(self, data, cert):
        assert require(load(data, label="label").take([5, 3, 8]), cert, part=True)
        assert require(
            (table()[["a", "b", "other"]].iloc[[2, 2, 1]], table()["label"].iloc[[2, 2, 1]]), cert, part=True
        )

    def test_an_array_is_taken_in_the_order_of_the_features(self, tmp_path):
        frame = table()[["a", "b", "label"]]
        cert = written(csv(tmp_path, frame), tmp_path / "cert.json", now=None)
        x, y = frame[["a", "b"]].to_numpy(), frame["label"].to_numpy()

        assert require((x[3:9], y[3:9]), cert, part=True)
        with pytest.raises(Uncertified, match="rows that the gate did not judge"):
            require((x[3:9, ::-1], y[3:9]), cert, part=True)
        with pytest.raises(InputError, match="2 columns to learn from"):
            require((x[3:9, :1], y[3:9]), cert, part=True)

    def test_a_column_beside_those_that_were_judged_is_named(self, cert):
        with pytest.raises(Uncertified, match="did not judge as what is learnt from: 'leak'"):
            require(table().assign(leak=1.0), cert, part=True)
        assert require(table().iloc[2:5], cert, part=True)

    def test_other_classes_are_another_use(self, data, cert):
        some = load(data, label="label", classes=["yes", "no"]).take([1, 2])

        with pytest.raises(Uncertified, match="classes are yes, no, they were no, yes"):
            require(some, cert, part=True)

    def test_a_row_with_another_label_is_none_of_them(self, cert):
        rows = table().iloc[:4]
        flipped = ["yes", "yes", "no", "yes"]

        with pytest.raises(Uncertified, match="did not judge: 0"):
            require((rows[["a", "b", "other"]], flipped), cert, part=True)

    def test_whole_data_is_demanded_unless_said(self, data, cert):
        with pytest.raises(Uncertified, match="rows removed"):
            require(load(data, label="label").take(range(5)), cert)

    def test_a_part_of_a_file_cannot_be_told(self, data, cert):
        with pytest.raises(InputError, match="load it"):
            require(data, cert, part=True)

    def test_without_the_listing_nobody_can_tell(self, data, cert):
        listing_of(cert).unlink()

        with pytest.raises(Undecided, match="rows cannot be compared"):
            require(load(data, label="label").take([1]), cert, part=True)

    def test_texts_are_compared_as_they_are(self, tmp_path):
        frame = pd.DataFrame({"text": ["ash tree", "oak tree", "wet rain", "dry sun"], "label": ["t", "t", "w", "w"]})
        cert = written(csv(tmp_path, frame), tmp_path / "cert.json", now=None)

        assert require((frame["text"][1:].tolist(), frame["label"][1:]), cert, part=True)
        with pytest.raises(Uncertified):
            require((["Oak tree"], ["t"]), cert, part=True)


def test_verify_is_the_same_as_an_answer(data, cert):
    assert verify(data, cert).to_dict()["outcome"] == "VERIFIED"
    refused = verify(load(data, label="label").drop([2]), cert)

    assert (refused.outcome, refused.exit_code, list(refused.changes.removed)) == ("REFUSED", 1, [2])
    assert replace(refused, reasons=()).exit_code == 0
