"""The same content under different labels: at least one of them is wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.checks.findings import found, scored
from audit.errors import NotApplicable
from audit.evidence.gather import Evidence
from audit.report import Issues

SHOWN = 50


def conflicts(evidence: Evidence) -> Issues:
    """Find sets of rows whose content is equal (texts: after normalisation) and whose labels are not."""
    data = evidence.data
    if data.roles.label is None:
        raise NotApplicable("no label column")
    code = pd.factorize(data.normalised_content)[0]
    kinds = pd.Series(data.labels).groupby(code).transform("nunique").to_numpy()
    torn = kinds > 1
    positions = np.flatnonzero(torn)
    groups = {c: positions[code[positions] == c] for c in dict.fromkeys(code[positions].tolist())}
    names = np.array([str(c) for c in data.classes], dtype=object)
    labels_of = {c: sorted(set(names[data.labels[p]])) for c, p in groups.items()}
    return Issues(
        check="conflicts",
        measures={"count": len(groups), "rows": len(positions), "rate": len(positions) / len(data)},
        scores=scored(data.rows, np.where(torn, 0.0, 1.0), torn),
        findings=found(
            data.rows[positions],
            np.zeros(len(positions)),
            [f"the same content is labelled {' and '.join(labels_of[code[p]])}" for p in positions],
            given=names[data.labels[positions]],
            group=[data.rows[groups[code[p]][0]] for p in positions],
            kind="conflict",
            twin=[data.rows[next(q for q in groups[code[p]] if data.labels[q] != data.labels[p])] for p in positions],
        ),
        detail={
            "sets": [{"rows": list(data.rows[p]), "labels": labels_of[c]} for c, p in list(groups.items())[:SHOWN]]
        },
    )
