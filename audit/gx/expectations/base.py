"""What our expectations share: the report they name, the batch they hold it against, the words they are shown in.

They look at what an audit found, so they run wherever Great Expectations does. Whatever keeps one from deciding (no
report, another report, an edited one, other data, a check that was skipped or crashed) is an ordinary failure that says
so: Great Expectations shows a failure's reason in every face it has, an exception's often only as a traceback.
"""

from __future__ import annotations

import math
import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.core.suite_parameters import SuiteParameterDict
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation, render_suite_parameter_string
from great_expectations.render import LegacyDiagnosticRendererType, LegacyRendererType, RenderedStringTemplateContent
from great_expectations.render.renderer.renderer import renderer
from great_expectations.render.renderer_configuration import RendererConfiguration, RendererValueType
from great_expectations.validator.metric_configuration import MetricConfiguration

from audit.errors import AssayError
from audit.gx.pinned import BY_CONTENT, BY_COUNTS, is_in_frame, read_pinned, same_classes, same_content, same_shape
from audit.report import Report

HASH = re.compile(r"[0-9a-f]{32}")
ROWS, COLUMNS = "table.row_count", "table.columns"


@dataclass(frozen=True)
class Said:
    """What the report says of one expectation."""

    success: bool
    value: float | str
    words: str
    details: Mapping[str, Any] = field(default_factory=dict)


def is_parameter(value: Any) -> bool:
    """Whether it stands for a value that comes with the run: `{"$PARAMETER": "name"}`."""
    return isinstance(value, dict) and set(value) == {"$PARAMETER"}


def number(value: Any) -> float | dict[str, Any]:
    """A number, or a parameter that stands for one. Texts and truth values are neither."""
    if is_parameter(value):
        return dict(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"a number is needed, not {value!r}")  # pydantic makes it a validation error
    if not math.isfinite(value):
        raise ValueError(f"{value} demands nothing")
    return float(value)


def share(value: Any) -> float | dict[str, Any]:
    """A number between 0 and 1; at either end of it nothing or everything would be demanded."""
    found = number(value)
    if isinstance(found, float) and not 0 < found < 1:
        raise ValueError(f"a share between 0 and 1, without either, is needed, not {value!r}")
    return found


def written(value: Any) -> str:
    """A value as people write it; a parameter by its name."""
    if is_parameter(value):
        return f"${value['$PARAMETER']}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def percent(value: Any) -> str:
    """A share as people write it; a parameter by its name."""
    return f"{100 * value:.3g} %" if isinstance(value, float) else written(value)


class AboutReport(BatchExpectation):  # type: ignore[misc]  # Great Expectations takes only what inherits from its own
    """An expectation about what an audit found in the data of the batch."""

    report: str | SuiteParameterDict = pydantic.Field(description="The report's folder, as `assay audit -o` wrote it.")
    report_hash: str | SuiteParameterDict = pydantic.Field(description="Its hash, as `assay report` prints it.")

    metric_dependencies: ClassVar[tuple[str, ...]] = (ROWS, COLUMNS)
    success_keys: ClassVar[tuple[str, ...]] = ("report", "report_hash")

    @pydantic.validator("report_hash", pre=True)  # type: ignore[untyped-decorator]
    def _is_hash(cls, value: Any) -> Any:  # noqa: N805  pydantic's validators are class methods
        if not is_parameter(value) and not (isinstance(value, str) and HASH.fullmatch(value)):
            raise ValueError(f"a hash of 32 hexadecimal digits is needed, not {value!r}")
        return value

    @abstractmethod
    def judge(self, report: Report) -> Said:
        """What the report says; AssayError where it says nothing."""

    @classmethod
    @abstractmethod
    def sentence(cls, kwargs: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        """The demand as a sentence with `$names`, and what stands for each."""

    def _validate(
        self,
        metrics: Mapping[str, Any],
        runtime_configuration: Mapping[str, Any] | None = None,  # noqa: ARG002  Great Expectations' signature
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        try:
            report = read_pinned(self.report, self.report_hash)
            same_shape(report.dataset, metrics[ROWS], metrics[COLUMNS])
            compared = self._hold_against(report, execution_engine)
        except AssayError as wrong:
            return undecided(wrong)
        return decided(self, report, compared)

    def _hold_against(self, report: Report, engine: Any) -> str:
        """StaleError unless the batch is the report's data; returns by what it was compared."""
        card, domain = report.dataset, self._get_domain_kwargs()
        if isinstance(engine, PandasExecutionEngine) and is_in_frame(card):
            same_content(card, engine.get_domain_records(domain_kwargs=domain))
            return BY_CONTENT
        if card.roles.label is not None:
            asked = MetricConfiguration(
                "column.value_counts", {**domain, "column": card.roles.label}, {"sort": "value", "collate": None}
            )
            same_classes(card, engine.resolve_metrics((asked,))[asked.id].to_dict())
        return BY_COUNTS

    # -- in words --------------------------------------------------------------------------------------------------

    @classmethod
    def _prescriptive_template(cls, renderer_configuration: RendererConfiguration) -> RendererConfiguration:
        sentence, words = cls.sentence(renderer_configuration.kwargs)
        for name, value in words.items():
            renderer_configuration.add_param(name=name, param_type=RendererValueType.STRING, value=value)
        renderer_configuration.template_str = sentence
        return renderer_configuration

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)  # type: ignore[untyped-decorator]
    @render_suite_parameter_string  # type: ignore[untyped-decorator]
    def _prescriptive_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Mapping[str, Any] | None = None
    ) -> list[Any]:
        asked = configuration or result.expectation_config
        sentence, words = cls.sentence(asked.kwargs)
        styling = (runtime_configuration or {}).get("styling", {})
        return [_shown(sentence, words, styling)]

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.OBSERVED_VALUE)  # type: ignore[untyped-decorator]
    def _diagnostic_observed_value_renderer(
        cls,
        configuration: Any = None,  # noqa: ARG003  Great Expectations' signature
        result: Any = None,
        runtime_configuration: Mapping[str, Any] | None = None,  # noqa: ARG003
    ) -> Any:
        found = (result.result if result is not None else None) or {}
        words = found.get("details", {}).get("words") or cls._get_observed_value_from_evr(result=result)
        return _shown("$words", {"words": words}, {})  # a parameter is escaped, a bare text is not


def decided(expectation: AboutReport, report: Report, compared: str) -> dict[str, Any]:
    """What Great Expectations keeps of one expectation, once the report is known to be about the data.

    Args:
        expectation: with its arguments.
        report: the one it names.
        compared: by what the data was held against the report.
    """
    try:
        said = expectation.judge(report)
    except AssayError as wrong:
        return undecided(wrong)
    state = "pass" if said.success else "fail"
    details = {"state": state, "words": said.words, "compared": compared, **said.details}
    return {"success": said.success, "result": {"observed_value": said.value, "details": details}}


def undecided(wrong: AssayError) -> dict[str, Any]:
    """The same where nobody can tell: a failure that says why."""
    words = f"not known: {wrong}"
    return {"success": False, "result": {"observed_value": words, "details": {"state": "error", "words": words}}}


def _shown(template: str, params: Mapping[str, str], styling: Mapping[str, Any]) -> Any:
    return RenderedStringTemplateContent(
        content_block_type="string_template",
        string_template={"template": template, "params": dict(params), "styling": dict(styling)},
    )
