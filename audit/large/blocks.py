"""What the checks of an audit by blocks look at, each piece computed once, on first touch."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from audit.dataset import Dataset
from audit.errors import AssayError, InputError, NotApplicable
from audit.evidence.backbone import Backbone
from audit.evidence.gather import Progress
from audit.large import pictures
from audit.large.bounds import Clock
from audit.large.budget import drawn_rows
from audit.large.drawn.around import Placed, Said, look_around, place
from audit.large.drawn.judge import Known
from audit.large.drawn.sample import drawn
from audit.large.drawn.sampled import Sample
from audit.large.drawn.taught import Taught, known, taught, too_few
from audit.large.engine import Map
from audit.large.every.copies import Sets, sets_of
from audit.large.found import Streamed
from audit.large.read.rows import Looked, look_at_all
from audit.large.read.table import LargeData
from audit.report import Issues


@dataclass(frozen=True, eq=False)
class Blocks:
    """What several checks look at, each computed once, and what they found."""

    everything: LargeData
    run: Map
    room: int
    """Bytes beyond what the checks of all rows need."""
    clock: Clock
    seed: int
    progress: Progress
    judges: bool
    """Whether labels of all rows are judged by what is learnt of the drawn ones."""
    backbone: Backbone | None = None
    found: dict[str, Streamed] = field(default_factory=dict)

    @cached_property
    def drawn(self) -> tuple[np.ndarray, Dataset]:
        """The rows of the sample; NotApplicable where too few fit the bounds."""
        count = drawn_rows(self.data, self.room, self.clock, pictures.width(self.backbone))
        if not self.looked.content.shape[1]:
            raise NotApplicable("rows have no content to make vectors of")
        rows = drawn(self.looked.content, self.exact, count, self.seed)
        return rows, self.data.at(rows)

    @cached_property
    def placed(self) -> Placed:
        """The drawn rows in their space; NotApplicable where there is none."""
        rows, own = self.drawn
        try:
            return place(rows, own, self.seed, self.backbone)
        except InputError as why:  # such as columns without a value: no vectors, and so nothing to look at
            raise NotApplicable(str(why)) from None

    @cached_property
    def taught(self) -> Taught:
        """What is learnt of the drawn rows' labels; NotApplicable where that is nothing."""
        more = np.empty(0, np.int64)
        if self.judges and self.data.codes is not None:
            more = too_few(self.looked.content, self.exact, self.data.codes, self.placed.rows, self.seed)
        return taught(self.data, self.placed, more, self.seed, self.progress)

    @cached_property
    def known(self) -> Known:
        """Of all rows, what a judge asks for."""
        return known(self.data, self.taught)

    @cached_property
    def around(self) -> tuple[Sample, Said | None]:
        """The sample with the nearest of all rows to each of it, and what is said of all rows' labels."""
        judging = None
        if self.judges:
            # what stops it is what the label check says
            with suppress(AssayError, NotApplicable):
                judging = self.taught.judge, self.known
        return look_around(self.data, self.placed, self.run, self.progress, *(judging or ()))

    @cached_property
    def sample(self) -> Sample:
        """The first of these; NotApplicable where there is none."""
        return self.around[0]

    @cached_property
    def all_looked(self) -> Looked:
        """The hashes and empty cells of all rows; InputError where no picture can be opened."""
        return look_at_all(self.everything, self.run)

    @cached_property
    def out(self) -> np.ndarray:
        """(s,) ascending positions of the rows that are in no check but those of `everything`."""
        return self.all_looked.out if self.everything.head.roles.image is not None else np.empty(0, np.int64)

    @cached_property
    def data(self) -> LargeData:
        """The rows that can be looked at: those whose picture opens, counted as if there were no others."""
        return self.everything.without(self.out)

    @cached_property
    def looked(self) -> Looked:
        """The hashes and empty cells of these rows."""
        return self.all_looked.without(self.out)

    @cached_property
    def exact(self) -> Sets:
        """Rows of equal content."""
        return sets_of(self.looked.content)

    @cached_property
    def normalised(self) -> Sets | None:
        """Rows of equal content once texts are normalised; None where there is no text."""
        return None if self.looked.normalised is None else sets_of(self.looked.normalised)

    def keep(self, streamed: Streamed) -> Issues:
        """Remember what the files are written from, found among `data`."""
        return self.keep_of_all(pictures.among_all(streamed, self.out))

    def keep_of_all(self, streamed: Streamed) -> Issues:
        """The same, found among `everything`."""
        self.found[streamed.issues.check] = streamed
        return streamed.issues
