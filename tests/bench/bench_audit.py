"""What a second audit costs: of unchanged data, and where one row in a hundred changed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from audit import audit, gate, load, read_suite
from audit.dataset import Dataset, Roles
from audit.evidence.backbone import Backbone
from audit.evidence.cache import Cache
from audit.evidence.embeddings import embed
from audit.publish import EVIDENCE, publish
from tests.bench.goals import SHARED, Goal, at_most, not_measured

COMMAND = "python -m tests.bench audit"
NAME = "second audit of unchanged data against the first"
CHANGED = "vectors where 1 % of the pictures changed against all"
NETWORK = "squeezenet1_1"


def run() -> list[Goal]:
    _audits("planted:digits", "planted:digits-test", "digits", {})  # so that no audit that counts imports anything
    return [_unchanged(), *_pictures(), *_fitted()]


def _unchanged() -> Goal:
    """Reading, audit, report and page."""
    text = SHARED / "text"
    if not text.is_dir():
        return not_measured(f"{NAME}: banking77", "<= 0.05", "of it", COMMAND, "benchmark data absent")
    where = (str(text / f"banking77_{part}.csv") for part in ("train", "test"))
    first, again = _audits(*where, "banking77", {"text": "text", "label": "category"})
    words = ", ".join(f"{what} {seconds:.2f}" for what, seconds in asdict(again).items())
    note = f"first {first.whole:.1f} s of CPU; again {words}; 1,500 digits: {_small():.2f}"
    return at_most(f"{NAME}: banking77", again.whole / first.whole, 0.05, "of it", COMMAND, note)


def _small() -> float:
    """The same of data so small that the page costs more than the audit."""
    first, again = _audits("planted:digits", "planted:digits-test", "digits", {})
    return again.whole / first.whole


@dataclass(frozen=True)
class Cpu:
    """CPU seconds of one audit."""

    reading: float
    audit: float
    page: float

    @property
    def whole(self) -> float:
        return self.reading + self.audit + self.page


def _audits(where: str, reference: str, suite_name: str, roles: dict[str, str]) -> tuple[Cpu, Cpu]:
    """An audit with an empty cache, and the median one of five with a full one."""
    suite = read_suite(suite_name)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "report"

        def once() -> Cpu:
            clock = [time.process_time()]
            data, there = load(where, **roles), load(reference, **roles)
            clock.append(time.process_time())
            report = audit(data, reference=there, suite=suite, cache=folder / EVIDENCE)
            clock.append(time.process_time())
            publish(report, gate(report, suite), data, there, folder)
            clock.append(time.process_time())
            return Cpu(*(b - a for a, b in pairwise(clock)))

        first = once()
        again = sorted((once() for _ in range(5)), key=lambda cpu: cpu.whole)
        return first, again[2]


def _pictures() -> list[Goal]:
    """Vectors equal those made without a cache to the last bit, else it is an error."""
    import torch
    import torchvision

    with tempfile.TemporaryDirectory() as scratch:
        torch.manual_seed(0)
        weights = Path(scratch) / "weights.pt"
        torch.save(torchvision.models.get_model(NETWORK, weights=None).state_dict(), weights)
        data = _noise(3000)
        return [
            _changed("oriented gradients", data, None, 0.5, Path(scratch) / "gradients", "principal components anew"),
            _changed(NETWORK, data, Backbone(NETWORK, weights), 0.05, Path(scratch) / "network", ""),
        ]


def _changed(name: str, data: Dataset, backbone: Backbone | None, bar: float, folder: Path, note: str) -> Goal:
    images = np.array(data.images)
    images[::100] = 255 - images[::100]
    changed = replace(data, images=images)
    whole = _cpu(lambda: embed(changed, backbone=backbone))
    embed(data, backbone=backbone, cache=Cache(folder))
    kept = None

    def again() -> None:
        nonlocal kept
        kept = embed(changed, backbone=backbone, cache=Cache(folder))[0]

    seconds = _cpu(again)
    if not np.array_equal(kept, embed(changed, backbone=backbone)[0]):
        raise AssertionError("kept vectors are not those that are made anew")
    return at_most(f"{CHANGED}: {name}", seconds / whole, bar, "of it", COMMAND, note)


def _fitted() -> list[Goal]:
    """What is fitted to all rows is made anew when one in a hundred changed: what that costs of the audit then."""
    rng = np.random.default_rng(0)
    numbers = pd.DataFrame(rng.normal(size=(10_000, 20))).add_prefix("x").assign(y=rng.choice(["a", "b", "c"], 10_000))
    table = load(numbers, label="y")
    goals = [_refitted("a table of 10,000 x 20", table, "x0", numbers["x0"] + 1)]
    if (SHARED / "text").is_dir():
        texts = load(str(SHARED / "text/banking77_train.csv"), text="text", label="category")
        goals.append(_refitted("banking77", texts, "text", texts.table["text"] + " please"))
    return goals


def _refitted(name: str, data: Dataset, column: str, other: pd.Series) -> Goal:
    cells = data.table[column].copy()
    cells.iloc[::100] = other.iloc[::100]
    changed = replace(data, table=data.table.assign(**{column: cells}))
    embed(data.take(data.rows[:500]))  # so that the first audit imports nothing
    with tempfile.TemporaryDirectory() as folder:
        first = _cpu(lambda: audit(data, cache=Path(folder)))
        again = _cpu(lambda: audit(changed, cache=Path(folder)))
    vectors = _cpu(lambda: embed(changed))
    note = f"vectors {vectors:.2f} of its {again:.2f} s of CPU; what is learnt from them and judged by them is made anew too"
    what = f"audit where 1 % of the rows changed against the first: {name}"
    return Goal(what, round(again / first, 2), "of it", "reported", None, COMMAND, note)


def _noise(n: int) -> Dataset:
    """Coloured pictures of 64 x 64 pixels."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, 64, 64, 3)).astype(np.uint8)
    return Dataset("noise", pd.DataFrame({"label": np.arange(n) % 2}), Roles(label="label"), (0, 1), images=images)


def _cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
