"""Pictures audited by blocks: what an audit in memory says of the same files, those that cannot be opened left out alike."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from toy import pictures_of

from audit.cli import run as assay
from audit.errors import InputError
from audit.evidence.backbone import Backbone
from audit.evidence.cache import Cache
from audit.evidence.embeddings import embed, fit
from audit.evidence.given import Given
from audit.evidence.picture_features import GRADIENTS, picture_features
from audit.large.budget import sample_bytes
from audit.large.needs import needed
from audit.large.pictures import brought_for
from audit.large.plan import fits
from audit.large.publish import publish_blocks
from audit.large.read.fingerprint import fingerprint
from audit.large.read.places import place_of
from audit.large.read.probabilities import Brought, bring
from audit.large.read.rows import look_at_all
from audit.large.read.table import LargeData, open_data, open_table
from audit.large.run import Large, audit_blocks
from audit.probabilities import Probabilities
from audit.report import Report
from audit.run import audit
from audit.sources import load
from audit.sources.roles import Named
from audit.stream import confident
from audit.stream.source import of_array
from audit.suite import parse_suite
from audit.treatments import prune
from audit.verdict import gate

G = 1 << 30
N = 300
NAMES = ("ant", "bee", "cat")
NONE = parse_suite({}, name="none")
SHUT = {7: "broken", 130: "cut off", 200: "not there", 201: "no path", 215: "a folder"}
EXACT = ("conflicts", "imbalance", "missing")
CHECKS = (*EXACT, "duplicates", "outliers", "non_iid")


def pixels() -> tuple[np.ndarray, np.ndarray]:
    """(300, 16, 16) grey pictures of three classes and their codes: every 20th a near copy, two equal ones, one of these
    of another class, two blank."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, N)
    grey = (0.5 * rng.integers(0, 256, (3, 16, 16))[codes] + 0.5 * rng.integers(0, 256, (N, 16, 16))).astype(np.uint8)
    for i in range(20, N, 20):
        source = rng.integers(0, i - 1)
        grey[i], codes[i] = grey[source], codes[source]
        grey[i, 0, 0] = 255 - grey[i, 0, 0]
    grey[[50, 51]], codes[[50, 51]] = grey[[31, 32]], codes[[31, 32]]
    codes[51] = (codes[51] + 1) % 3
    grey[5], grey[6] = 255, 0
    return grey, codes


def probabilities(codes: np.ndarray) -> np.ndarray:
    """(300, 3) of a model that is often, and not always, of the labels' opinion."""
    rng = np.random.default_rng(1)
    odds = np.exp(2.0 * np.eye(3)[codes] + rng.normal(size=(N, 3)))
    return odds / odds.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder of pictures with a manifest, photos.parquet, and a model's probabilities."""
    here = tmp_path_factory.mktemp("photos")
    (here / "a").mkdir()
    grey, codes = pixels()
    names: list[str | None] = [f"a/{i}.png" for i in range(N)]
    for name, one in zip(names, grey, strict=True):
        Image.fromarray(one).save(here / str(name))
    (here / "a/7.png").write_bytes(b"no picture")
    (here / "a/130.png").write_bytes((here / "a/131.png").read_bytes()[:90])
    names[200], names[201], names[215] = "a/gone.png", None, "a"
    frame = pd.DataFrame({"path": names, "note": "kept", "y": np.array(NAMES, dtype=object)[codes]})
    _write(here / "photos.parquet", frame)
    cells = [None if n is None or not (here / n).is_file() else (here / n).read_bytes() for n in names]
    _write(here / "cells.parquet", frame.assign(path=cells))
    structs = pa.array([None if c is None else {"bytes": c, "path": n} for c, n in zip(cells, names, strict=True)])
    table = pa.Table.from_pandas(frame, preserve_index=False).set_column(0, "path", structs)
    pq.write_table(table, here / "structs.parquet", row_group_size=64)
    np.savez(here / "model.npz", pred_probs=probabilities(codes), classes=np.array(NAMES))
    return here


def _write(path: Path, frame: pd.DataFrame, group: int = 37) -> None:
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=group)


def opened(path: Path) -> LargeData:
    return open_data(open_table(path), Named(label="y", image="path"))


def blocks(path: Path, **more) -> Large:
    """By blocks, with the model beside the manifest unless it is said to be None."""
    data = opened(path)
    model = more.pop("model", path.parent / "model.npz")
    brought = None if model is None else bring(model, data.classes, None)
    return audit_blocks(data, **{"suite": NONE, "run": map, "memory": 2 * G, "brought": brought, **more})


@pytest.fixture(scope="module")
def whole(folder) -> Report:
    data = load(folder / "photos.parquet", label="y", image="path")
    with np.load(folder / "model.npz") as file:
        brought = Probabilities(file["pred_probs"], NAMES, "model")
    given, said = Given(pred_probs=brought), {"labels": {"method": "cleanlab"}}
    return audit(data, suite=NONE, given=given, checks=["labels", *CHECKS], options=said)


@pytest.fixture(scope="module")
def large(folder) -> Large:
    found = blocks(folder / "photos.parquet", with_map=True)
    publish_blocks(found, gate(found.report, NONE), folder / "report")
    return found


# -- the same as in memory -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", EXACT)
def test_measures_flags_scores_and_findings_are_those_in_memory(large, whole, folder, check):
    read, wanted = Report.read(folder / "report")[check], whole[check]

    assert read.measures == wanted.measures
    pd.testing.assert_frame_equal(read.scores, wanted.scores, check_names=False)
    pd.testing.assert_frame_equal(
        read.findings, wanted.findings, check_dtype=False, check_names=False, check_index_type=False
    )


def test_what_cannot_be_opened_is_said_as_in_memory_and_is_in_no_other_check(large, whole, folder):
    lines = large.report["missing"].detail["unreadable"]
    scores = pd.read_parquet(folder / "report" / "scores.parquet")

    assert lines == whole["missing"].detail["unreadable"]
    assert {line["row"] for line in lines} == set(SHUT)
    (note,) = [n for n in large.report.notes if "cannot be opened" in n]
    assert note in whole.notes
    assert len(scores) == N
    for check in ("labels", "conflicts", "duplicates", "imbalance", "outliers", "non_iid"):
        assert set(np.flatnonzero(scores[f"{check}.score"].isna())) == set(SHUT), check
    assert scores["missing.score"].notna().all()


def test_with_all_rows_drawn_what_lies_far_or_near_is_that_of_the_data_in_memory(large, whole, folder):
    read = Report.read(folder / "report")

    for check in ("duplicates", "outliers"):
        assert large.report[check].measures == whole[check].measures
        assert sorted(large.report[check].findings.index) == sorted(whole[check].findings.index)
    assert large.report["duplicates"].measures["near.count"] > 5
    assert large.report["duplicates"].measures["exact.count"] > 1
    twins = (r["duplicates"].findings["twin"].sort_index().tolist() for r in (large.report, whole))
    assert next(twins) == next(twins)
    for check in ("outliers", "non_iid"):
        np.testing.assert_allclose(read[check].scores["score"], whole[check].scores["score"], rtol=1e-6)
    assert large.report["non_iid"].measures["statistic"] == pytest.approx(whole["non_iid"].measures["statistic"])


def test_labels_are_judged_by_the_probabilities_of_the_rows_that_open(large, whole, folder):
    left = np.setdiff1d(np.arange(N), list(SHUT))
    with np.load(folder / "model.npz") as file:
        wanted = confident(pixels()[1][left], file["pred_probs"][left], scores=("self_confidence",))
    read = Report.read(folder / "report")["labels"]

    assert read.scores["score"].tolist() == wanted.scores["self_confidence"].tolist()
    assert read.measures["count"] == wanted.count == whole["labels"].measures["count"] > 0
    assert sorted(read.findings.index) == sorted(whole["labels"].findings.index)
    assert read.findings["suggested"].to_dict() == whole["labels"].findings["suggested"].to_dict()


def test_a_faulty_row_of_probabilities_is_named_by_its_place_among_all_rows(folder, tmp_path):
    with np.load(folder / "model.npz") as file:
        short = file["pred_probs"].copy()
    short[250] /= 2
    np.savez(tmp_path / "short.npz", pred_probs=short, classes=np.array(NAMES))

    found = blocks(folder / "photos.parquet", model=tmp_path / "short.npz").report["labels"]
    assert found.status == "error"
    assert "row 250 does not sum to 1" in found.why


@pytest.mark.parametrize("name", ["photos", "cells", "structs"])
def test_the_fingerprint_is_that_of_the_data_in_memory(folder, name):
    data = opened(folder / f"{name}.parquet")
    looked = look_at_all(data, map)

    assert fingerprint(data, looked.content) == (
        load(folder / f"{name}.parquet", label="y", image="path").fingerprint,
        (),
    )
    assert set(looked.shut) == set(SHUT)


def test_the_report_repairs_the_very_data_it_is_of(large, whole, folder):
    data, report = load(folder / "photos.parquet", label="y", image="path"), Report.read(folder / "report")

    assert report.dataset.fingerprint == data.fingerprint
    patch = prune(data, report, checks=EXACT)
    assert patch.table.equals(prune(data, whole, checks=EXACT).table)


def test_pictures_in_the_cells_are_judged_as_the_same_pictures_in_files(large, folder, tmp_path):
    publish_blocks(found := blocks(folder / "cells.parquet"), gate(found.report, NONE), tmp_path / "cells")

    assert (tmp_path / "cells/scores.parquet").read_bytes() == (folder / "report/scores.parquet").read_bytes()


def test_row_groups_and_files_do_not_matter(large, folder, tmp_path):
    frame = pd.read_parquet(folder / "photos.parquet")
    parts = folder / "a" / ".." / "parts"
    parts.mkdir()
    frame["path"] = [None if p is None else f"../{p}" for p in frame["path"]]
    for i, rows in enumerate((slice(0, 200), slice(200, 202), slice(202, N))):  # of the second none can be opened
        _write(parts / f"{i}.parquet", frame[rows], 150)
    found = blocks(parts, model=folder / "model.npz")
    publish_blocks(found, gate(found.report, NONE), tmp_path / "report")

    assert (tmp_path / "report/scores.parquet").read_bytes() == (folder / "report/scores.parquet").read_bytes()
    assert found.report.dataset.fingerprint == load(parts, label="y", image="path").fingerprint


def test_a_text_beside_the_picture_is_part_of_what_a_row_is(folder):
    names = [*range(60, 104), 60, 60, 61, 61, 7, 130]
    said = [*["one"] * 44, "ONE ", "one", "two", " One", "one", "one"]
    frame = pd.DataFrame({"path": [f"a/{i}.png" for i in names], "said": said, "size": 1.5, "y": ["u", "v"] * 25})
    frame["name"] = [f"row {i}" for i in range(50)]
    _write(folder / "told.parquet", frame, 7)
    named = {"label": "y", "image": "path", "text": "said", "features": ("size",), "id": "name"}
    checks = ["duplicates", "conflicts", "missing"]
    wanted = audit(load(folder / "told.parquet", **named), suite=NONE, checks=checks)
    found = audit_blocks(open_data(open_table(folder / "told.parquet"), Named(**named)), suite=NONE, run=map, memory=G)

    for check in checks:
        assert found.report[check].measures == wanted[check].measures
        assert sorted(found.report[check].findings["twin"].dropna()) == sorted(wanted[check].findings["twin"].dropna())
    assert wanted["duplicates"].measures["exact.count"] == 1
    assert wanted["conflicts"].measures["count"] == 1


@pytest.mark.parametrize("step", [1, 2, 7, 40])
def test_probabilities_are_taken_without_some_rows_whatever_the_blocks(step):
    values, out = probabilities(np.arange(N) % 3).astype("float32"), np.array([0, 4, 5, 6, 7, 299])
    source = brought_for(Brought(of_array(values, "model"), NAMES), out).source
    read = [(start, block()) for start, block in source.blocks(step)]

    assert np.array_equal(np.concatenate([block for _, block in read]), np.delete(values, out, axis=0))
    assert [start for start, _ in read] == np.cumsum([0, *(len(block) for _, block in read[:-1])]).tolist()
    assert source.rows == N - len(out)


# -- the pages, the engine, the command ------------------------------------------------------------------------------------


def test_the_page_shows_the_pictures_and_names_those_that_cannot_be_opened(large, folder):
    page = (folder / "report/report.html").read_text()

    assert page.count("data:image/") > 10
    assert "unknown or damaged format" in page
    assert "Pictures that cannot be opened" in page
    assert large.report.projection is not None
    assert not set(SHUT) & set(large.report.projection.places.index)


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="Ray is not installed (extra ray)")
def test_on_rays_workers_the_command_writes_the_same_bytes(large, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    said = ["--label", "y", "--image", "path", "--pred-probs", "model.npz", "--engine", "ray", "--memory", "2G"]
    Path("none.toml").write_text("")
    assert assay(["audit", "photos.parquet", *said, "-o", str(tmp_path / "ray")]) == 0

    assert "5 pictures cannot be opened" in " ".join(capsys.readouterr().out.split())
    for name in ("scores.parquet", "issues.parquet"):
        assert (tmp_path / "ray" / name).read_bytes() == (folder / "report" / name).read_bytes(), name


def test_pictures_count_in_whether_an_audit_fits_whether_they_are_named_or_look_like_pictures(folder):
    frame = pd.read_parquet(folder / "photos.parquet")
    for column in ("path", "other"):
        _write(folder / f"{column}s.parquet", frame[20:60].rename(columns={"path": column}).sample(4000, replace=True))
    paths, others = str(folder / "paths.parquet"), str(folder / "others.parquet")

    assert [fits(p, 450 << 20, []) for p in (paths, others)] == [False, True]
    assert not fits(others, 450 << 20, [], "other")
    assert fits(paths, 550 << 20, [])


# -- limits ----------------------------------------------------------------------------------------------------------------


def test_where_no_picture_opens_it_is_the_error_that_it_is_in_memory(folder):
    frame = pd.DataFrame({"path": [f"nowhere/{i}.png" for i in range(30)], "y": ["u", "v"] * 15})
    _write(folder / "nowhere.parquet", frame, 7)

    with pytest.raises(InputError) as here:
        blocks(folder / "nowhere.parquet", model=None)
    with pytest.raises(InputError) as there:
        audit(load(folder / "nowhere.parquet", label="y", image="path"), suite=NONE)
    assert str(here.value) == str(there.value)
    assert "none of the 30 pictures can be opened: no such file: 'nowhere/0.png'" in str(here.value)


def test_paths_at_an_address_are_refused_and_pictures_there_are_read(folder):
    with pytest.raises(InputError, match=r"column 'path' holds paths, and pictures at an address are not read"):
        open_data(open_table(place_of(f"file://{folder}/photos.parquet")), Named(label="y", image="path"))
    data = open_data(open_table(place_of(f"file://{folder}/cells.parquet")), Named(label="y", image="path"))
    assert set(look_at_all(data, map).shut) == set(SHUT)


def test_pictures_count_in_what_an_audit_needs(folder):
    data = opened(folder / "photos.parquet")
    plain = open_data(open_table(folder / "photos.parquet"), Named(label="y", features=("note",)))

    assert needed(data, None, NONE) > needed(plain, None, NONE) + (100 << 20)
    assert sample_bytes(data)[1] > sample_bytes(plain)[1] + (20 << 10)


# -- vectors ---------------------------------------------------------------------------------------------------------------


def test_a_space_of_pictures_places_them_where_they_lie_among_all():
    tiles = pictures_of(60)
    vectors, space = fit(tiles)

    assert np.array_equal(vectors, embed(tiles)[0])
    np.testing.assert_allclose(space(tiles.take([7])), vectors[[7]], atol=1e-5)


def test_of_a_coloured_picture_a_grey_space_takes_its_mean_grey():
    tiles = pictures_of(60)
    vectors, space = fit(tiles)
    features = picture_features(tiles, Cache())
    features[:, GRADIENTS:] += np.tile([-9, 0, 9], 64)

    np.testing.assert_allclose(space.project(features), vectors, atol=1e-5)


def test_a_backbone_places_pictures_block_by_block_as_in_memory(folder, tmp_path):
    torch = pytest.importorskip("torch")
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    backbone = Backbone("squeezenet1_1", tmp_path / "w.pt")
    torch.save(torchvision.models.get_model(backbone.name, weights=None).state_dict(), backbone.weights)
    _write(folder / "few.parquet", pd.read_parquet(folder / "photos.parquet")[180:260], 33)
    data = load(folder / "few.parquet", image="path", unlabelled=True)
    wanted = audit(data, suite=NONE, given=Given(backbone=backbone), checks=["outliers", "duplicates"])
    few = open_data(open_table(folder / "few.parquet"), Named(image="path", unlabelled=True))

    def found(rows: LargeData) -> Report:
        return audit_blocks(rows, suite=NONE, run=map, memory=2 * G, backbone=backbone).report

    here = found(few)
    for check in ("outliers", "duplicates"):
        assert here[check].measures == wanted[check].measures
        assert here[check].detail["meaning"] == wanted[check].detail["meaning"]
    limits = [r["duplicates"].detail["near_threshold"] for r in (here, wanted)]
    assert limits[0] == pytest.approx(limits[1])
    (tmp_path / "w.pt").write_bytes(b"no weights")
    with pytest.raises(InputError, match=r"w\.pt: not a file of weights"):
        found(few)
    table = open_data(few.table, Named(label="y", features=("note",)))
    with pytest.raises(InputError, match="a backbone looks at pictures, and this is table data"):
        found(table)
