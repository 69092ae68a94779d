"""One graph of nearest neighbours for every check that looks at who lies near whom."""

from audit.neighbours.graph import Neighbours, sets
from audit.neighbours.search import RECALL, nearest

__all__ = ["RECALL", "Neighbours", "nearest", "sets"]
