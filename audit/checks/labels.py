"""Labels that a model which has not seen the row disagrees with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from audit import confident
from audit.checks.findings import found, scored
from audit.errors import NotApplicable
from audit.evidence import Evidence
from audit.report import Issues
from audit.statistics import wilson

MATRIX_CLASSES = 20
PAIRS = 15
BINS = 20


def labels(evidence: Evidence, *, filter_by: str = "both") -> Issues:
    """Flag labels by confident learning on out-of-fold probabilities, and score every label.

    Args:
        evidence: probabilities come from its views' geometric mean.
        filter_by: cleanlab's rule. The default takes the rows on which its two pruning rules agree, the most precise
            of them on weak evidence, since what is flagged here is later dropped or relabelled.
    """
    data = evidence.data
    if data.roles.label is None:
        raise NotApplicable("no label column")
    given, pred_probs = data.labels, evidence.pred_probs
    flagged = confident.flags(given, pred_probs, filter_by)
    score = confident.margin_quality(given, pred_probs)
    looks = pred_probs.argmax(axis=1)
    classes = np.array(data.classes, dtype=object)
    worst = np.flatnonzero(flagged)
    sure = pred_probs[worst, looks[worst]]
    low, high = wilson(len(worst), len(data))
    return Issues(
        check="labels",
        measures={"count": len(worst), "rate": len(worst) / len(data), "rate_low": low, "rate_high": high},
        scores=scored(data.rows, score, flagged, given=data.given, suggested=_typed(classes[looks], data.given)),
        findings=found(
            data.rows[worst],
            score[worst],
            [
                f"labelled {g}, looks like {s} ({p:.1%} sure)"
                for g, s, p in zip(classes[given[worst]], classes[looks[worst]], sure, strict=True)
            ],
            given=classes[given[worst]],
            suggested=classes[looks[worst]],
        ),
        detail={
            "method": f"confident learning (cleanlab {filter_by}) on out-of-fold probabilities; {evidence.made_of}",
            "score": "p(given) / (p(given) + largest other p)",
            "views": list(evidence.views),
            "cleanlab_count": confident.count(given, pred_probs),
            "agreement": float((looks == given).mean()),
            **_by_class(given, looks, flagged, data.classes),
            **_histogram(score, flagged),
        },
    )


def _typed(suggested: np.ndarray, given: Any) -> Any:
    import pandas as pd

    return pd.Series(suggested, index=given.index).astype(given.dtype)


def _by_class(given: np.ndarray, looks: np.ndarray, flagged: np.ndarray, classes: tuple[Any, ...]) -> Mapping[str, Any]:
    pairs = Counter(zip(given[flagged].tolist(), looks[flagged].tolist(), strict=True))
    rows = np.bincount(given, minlength=len(classes))
    wrong = np.bincount(given[flagged], minlength=len(classes))
    lines = []
    for k, name in enumerate(classes):
        low, high = wilson(int(wrong[k]), int(rows[k]))
        rate = wrong[k] / rows[k] if rows[k] else 0.0
        lines.append(
            {
                "class": name,
                "rows": int(rows[k]),
                "flagged": int(wrong[k]),
                "rate": float(rate),
                "low": low,
                "high": high,
            }
        )
    out: dict[str, Any] = {
        "classes": list(classes),
        "per_class": lines,
        "pairs": [{"given": classes[a], "suggested": classes[b], "count": c} for (a, b), c in pairs.most_common(PAIRS)],
    }
    if len(classes) <= MATRIX_CLASSES:
        matrix = np.zeros((len(classes), len(classes)), dtype=int)
        for (a, b), c in pairs.items():
            matrix[a, b] = c
        out["confusion"] = matrix.tolist()
    return out


def _histogram(score: np.ndarray, flagged: np.ndarray) -> Mapping[str, Any]:
    edges = np.linspace(0, 1, BINS + 1)
    fine, bad = (np.histogram(score[mask], edges)[0].tolist() for mask in (~flagged, flagged))
    return {"histogram": {"edges": [round(float(e), 4) for e in edges], "fine": fine, "flagged": bad}}
