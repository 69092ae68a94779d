"""Where the benchmark data lies, beside the project; tests that need it skip, and say so, where it is absent."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="benchmark data absent: no ../shared/data")
