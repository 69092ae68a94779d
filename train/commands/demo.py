"""`assay demo`: the whole of it on digits with planted, known faults."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.commands import options as opt

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.evidence.gather import Progress
    from audit.patch import Patch
    from audit.report import Report
    from audit.suite import Suite
    from audit.verdict import Verdict

DATA, TEST = "planted:digits?flips=0.15", "planted:digits-test?flips=0.15"
TREATMENTS = ("deduplicate", "prune")
VARIANTS = ("raw", "pruned", "relabelled", "reweighted", "augmented", "random-pruned")
SIZES = (120, 240, 480, 840, 1200)
"""Five over a range of ten: enough for learning curves."""
SEEDS = 5
MODELS = ("linear", "mlp")
WIDTH = 80
PRICES = "review=0.02,label=0.08,row=0.10"

FOUND_BY = {
    "flip": ("labels", None, "label changed to another digit"),
    "exact": ("duplicates", "exact", "row copied"),
    "near": ("duplicates", "near", "row copied with three pixels changed"),
    "leaked": ("leakage", None, "row copied into the test set"),
    "missing": ("missing", None, "three pixels emptied"),
    "range": ("schema", None, "three pixels far out of range"),
}
"""Planted fault: the check that should find it, the kind of its findings, what was done."""


@dataclass(frozen=True)
class Score:
    """How well one kind of planted fault was found."""

    fault: str
    about: str
    planted: int
    found: int
    right: int

    @property
    def recall(self) -> float:
        """The share of the planted that was found."""
        return self.right / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        """The share of what was found that was planted."""
        return self.right / self.found if self.found else 1.0


@click.command("demo")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("assay-demo"), show_default=True)
@opt.seed_option
@opt.force_option
def command(output: Path, seed: int, force: bool) -> int:
    """Audit, gate, repair, gate again, compare and advise, on scikit-learn's digits with planted, known faults."""
    from audit.files import refuse_existing
    from audit.sources import load
    from audit.suite import read_suite
    from audit.treatments import treat

    refuse_existing(output, force=force)
    suite = read_suite("digits")
    names = (f"{DATA}&seed={seed}", f"{TEST}&seed={seed}")
    data, test = (load(name) for name in names)
    click.echo(_opening(data))
    with opt.progress_bars() as progress:
        report, verdict = _audited(data, test, names, suite, output / "report", seed, progress)
    click.echo(_scores_table(scores(data, report)))
    click.echo(_gate_line("raw data", verdict))
    patch = treat(data, report, TREATMENTS, seed=seed)
    clean = _cleaned(data, patch, report, output / "clean")
    with opt.progress_bars() as progress:
        _, after = _audited(clean, test, (f"{output}/clean/", names[1]), suite, output / "report-clean", seed, progress)
    click.echo(f"\nrepair: {len(data):,} rows less {len(data) - len(clean):,} dropped by {' and '.join(TREATMENTS)}")
    click.echo(_gate_line("repaired", after))
    _compared(data, test, names, output / "comparison")
    _advised(output / "comparison", output / "report", output / "advice")
    click.echo(f"\nreports: {output}/report/report.html")
    click.echo(f"         {output}/report-clean/report.html")
    click.echo(f"         {output}/comparison/comparison.html")
    click.echo(f"         {output}/advice/advice.html")
    click.echo("\n".join(_next(report, verdict, output)))
    return 0


def _next(report: Report, verdict: Verdict, output: Path) -> list[str]:
    """What to try now: settle some of the labels that the audit doubts, then apply that; after that, data of one's own."""
    from audit.render.steps import next_steps
    from audit.render.terminal import command_lines

    settle = next_steps(report, verdict, f"{output}/report/")[0]
    told = [("next:", settle.command), ("then:", settle.then), ("or:", "assay audit YOUR-DATA --label COLUMN")]
    return ["", *(line for label, command in told if command for line in command_lines(label, command, WIDTH))]


def _audited(
    data: Dataset,
    test: Dataset,
    names: tuple[str, str],
    suite: Suite,
    folder: Path,
    seed: int,
    progress: Progress,
) -> tuple[Report, Verdict]:
    from audit.publish import EVIDENCE, publish
    from audit.run import audit
    from audit.verdict import gate

    # what does the same by hand, so that the page's next steps can be pasted
    typed = ["assay", "audit", names[0], "--reference", names[1], "--suite", suite.name, "-o", f"{folder}/"]
    report = audit(
        data, reference=test, suite=suite, seed=seed, cache=folder / EVIDENCE, progress=progress,
        command=shlex.join(typed), created=opt.today(), with_map=True,
    )  # fmt: skip
    verdict = gate(report, suite)
    publish(report, verdict, data, test, folder)
    return report, verdict


def scores(data: Dataset, report: Report) -> list[Score]:
    """Hold what each check found against what was planted."""
    truth = data.table["planted"]
    lines = []
    for fault, (check, kind, about) in FOUND_BY.items():
        findings = report[check].findings
        found = findings.index if kind is None else findings.index[findings["kind"] == kind]
        planted = truth.index[truth == fault]
        lines.append(Score(fault, about, len(planted), len(found), len(planted.intersection(found))))
    return lines


def _opening(data: Dataset) -> str:
    return (
        f"assay demo: scikit-learn's digits, {len(data):,} pictures of 8 x 8 pixels. The faults\n"
        "in them are planted: we put them there and know each one, so that we can count\n"
        "what is found.\n"
    )


def _scores_table(lines: list[Score]) -> str:
    head = f"{'planted fault':<38}{'planted':>8}{'found':>7}{'right':>7}{'recall':>8}{'precision':>11}"
    rows = [f"{s.about:<38}{s.planted:>8}{s.found:>7}{s.right:>7}{s.recall:>8.2f}{s.precision:>11.2f}" for s in lines]
    return "\n".join([head, *rows])


def _gate_line(what: str, verdict: Verdict) -> str:
    checks = sorted({b.check for b in verdict.breaches if b.severity == "critical"})
    why = f": {', '.join(checks)}" if checks else ""
    return f"\ngate:   {what:<9} {verdict.outcome}, exit code {verdict.exit_code}{why}"


def _cleaned(data: Dataset, patch: Patch, report: Report, folder: Path) -> Dataset:
    from audit.emit import write_clean
    from audit.sources import load

    write_clean(data, patch, folder, report=report, command=opt.command_line(), force=True)
    return load(str(folder))


def _compared(data: Dataset, test: Dataset, names: tuple[str, str], folder: Path) -> None:
    from train.experiment import compare
    from train.publish import publish
    from train.render.terminal import terminal

    typed = ["assay", "compare", names[0], "--test", names[1], "--sizes", ",".join(map(str, SIZES))]
    typed += ["--models", ",".join(MODELS), "-o", f"{folder}/"]
    with opt.progress_bars() as progress:
        comparison = compare(
            data, test, variants=VARIANTS, sizes=SIZES, seeds=SEEDS, models=MODELS, runs=folder,
            progress=progress, command=shlex.join(typed),
        )  # fmt: skip
    comparison = replace(comparison, created=opt.today())
    publish(comparison, folder)
    click.echo("")
    click.echo(terminal(comparison, colour=opt.colour(), unicode=opt.unicode()), nl=False)


def _advised(runs: Path, report: Path, folder: Path) -> None:
    from train.advice.advise import advise
    from train.advice.prices import parse_prices
    from train.render.advice_files import write_advice
    from train.render.advice_terminal import advice_terminal

    typed = ["assay", "advise", f"{runs}/", "--cost", PRICES, "--model", MODELS[-1], "--report", f"{report}/"]
    command = shlex.join([*typed, "-o", f"{folder}/"])
    advice = advise([runs], parse_prices(PRICES), model=MODELS[-1], report=report, command=command, created=opt.today())
    write_advice(advice, folder)
    click.echo("")
    click.echo(advice_terminal(advice, colour=opt.colour(), unicode=opt.unicode()), nl=False)
