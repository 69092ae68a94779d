"""An action that makes a Checkpoint refuse to run without its expectations."""

from __future__ import annotations

from typing import Any, Literal

from great_expectations.checkpoint import ValidationAction
from great_expectations.compatibility import pydantic

from audit.errors import Undecided


class RequireExpectations(ValidationAction):  # type: ignore[misc]  # Great Expectations takes only what inherits from its own
    """Raise Undecided unless a Checkpoint evaluated exactly so many expectations.

    Great Expectations drops an expectation whose class was not imported, and an empty suite passes. A Checkpoint that
    holds this action cannot be loaded without the import, and does not end well with fewer results than it should have.

    Args:
        name: what to call the action.
        expectations: how many results the run must have, over all of the Checkpoint's suites.
    """

    type: Literal["assay_require_expectations"] = "assay_require_expectations"
    expectations: pydantic.conint(ge=1, strict=True)  # type: ignore[valid-type]

    def run(self, checkpoint_result: Any, action_context: Any = None) -> dict[str, Any]:  # noqa: ARG002  GX's signature
        """Great Expectations' hook after every suite has run."""
        found = sum(len(r.results) for r in checkpoint_result.run_results.values())
        if found != self.expectations:
            raise Undecided(
                f"checkpoint {checkpoint_result.name}: {found} of {self.expectations} expectations were evaluated; "
                f"those that are missing were dropped because their class was not imported, or were taken out"
            )
        return {"expectations": found}
