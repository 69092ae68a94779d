"""`advise`: where the next euro should go, from finished comparisons and prices; see docs/advice.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from audit.errors import InputError
from audit.files import read_json, write_json
from audit.shown import shown
from train.advice.actions import (
    Action,
    Estimate,
    make_action,
    ranked,
)
from train.advice.collect_options import collect_options
from train.advice.decide import Answer, Decision, decide
from train.advice.growth_options import augment_options, grow_options, longer_options
from train.advice.measured import Measured, chosen_model, read_measured
from train.advice.precision import by_report
from train.advice.prices import Bill, Prices
from train.advice.readings import BETTER_SEEDS, MOST_SEEDS
from train.advice.repair_options import repair_options
from train.advice.rerun import merged, rerun
from train.advice.review_options import review_options
from train.comparison import BASELINE

SCHEMA_VERSION = 1
FILE = "advice.json"


@dataclass(frozen=True)
class Advice:
    """Where the next euro should go, and every action that was weighed, best first."""

    dataset: str
    test: str
    rows: int
    largest: int
    """The most rows that models were trained on."""
    model: str
    """What the advice is about; the first model that was compared, unless another was named."""
    accuracy: float | None
    """Of that model on the raw data at the largest size."""
    seeds: int
    delta: float
    """Gains within this are not worth having."""
    prices: Mapping[str, float | None]
    horizon: int | None
    answer: Answer
    choice: str
    """The name of the one action to take; '' where nobody can tell, or it is to stop."""
    then: str
    """Where the choice costs as good as nothing: what the first money should go to; '' where nobody can tell."""
    anyway: tuple[str, ...]
    """Other actions that are worth it and cost as good as nothing."""
    rivals: tuple[str, ...]
    """Where nobody can tell: the actions between which."""
    run: str
    """Where nobody can tell: the command that trains what it takes."""
    actions: tuple[Action, ...]
    folders: tuple[str, ...]
    notes: tuple[str, ...] = ()
    command: str = ""
    created: str = ""
    compared: str = ""
    """The command of the first comparison."""

    def __repr__(self) -> str:
        return f"Advice({self.dataset!r}, {self.answer}: {self.choice or 'nothing'}, of {len(self.actions)} actions)"

    def _repr_html_(self) -> str:
        return shown("train.render.notebook:advice", self)

    def action(self, name: str) -> Action:
        """One action by its name."""
        return next(a for a in self.actions if a.name == name)

    def to_dict(self) -> dict[str, Any]:
        """advice.json's content."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Advice:
        """What `to_dict` gave; InputError if it is of another version."""
        if (version := values.get("schema_version")) != SCHEMA_VERSION:
            raise InputError(f"{FILE} has schema version {version}, this assay reads {SCHEMA_VERSION}")
        known = {f.name: values[f.name] for f in fields(cls) if f.name != "compared"}
        known["compared"] = values.get("compared", "")  # the first files of this version have none
        lists = {k: tuple(known[k]) for k in ("anyway", "rivals", "folders", "notes")}
        return cls(**(known | lists | {"actions": tuple(Action.from_dict(a) for a in known["actions"])}))

    def write_json(self, folder: Path) -> None:
        """Write advice.json whole or not at all."""
        write_json(folder / FILE, self.to_dict())


def read_advice(folder: Path) -> Advice:
    """The advice in a folder."""
    return Advice.from_dict(read_json(folder / FILE))


def advise(
    folders: Sequence[Path],
    prices: Prices | None = None,
    *,
    horizon: int | None = None,
    model: str | None = None,
    report: Path | None = None,
    command: str = "",
    created: str = "",
) -> Advice:
    """Weigh everything that could be done next by what it would bring for its cost.

    Args:
        folders: of finished comparisons of the same data and test set; the first one's command is what is suggested to
            be run again.
        prices: what things cost; without any, actions are ranked by their gain alone.
        horizon: the most rows that there could ever be; by default 4 times as many as were measured, the furthest that
            a curve is followed.
        model: the one to advise on; by default the first that was compared.
        report: the folder of an audit of all the data. It counts the labels that look wrong, and says how many of these
            are: as people found who settled some of them there, else as the audit expects.
        command: kept in the advice.
        created: the date, kept too.

    Raises:
        InputError: if a folder holds no finished comparison, or those of different data, or the report is of other data.
        UnknownName: if no such model was compared.
    """
    if horizon is not None and horizon < 1:
        raise InputError(f"--horizon is a number of rows, got {horizon}")
    measured = read_measured(folders)
    if report is not None:
        measured = replace(measured, reported=by_report(report, measured.fingerprint))
    return weigh(measured, prices or Prices(), horizon, model, command=command, created=created)


def weigh(
    measured: Measured,
    prices: Prices,
    horizon: int | None = None,
    model: str | None = None,
    *,
    command: str = "",
    created: str = "",
) -> Advice:
    """The advice that these measurements and prices come to."""
    about = chosen_model(measured, model)
    weighed = ranked(_options(measured, about, prices, horizon), priced=prices.known)
    decision = decide(weighed, priced=prices.known)
    stop = _stop(measured, about, decision.answer, weighed)
    return Advice(
        dataset=measured.dataset,
        test=measured.test,
        rows=measured.rows,
        largest=measured.largest,
        model=about,
        accuracy=measured.average(BASELINE, about, "accuracy"),
        seeds=measured.seeds,
        delta=measured.delta,
        prices=prices.to_dict(),
        horizon=horizon,
        answer=decision.answer,
        choice=decision.choice,
        then=decision.then,
        anyway=decision.anyway,
        rivals=decision.rivals,
        run=_run(measured, decision, weighed),
        actions=(stop, *weighed) if decision.answer == "stop" else (*weighed, stop),
        folders=measured.folders,
        notes=(*measured.notes, *_notes(measured, about, prices, horizon, weighed)),
        command=command,
        created=created,
        compared=measured.command,
    )


def _options(measured: Measured, model: str, prices: Prices, horizon: int | None) -> list[Action]:
    return [
        *review_options(measured, model, prices),
        *repair_options(measured, model, prices),
        *collect_options(measured, model, prices, horizon),
        *augment_options(measured, model, prices),
        *grow_options(measured, model, prices),
        *longer_options(measured, model, prices),
    ]


def _run(measured: Measured, decision: Decision, actions: Sequence[Action]) -> str:
    """What settles every open question; where each action is known and only their order is not, twice the seeds."""
    if decision.answer != "cannot tell":
        return ""
    rivals = [a for a in actions if a.name in decision.rivals]
    asked = [a.command for a in rivals if a.command]
    if asked:
        return merged(asked)
    seeds = min(MOST_SEEDS, max(BETTER_SEEDS, 2 * measured.seeds))
    # no number of seeds tells of what nothing measures
    can_tell = all(a.measured for a in rivals) and seeds > measured.seeds
    return rerun(measured, {"--seeds": seeds}) if can_tell else ""


def _stop(measured: Measured, model: str, answer: Answer, actions: Sequence[Action]) -> Action:
    tried = sum(a.measured for a in actions)
    estimate = {
        "stop": Estimate(measured.delta, measured.delta, measured.delta),
        "cannot tell": Estimate(0.0, None, None),
        "do it": Estimate(0.0, 0.0, 0.0),
    }[answer]
    made = make_action(
        "stop",
        "stop here",
        model,
        estimate,
        Bill(0.0),
        measured.delta,
        why="something may still be worth it",
        evidence=(
            f"{tried} actions were measured; gains within {measured.delta * 100:g} points are not worth having.",
        ),
    )
    return replace(made, gain=0.0, low=0.0, high=0.0)


def _notes(measured: Measured, model: str, prices: Prices, horizon: int | None, actions: Sequence[Action]) -> list[str]:
    """What the reader must know of how this was weighed."""
    said = []
    if not prices.known:
        said.append("no prices were given: actions are ranked by their gain, whatever they cost")
    elif missing := sorted({name for a in actions for name in a.missing if a.measured}):
        without = [a.name for a in actions if a.missing and a.measured]
        said.append(f"no price for {', '.join(missing)}: ranked without cost: {'; '.join(without)}")
    pooled = [v for v in measured.variants if "@pool" in v]
    if pooled:
        said.append(f"not weighed, since their cleaner saw the whole pool: {', '.join(pooled)}")
    if len(measured.models) > 1:
        said.append(f"this is about model {model}; --model names another")
    if horizon is not None and horizon <= measured.rows:
        said.append(f"there are {measured.rows:,} rows, so up to {horizon:,} none are to be collected")
    if horizon is not None and horizon > 4 * measured.largest:
        said.append(f"the horizon of {horizon:,} rows is cut: a curve is followed to {4 * measured.largest:,} at most")
    if measured.verified:
        said.append(
            f"gains of versions are corrected by {measured.verified:,} verified test rows; forecasts and other models are by "
            "the test labels as given"
        )
    elif measured.test_noise:
        said.append(measured.test_noise)
    if measured.largest < measured.rows:
        said.append(
            f"models saw at most {measured.largest:,} of the {measured.rows:,} rows; gains are those of that size"
        )
    return said
