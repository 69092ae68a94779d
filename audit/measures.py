"""What assay's own checks measure, in words. Larger is always worse."""

MEASURES = {
    "schema.failed": "expectations that do not hold or could not be run",
    "schema.rows": "rows that break an expectation",
    "schema.rate": "share of the rows that break an expectation",
    "labels.count": "labels estimated to be wrong",
    "labels.rate": "share of the labels estimated to be wrong",
    "labels.rate_low": "lower end of the 95 % interval of that share",
    "labels.rate_high": "upper end of the 95 % interval of the share of wrong labels",
    "labels.flagged": "labels pointed at",
    "conflicts.count": "sets of equal content under more than one label",
    "conflicts.rows": "rows of equal content under more than one label",
    "conflicts.rate": "share of the rows that are of equal content under more than one label",
    **{
        f"{check}.{kind}.{measure}": f"{'share of ' if measure == 'rate' else ''}{of} {what}"
        for check, of, ends in (
            ("duplicates", "rows", ("equal to an earlier one", "close to an earlier one")),
            ("leakage", "rows of the reference or the other splits", ("that are here too", "that look like one here")),
        )
        for kind, what in (
            ("exact", ends[0]),
            ("normalised", f"{ends[0]}, but for how their text is written"),
            ("near", ends[1]),
        )
        for measure in ("count", "rate")
    },
    "leakage.inflation": "share of the reference's rows that a nearest neighbour gets right only thanks to the leak",
    "leakage.inflation_low": "lower end of the 95 % interval of that share",
    "outliers.count": "rows far from all others",
    "outliers.rate": "share of the rows that are far from all others",
    "imbalance.ratio": "largest class over smallest",
    "missing.count": "rows without a value in a column that has a role",
    "missing.rate": "share of the rows without a value in a column that has a role",
    "missing.cells": "empty cells",
    "non_iid.evidence": "evidence that the rows' order matters, -log10 of a p-value",
    "non_iid.statistic": "distance between neighbours' distances in the rows' order and any rows', Kolmogorov and Smirnov's",
    "valuation.count": "rows that mislead their neighbours",
    "valuation.rate": "share of the rows that mislead their neighbours",
    "missing.unreadable": "pictures that cannot be opened",
}
