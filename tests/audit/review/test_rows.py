"""A row of a table as the review page gets it."""

import numpy as np
from toy import report_of, table_of

from audit.evidence.gather import Evidence
from audit.review.queue import plan
from audit.review.rows import Desk
from tests.audit.review.served import labels_found


def test_the_cells_that_speak_against_the_label_come_first_with_what_is_usual():
    rng = np.random.default_rng(0)
    labels = ["ash"] * 30 + ["birch"] * 30
    values = np.c_[rng.normal(size=60), np.r_[rng.normal(0, 1, 30), rng.normal(9, 1, 30)]]
    values[0, 1] = 9
    data = table_of(values, labels)
    wrong = np.r_[0.9, np.full(59, 0.01)]
    report = report_of(data, labels_found(data, wrong, wrong > 0.5, ["birch"] * 30 + ["ash"] * 30))
    shown = Desk(data, report, plan(report), Evidence(data)).show(0)["shown"]
    assert [c["name"] for c in shown["cells"]] == ["x1", "x0"]
    assert shown["cells"][0]["aside"].startswith("given ")
    assert shown["cells"][1]["aside"] == ""
