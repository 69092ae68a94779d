"""docs/experiments.md, from what the full experiment wrote: `python examples/experiment.py SUBJECT` for each, then
`python -m tests.experiments`."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
DONE = ROOT / "build/experiments"
DOCUMENT = ROOT / "docs/experiments.md"
SUBJECTS = {
    "cifar10n-worse": "Pictures, the worst of three people's labels",
    "cifar10n-aggre": "Pictures, the majority of three people's labels",
    "banking77": "Texts",
    "digits": "A table",
    "small/digits": "The table again, with a run deliberately too small",
}
SMALL = "small/digits"
SMALL_COMMAND = (
    "python examples/experiment.py digits --sizes 300,600,1200 --seeds 2 --models linear -o build/experiments/small"
)
HEAD = """# What repairing labels was worth: pictures, texts, a table

Made by `python -m tests.experiments` from what `python examples/experiment.py SUBJECT` wrote: every version at five sizes
with five seeds, each draw audited by itself, and the same repairs by a cleaner that saw the whole pool beside them. No
figure here is typed by hand. The pictures are 20,000 of CIFAR-10N's, seen as the features of a frozen network
(CIFAR-10's test labels are taken as right); the texts are banking77's with 15 % of the training labels moved to the intent
that reads most alike; the table is scikit-learn's digits as 64 numbers a row with 20 % of the labels moved.
"""
BACKSLASH = re.compile(r"\\([()])")


def document() -> str:
    """A section a subject."""
    parts = [HEAD]
    for name, title in SUBJECTS.items():
        page = (DONE / name / "comparison.md").read_text(encoding="utf-8")
        found, _, _ = BACKSLASH.sub(r"\1", page).partition("\nNext:\n")
        advice = (DONE / f"{name}-advice" / "advice.md").read_text(encoding="utf-8")
        weighed, _, _ = BACKSLASH.sub(r"\1", advice).partition("\nTo tell more:\n")
        command = f"`python examples/experiment.py {name}`" if name != SMALL else f"`{SMALL_COMMAND}`"
        parts.append(f"## {title}\n\n{command}\n\n{found.strip()}\n\n{weighed.strip()}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
