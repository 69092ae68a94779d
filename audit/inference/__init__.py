"""Writing a first suite from data: `infer(data, report)` gives demands, each with what it came from."""

from audit.inference.demands import infer
from audit.inference.resampling import Inference, Inferred

__all__ = ["Inference", "Inferred", "infer"]
