"""Lightning's own Trainer on a CPU: it fits certified data, and on any other not one training step runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import torch
from certificate.gated import UNFIT, csv, table, written

from audit import Uncertified

lightning = pytest.importorskip("lightning.pytorch", reason="lightning is not installed: pip install 'assay[dev]'")

from audit.integrations.lightning import CertifiedData  # noqa: E402  it takes the class of the library found above

pytestmark = [
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),  # of fork, Python 3.12
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),  # 12 rows need none
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.` is deprecated"),  # its own, of torch
]


class Line(lightning.LightningModule):
    """y = ax + b, which writes down what happens to it: a file a process, since memory is not shared."""

    def __init__(self, diary: Path) -> None:
        super().__init__()
        self.diary = diary
        self.layer = torch.nn.Linear(1, 1)

    def note(self, event: str) -> None:
        with (self.diary / str(self.global_rank)).open("a") as page:
            page.write(f"{event}\n")

    def training_step(self, batch, _):
        self.note("step")
        return self.layer(batch).square().mean()

    def validation_step(self, batch, _):
        self.note("validated")

    def train_dataloader(self):
        self.note("loader")
        return torch.utils.data.DataLoader(torch.ones(4, 1), batch_size=2)

    val_dataloader = train_dataloader

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def trainer_of(*callbacks, **options):
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    return lightning.Trainer(
        accelerator="cpu", max_epochs=1, enable_model_summary=False, callbacks=[*callbacks], **quiet, **options
    )


@pytest.fixture
def model(tmp_path) -> Line:
    (tmp_path / "diary").mkdir()
    return Line(tmp_path / "diary")


def events(model: Line) -> dict[str, list[str]]:
    return {page.name: page.read_text().split() for page in sorted(model.diary.iterdir())}


@pytest.fixture
def data(tmp_path) -> Path:
    return csv(tmp_path)


@pytest.fixture
def cert(data, tmp_path) -> Path:
    return written(data, tmp_path / "cert.json", now=None)


def test_matching_bytes_are_trained_on(model, data, cert):
    trainer_of(CertifiedData(data, cert)).fit(model)

    assert events(model)["0"].count("step") == 2


def test_changed_bytes_are_refused_before_a_loader_is_made(model, data, cert):
    csv(data.parent, table(30))

    with pytest.raises(Uncertified, match=r"rows added: 12, 13, .*18 in all"):
        trainer_of(CertifiedData(data, cert)).fit(model)
    assert events(model) == {}


def test_an_expired_certificate_is_refused(model, data, tmp_path):
    then = datetime.now(UTC) - timedelta(days=3)
    expired = written(data, tmp_path / "expired.json", now=then, days=1)

    with pytest.raises(Uncertified, match="it expired at"):
        trainer_of(CertifiedData(data, expired)).fit(model)
    assert events(model) == {}


def test_what_the_gate_failed_is_refused(model, data, tmp_path):
    failed = written(data, tmp_path / "failed.json", UNFIT, now=None)

    with pytest.raises(Uncertified, match="the gate failed this data"):
        trainer_of(CertifiedData(data, failed)).fit(model)
    assert events(model) == {}


def test_other_data_may_be_validated_on(model, data, cert):
    csv(data.parent, table(30))
    trainer_of(CertifiedData(data, cert)).validate(model, verbose=False)

    assert events(model)["0"] == ["loader", "validated", "validated"]


class TestSeveralProcesses:
    """Each process asks for itself, before any of them trains."""

    def test_matching_bytes_are_trained_on_by_both(self, model, data, cert):
        trainer_of(CertifiedData(data, cert), devices=2, strategy="ddp_fork").fit(model)

        assert {rank: page.count("step") for rank, page in events(model).items()} == {"0": 1, "1": 1}

    def test_changed_bytes_are_refused_by_both(self, model, data, cert):
        csv(data.parent, table(30))

        with pytest.raises(Exception, match="not to be trained on"):
            trainer_of(CertifiedData(data, cert), devices=2, strategy="ddp_fork").fit(model)
        assert events(model) == {}

    def test_one_of_them_with_other_bytes_stops_both(self, model, data, cert):
        (data.parent / "there").mkdir()
        other = csv(data.parent / "there", table(30))
        callback = CertifiedData(data, cert)

        class Elsewhere(lightning.Callback):
            """The second process reads a copy of its own."""

            def setup(self, trainer, pl_module, stage):
                callback.data = other if trainer.global_rank == 1 else data

        with pytest.raises(Exception, match=r"there/data\.csv: not to be trained on"):
            trainer_of(Elsewhere(), callback, devices=2, strategy="ddp_fork").fit(model)
        assert "step" not in events(model).get("0", [])
        assert "1" not in events(model)
