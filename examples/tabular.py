"""A table: audit it, let the gate decide, repair it, gate it again.

scikit-learn's breast cancer table, with one label in twelve turned round and some rows copied, so that there is
something to find. Run it: python examples/tabular.py
"""

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

from audit import audit, deduplicate, gate, load, prune, read_suite


def faulty_table(seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """The table with planted faults, and the positions of the labels that were turned round."""
    source = load_breast_cancer(as_frame=True)
    table = source.frame.rename(columns={"target": "diagnosis"})
    table["diagnosis"] = source.target_names[table["diagnosis"]]
    rng = np.random.default_rng(seed)
    turned = np.sort(rng.choice(len(table), size=len(table) // 12, replace=False))
    other = {"benign": "malignant", "malignant": "benign"}
    table.loc[turned, "diagnosis"] = table.loc[turned, "diagnosis"].map(other)
    return pd.concat([table, table.iloc[:15]], ignore_index=True), turned


def main() -> None:
    table, turned = faulty_table()
    data = load(table, label="diagnosis")
    suite = read_suite("tabular")

    report = audit(data, suite=suite)
    print(f"raw:      {gate(report, suite).outcome}, {report.measures['labels.count']} labels look wrong")
    found = report["labels"].flagged.intersection(turned)
    print(f"          {len(found)} of the {len(turned)} labels we turned round are among them")

    patch = deduplicate(data, report).then(prune(data, report))
    clean = patch.apply(data)
    after = audit(clean, suite=suite)
    print(f"repaired: {gate(after, suite).outcome}, {len(data) - len(clean)} rows dropped")
    print(patch.table["reason"].head(3).to_string(index=False))


if __name__ == "__main__":
    main()
