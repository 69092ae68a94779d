"""Pictures in a folder for each class: find wrong ones, move them to the class they look like, undo it.

scikit-learn's digits, written as PNG files, with twenty of them in the wrong folder and one of them cut off in the
middle. Run it: python examples/images.py
"""

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from audit import audit, load, relabel, restore, write_clean

WRONG = 20


def write_folder(root: Path, seed: int = 0) -> set[str]:
    """A folder a digit; returns the paths of the pictures that lie in a wrong one."""
    digits = load_digits()
    rng = np.random.default_rng(seed)
    moved = set(rng.choice(900, size=WRONG, replace=False).tolist())
    wrong = set()
    for i, (pixels, digit) in enumerate(zip(digits.images[:900], digits.target[:900], strict=True)):
        folder = root / str((digit + 5) % 10 if i in moved else digit)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{i:04}.png"
        Image.fromarray((pixels * 15).astype("uint8")).save(path)
        if i in moved:
            wrong.add(f"{folder.name}/{path.name}")
    cut = root / "3" / "0003.png"
    cut.write_bytes(cut.read_bytes()[:40])
    return wrong


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "digits"
        wrong = write_folder(root)
        data = load(root)
        report = audit(data)
        found = set(report["labels"].flagged)
        print(f"{len(found & wrong)} of {len(wrong)} misplaced pictures are among the {len(found)} that look wrong")
        print("cannot be opened:", report["missing"].detail["unreadable"][0]["row"])

        patch = relabel(data, report)
        clean = Path(scratch) / "clean"
        write_clean(data, patch, clean, report=report, command="examples/images.py")
        print(f"{len(patch)} pictures moved;", f"{len(load(clean))} pictures in the repaired folder")
        back = restore(clean, Path(scratch) / "back")
        print("restored:", load(back).fingerprint == data.fingerprint)


if __name__ == "__main__":
    main()
