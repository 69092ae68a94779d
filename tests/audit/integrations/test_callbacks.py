"""Training loops that call the callbacks' hooks as their libraries document it: data that does not match never trains.

The libraries themselves are not needed: stand-ins call the hooks in the documented order.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from certificate.gated import csv, table, written

from audit import Uncertified, Undecided
from audit.integrations import huggingface, lightning
from audit.integrations.base import base_of


class LightningTrainer:
    """Calls `setup` for its stage, then `on_fit_start`, then trains, as Lightning's Trainer does."""

    def __init__(self, *callbacks):
        self.callbacks = callbacks
        self.trained = False
        self.stages = []

    def run(self, stage: str) -> None:
        for callback in self.callbacks:
            callback.setup(self, SimpleNamespace(), stage=stage)
        self.stages.append(stage)
        self.trained = stage == "fit"


class HuggingFaceTrainer:
    """Calls `on_train_begin(args, state, control, **kwargs)`, then trains, as transformers' CallbackHandler does."""

    def __init__(self, *callbacks):
        self.callbacks = callbacks
        self.trained = False

    def train(self) -> None:
        for callback in self.callbacks:
            callback.on_train_begin(SimpleNamespace(), SimpleNamespace(), SimpleNamespace(), model=None, optimizer=None)
        self.trained = True


@pytest.fixture
def data(tmp_path) -> Path:
    return csv(tmp_path)


@pytest.fixture
def cert(data, tmp_path) -> Path:
    return written(data, tmp_path / "cert.json", now=None)


def test_lightning_fits_certified_data(data, cert):
    trainer = LightningTrainer(lightning.CertifiedData(data, cert))
    trainer.run("fit")

    assert trainer.trained


def test_lightning_does_not_fit_other_data(data, cert):
    csv(data.parent, table(30))
    trainer = LightningTrainer(lightning.CertifiedData(data, cert))

    with pytest.raises(Uncertified):
        trainer.run("fit")
    assert not trainer.trained


@pytest.mark.parametrize("stage", ["validate", "test", "predict"])
def test_lightning_may_look_at_other_data(data, cert, stage):
    csv(data.parent, table(30))

    trainer = LightningTrainer(lightning.CertifiedData(data, cert))
    trainer.run(stage)

    assert trainer.stages == [stage]


def test_hugging_face_trains_on_certified_data(data, cert):
    trainer = HuggingFaceTrainer(huggingface.CertifiedData(data, cert))
    trainer.train()

    assert trainer.trained


def test_hugging_face_does_not_train_on_other_data(data, cert):
    csv(data.parent, table(30))
    trainer = HuggingFaceTrainer(huggingface.CertifiedData(data, cert))

    with pytest.raises(Uncertified):
        trainer.train()
    assert not trainer.trained


def begin(callback) -> None:
    """Whichever hook the callback has."""
    if isinstance(callback, lightning.CertifiedData):
        LightningTrainer(callback).run("fit")
    else:
        HuggingFaceTrainer(callback).train()


@pytest.mark.parametrize("kind", [lightning.CertifiedData, huggingface.CertifiedData])
def test_key_and_suite_are_heeded(data, tmp_path, kind):
    key, strict = tmp_path / "key", tmp_path / "strict.toml"
    key.write_bytes(b"k" * 32)
    strict.write_text('[limits]\n"missing.count" = 0\n"labels.rate" = 0\n')
    signed = written(data, tmp_path / "signed.json", now=None, key=key)

    begin(kind(data, signed, key=key))
    with pytest.raises(Undecided, match="no key was given"):
        begin(kind(data, signed))
    with pytest.raises(Uncertified, match="judged by suite fit"):
        begin(kind(data, signed, key=key, suite=strict))


@pytest.mark.parametrize("kind", [lightning.CertifiedData, huggingface.CertifiedData])
def test_a_callback_reaches_other_processes(data, cert, kind):
    there = pickle.loads(pickle.dumps(kind(str(data), str(cert))))

    assert (there.data, there.certificate, there.key) == (str(data), str(cert), None)


class TestBase:
    def test_without_the_library_it_is_a_plain_class(self):
        assert base_of("Callback", "no_such_library.callbacks") is object

    def test_of_two_libraries_the_loaded_one_gives_it(self, monkeypatch, tmp_path):
        (tmp_path / "one_assay_library.py").write_text("class Callback: pass\n")
        (tmp_path / "other_assay_library.py").write_text("class Callback: pass\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "one_assay_library", raising=False)
        import other_assay_library

        assert isinstance(other_assay_library, ModuleType)
        assert base_of("Callback", "one_assay_library", "other_assay_library") is other_assay_library.Callback
        assert "one_assay_library" not in sys.modules
