"""Train on data.csv, if the certificate is of these very bytes; the model is written as numbers."""

import json
from pathlib import Path

import pandas as pd
from sklearn.linear_model import LogisticRegression

from audit import require


def main() -> None:
    require("data.csv", "certificate.json")
    table = pd.read_csv("data.csv")
    model = LogisticRegression().fit(table.drop(columns="label"), table["label"])
    written = {"classes": model.classes_.tolist(), "weights": model.coef_.tolist(), "bias": model.intercept_.tolist()}
    Path("model.json").write_text(json.dumps(written), encoding="utf-8")


if __name__ == "__main__":
    main()
