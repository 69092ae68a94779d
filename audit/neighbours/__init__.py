"""One graph of nearest neighbours for every check that looks at who lies near whom."""

from audit.neighbours.graph import Neighbours, sets
from audit.neighbours.search import RECALL, nearest
from audit.neighbours.votes import VOTERS, neighbour_vote, vote

__all__ = ["RECALL", "VOTERS", "Neighbours", "nearest", "neighbour_vote", "sets", "vote"]
