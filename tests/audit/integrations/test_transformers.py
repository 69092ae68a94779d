"""Hugging Face's own Trainer on a CPU: it trains on certified data, and of any other not one row is read."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from certificate.gated import UNFIT, csv, table, written

from audit import Uncertified

for library in ("transformers", "accelerate"):
    pytest.importorskip(library, reason=f"{library} is not installed: pip install 'assay[dev]'")

pytestmark = pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.` is deprecated")  # its own, of torch


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """The libraries, imported where no hub can be asked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hub")))
        callback = importlib.import_module("audit.integrations.huggingface").CertifiedData
        yield SimpleNamespace(library=importlib.import_module("transformers"), CertifiedData=callback)


class Tokens(torch.utils.data.Dataset):
    """Eight rows of tokens, which count how often they are read."""

    def __init__(self) -> None:
        self.read = 0

    def __len__(self) -> int:
        return 8

    def __getitem__(self, i: int) -> dict[str, torch.Tensor]:
        self.read += 1
        return {"input_ids": torch.arange(4) + i, "labels": torch.tensor(i % 2)}


def trainer_of(hub, callback, place: Path, steps: int = 2):
    """A BERT of one layer, made from its configuration."""
    small = {"vocab_size": 16, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    config = hub.library.BertConfig(**small, intermediate_size=8, max_position_embeddings=8)
    options = {
        "per_device_train_batch_size": 4,
        "use_cpu": True,
        "report_to": [],
        "disable_tqdm": True,
        "save_steps": 1,
    }
    arguments = hub.library.TrainingArguments(str(place / "runs"), max_steps=steps, **options)
    model = hub.library.BertForSequenceClassification(config)
    return hub.library.Trainer(model, arguments, train_dataset=Tokens(), callbacks=[callback])


def refused(trainer, why: str) -> None:
    """Training raises, and neither a row was read nor a step made."""
    before = [p.clone() for p in trainer.model.parameters()]

    with pytest.raises(Uncertified, match=why):
        trainer.train()
    assert trainer.train_dataset.read == 0
    assert all(torch.equal(p, q) for p, q in zip(trainer.model.parameters(), before, strict=True))


@pytest.fixture
def data(tmp_path) -> Path:
    return csv(tmp_path)


@pytest.fixture
def cert(data, tmp_path) -> Path:
    return written(data, tmp_path / "cert.json", now=None)


def test_matching_bytes_are_trained_on(hub, data, cert, tmp_path):
    trainer = trainer_of(hub, hub.CertifiedData(data, cert), tmp_path)
    trainer.train()

    assert trainer.state.global_step == 2
    assert trainer.train_dataset.read >= 8


def test_changed_bytes_are_refused_before_the_first_batch(hub, data, cert, tmp_path):
    csv(data.parent, table(30))

    refused(trainer_of(hub, hub.CertifiedData(data, cert), tmp_path), "rows added: 12, 13, .*18 in all")


def test_an_expired_certificate_is_refused(hub, data, tmp_path):
    expired = written(data, tmp_path / "expired.json", now=datetime.now(UTC) - timedelta(days=3), days=1)

    refused(trainer_of(hub, hub.CertifiedData(data, expired), tmp_path), "it expired at")


def test_what_the_gate_failed_is_refused(hub, data, tmp_path):
    failed = written(data, tmp_path / "failed.json", UNFIT, now=None)

    refused(trainer_of(hub, hub.CertifiedData(data, failed), tmp_path), "the gate failed this data")


def test_training_that_is_taken_up_again_is_asked_again(hub, data, cert, tmp_path):
    trainer_of(hub, hub.CertifiedData(data, cert), tmp_path).train()
    csv(data.parent, table(30))
    again = trainer_of(hub, hub.CertifiedData(data, cert), tmp_path, steps=4)

    with pytest.raises(Uncertified, match="not what the gate judged"):
        again.train(resume_from_checkpoint=True)
    assert again.train_dataset.read == 0
