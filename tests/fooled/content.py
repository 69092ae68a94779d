"""Data that is not what it was, or not what it looks like."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
from PIL import Image

from tests.fooled.way import (
    FIT,
    NOT_ASKED,
    Answers,
    Way,
    assay,
    datalab,
    gated,
    gx,
    listed,
    measured,
    notes,
    rule,
    suite_file,
    trees,
    written,
)

WAYS: list[Way] = []
BETWEEN = "expect_column_values_to_be_between"
NOT_NULL = "expect_column_values_to_not_be_null"
IN_SET = "expect_column_values_to_be_in_set"
TALL = {"column": "height", "min_value": 10, "max_value": 40}
BROAD = {"column": "girth", "min_value": 100, "max_value": 400}
KINDS = {"column": "label", "value_set": ["ash", "birch", "cedar"]}
RULES = rule(BETWEEN, **TALL) + rule(BETWEEN, **BROAD) + rule(IN_SET, **KINDS) + FIT
PLAIN = ((BETWEEN, TALL), (BETWEEN, BROAD), (IN_SET, KINDS))


def both(place, table, *, suite=RULES, plain=PLAIN, about=None):
    """Gate a table; Great Expectations is asked about it too, and Datalab where one of its checks is `about` this."""
    peer = datalab(table, about, features=measured(table)) if about else NOT_ASKED
    if about in ("outlier", "near_duplicate") and peer.startswith("flags"):
        peer += f"; where nothing is wrong it {datalab(trees(), about, features=measured(trees()))}"
    return Answers(gated(place, table, suite), gx(table, *plain), peer)


@listed(WAYS, "a column was renamed by its case: height, Height", 3, "did you mean 'Height'")
def renamed(place):
    return both(place, trees().rename(columns={"height": "Height"}))


@listed(WAYS, "a space behind a column's name", 3, "does not exist")
def spaced(place):
    return both(place, trees().rename(columns={"height": "height "}))


@listed(WAYS, "two columns exchanged their names", 1, "height is between 10 and 40")
def swapped(place):
    return both(place, trees().rename(columns={"height": "girth", "girth": "height"}))


@listed(WAYS, "every value of a column is missing", 3, "every value is missing")
def all_null(place):
    return both(place, trees().assign(height=np.nan), about="null")


@listed(WAYS, "a table without a row", 2, "no rows")
def no_rows(place):
    return both(place, trees()[:0], about="null")


@listed(WAYS, "a file without a byte", 2, "empty")
def no_bytes(place):
    return Answers(gated(place, b"", RULES))


@listed(WAYS, "a unit changed: metres to millimetres", 1, "height is between 10 and 40")
def unit(place):
    return both(place, trees().assign(height=trees()["height"] * 1000), about="outlier")


@listed(WAYS, "a unit changed, and no rule looks at the column", 1, "outliers.rate")
def unit_in_some_rows(place):
    table = trees()
    table.loc[:7, "crown"] *= 1000
    return both(place, table, suite=RULES.replace("[limits]", '[limits]\n"outliers.rate" = 0.01'), about="outlier")


@listed(WAYS, "numbers became words: 24,5", 3, "could not run")
def words(place):
    table = trees()
    return both(place, table.assign(height=table["height"].astype(str).str.replace(".", ",")))


@listed(WAYS, "an infinite value in a column without a range", 2, "is infinite in row 7")
def infinite(place):
    table = trees()
    table.loc[7, "crown"] = np.inf
    return both(place, table, about="outlier")


@listed(WAYS, "a missing value where no rule asks for one", 1, "missing.count")
def one_null(place):
    table = trees()
    table.loc[7, "crown"] = np.nan
    return both(place, table, about="null")


@listed(WAYS, "a row without a label", 2, "has no label in 1 of 240 rows")
def no_label(place):
    table = trees()
    table.loc[7, "label"] = None
    return both(place, table, plain=[*PLAIN, (NOT_NULL, {"column": "label"})], about="label")


@listed(WAYS, "a new class by a slip of the pen: 'ash '", 1, "label is one of ash, birch, cedar")
def slip(place):
    table = trees()
    table.loc[:29, "label"] = table.loc[:29, "label"].replace("ash", "ash ")
    return both(place, table, about="label")


@listed(WAYS, "a class that is called NA, which pandas reads as missing", 0, "PASS")
def called_na(place):
    path = written(place, trees().assign(label=trees()["label"].replace("ash", "NA")))
    read = pd.read_csv(path)
    plain, peer = gx(read, (NOT_NULL, {"column": "label"})), datalab(read, features=measured(read))
    return Answers(assay("gate", path, "--suite", suite_file(place, FIT)), plain, peer)


@listed(WAYS, "a class is gone", 1, "found 2")
def class_gone(place):
    kind = "expect_column_unique_value_count_to_be_between"
    table, three = trees(), {"column": "label", "min_value": 3, "max_value": 3}
    left = table[table["label"] != "cedar"]
    return both(place, left, suite=RULES + rule(kind, **three), plain=[*PLAIN, (kind, three)], about="label")


@listed(WAYS, "a cell too few in a line", 2, "line 9")
def ragged(place):
    lines = trees().to_csv(index=False).splitlines()
    lines[8] = lines[8].split(",", 1)[1]
    return Answers(gated(place, "\n".join(lines) + "\n", RULES))


@listed(WAYS, "a quotation mark that is never closed", 2, "data.csv")
def unclosed(place):
    lines = trees().to_csv(index=False).splitlines()
    lines[8] = '"' + lines[8]
    return Answers(gated(place, "\n".join(lines) + "\n", RULES))


@listed(
    WAYS, "a key that stands twice in a line of JSON, once with each label", 2, "line 2: the key 'label' stands twice"
)
def two_answers(place):
    lines = '{"a": 1, "label": "ash"}\n{"a": 2, "label": "ash", "label": "birch"}\n'
    return Answers(assay("gate", written(place, lines, "data.jsonl"), "--suite", suite_file(place, FIT)))


@listed(WAYS, "two columns of one name", 2, "two columns are called 'height'")
def twice(place):
    text = trees().to_csv(index=False).replace("height,girth", "height,height", 1)
    return Answers(gated(place, text, FIT), gx(pd.read_csv(written(place, text, "plain.csv")), (BETWEEN, TALL)))


@listed(WAYS, "ids that stand twice", 2, "names rows twice")
def same_ids(place):
    table = trees().assign(id=[*range(239), 0])
    unique = ("expect_column_values_to_be_unique", {"column": "id"})
    return Answers(gated(place, table, FIT, "--id", "id"), gx(table, *PLAIN, unique))


@listed(WAYS, "a download that broke off (Parquet)", 2, "data.parquet")
def cut_parquet(place):
    trees().to_parquet(place / "whole.parquet")
    path = written(place, (place / "whole.parquet").read_bytes()[:-200], "data.parquet")
    return Answers(assay("gate", path, "--suite", suite_file(place, FIT)))


@listed(WAYS, "a download that broke off (gzip)", 2, "data.csv.gz")
def cut_gzip(place):
    path = written(place, gzip.compress(trees().to_csv(index=False).encode())[:-500], "data.csv.gz")
    return Answers(assay("gate", path, "--suite", suite_file(place, FIT)))


@listed(WAYS, "a file that is not there", 2, "no such file")
def not_there(place):
    return Answers(assay("gate", place / "gone.csv", "--suite", suite_file(place, FIT)))


@listed(WAYS, "texts of spaces only, which are not null", 1, "missing.count")
def blank_texts(place):
    table = notes()
    table.loc[3, "text"] = "  "
    return both(place, table, suite=FIT, plain=[(NOT_NULL, {"column": "text"})])


@listed(WAYS, "texts in a wrong encoding (CafÃ©)", 1, "text does not match")
def mojibake(place):
    table = notes().assign(text=lambda t: "Café " + t["text"])
    kind, kwargs = "expect_column_values_to_not_match_regex", {"column": "text", "regex": "[ÃÂ]"}
    broken = table.assign(text=[t.encode().decode("latin-1") for t in table["text"]])
    return Answers(gated(place, broken, rule(kind, **kwargs) + FIT), gx(broken, (kind, kwargs)))


@listed(WAYS, "bytes that are not UTF-8", 2, "data.csv")
def latin(place):
    return Answers(gated(place, "text,label\ncaf\u00e9,a\ntea,b\n".encode("latin-1"), FIT))


@listed(WAYS, "rows that stand there twice", 1, "duplicates.exact.count")
def copies(place):
    table = trees()
    unique = ("expect_compound_columns_to_be_unique", {"column_list": list(table.columns)})
    return both(place, pd.concat([table, table[:10]]), plain=[*PLAIN, unique], about="near_duplicate")


@listed(WAYS, "a sentence twice but for capitals, under two labels", 1, "conflicts.count")
def torn(place):
    table = notes()
    other = pd.DataFrame({"text": [table.loc[0, "text"].upper()], "label": ["kitchen"]})
    unique = [("expect_column_values_to_be_unique", {"column": "text"})]
    return both(place, pd.concat([table, other]), suite=FIT, plain=unique)


# -- a reference -------------------------------------------------------------------------------------------------------

LEAKS = FIT + '"leakage.exact.count" = 0\n'


def against(place, table, other, suite=LEAKS):
    return Answers(gated(place, table, suite, "--reference", written(place, other, "test.csv")), gx(table, *PLAIN))


@listed(WAYS, "rows of the test set among the training rows", 1, "leakage.exact.count")
def leaked(place):
    other = trees(60, seed=4)
    return against(place, pd.concat([trees(), other[:5]]), other)


@listed(WAYS, "the same, with the test set's columns in another order", 1, "leakage.exact.count")
def leaked_turned(place):
    other = trees(60, seed=4)
    return against(place, pd.concat([trees(), other[:5]]), other[other.columns[::-1]])


@listed(WAYS, "sentences of the test set in capitals among the training rows", 1, "leakage.normalised.count")
def leaked_in_capitals(place):
    table = notes()
    answers = against(
        place, table, table[::8].assign(text=table["text"][::8].str.upper()), FIT + '"leakage.normalised.count" = 0\n'
    )
    return Answers(answers.assay, NOT_ASKED)


@listed(
    WAYS,
    "a test set whose numbers were written as words, so that no row is ever equal",
    2,
    "no rows would ever be equal",
)
def words_there(place):
    other = trees(60, seed=4)
    return against(place, pd.concat([trees(), other[:5]]), other.assign(height="h" + other["height"].astype(str)))


@listed(WAYS, "one split only in the column that says train and test", 1, "holds one split only")
def one_split(place):
    return Answers(gated(place, trees().assign(part="train"), LEAKS, "--split", "part"))


# -- pictures ----------------------------------------------------------------------------------------------------------

SHOWN = '[limits]\n"missing.unreadable" = 0\n"missing.count" = 0\n'


def pictures(place, n=40):
    """A folder of a folder of pictures for each class."""
    rng = np.random.default_rng(7)
    for i in range(n):
        pixels = rng.integers(0, 60, (8, 8), dtype=np.uint8)
        top = i % 2 == 0
        pixels[(slice(4), slice(None)) if top else (slice(None), slice(4))] += 150
        path = place / "tiles" / ("top" if top else "left") / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return place / "tiles"


@listed(WAYS, "a picture that was cut off", 1, "missing.unreadable")
def cut_picture(place):
    path = pictures(place) / "top" / "00.png"
    path.write_bytes(path.read_bytes()[:60])
    names = pd.DataFrame({"path": sorted(str(p) for p in place.rglob("*.png"))})
    return Answers(
        assay("gate", place / "tiles", "--suite", suite_file(place, SHOWN)), gx(names, (NOT_NULL, {"column": "path"}))
    )


@listed(WAYS, "a table that names a picture which is not there", 1, "missing.unreadable")
def no_picture(place):
    folder = pictures(place)
    names = sorted(p.relative_to(place).as_posix() for p in folder.rglob("*.png"))
    table = pd.DataFrame({"image": names, "label": [n.split("/")[1] for n in names]})
    (place / names[3]).unlink()
    said = gated(place, table, SHOWN)
    return Answers(said, gx(table, (NOT_NULL, {"column": "image"})))
