"""Template tags of evaluations: states of jobs, figures with their spread."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from webapp.evaluations.figures import Figure
from webapp.evaluations.models import Evaluation
from webapp.evaluations.queries import label_of_data
from webapp.jobs.labels import JOB_STATES
from webapp.jobs.models import JobState
from webapp.runs.numbers import number_text, value_text
from webapp.runs.setting_forms import as_text
from webapp.runs.setting_labels import label_of
from webapp.runs.templatetags.figures import badge, data_link, missing, unsure_mark

register = template.Library()


@register.simple_tag
def job_state(state: str, reason: str = "") -> SafeString:
    """Render the state of a job as icon, label and colour, with its meaning on hover."""
    return badge(JOB_STATES[JobState(state)], state, reason)


@register.simple_tag
def mean_figure(evaluation: Evaluation) -> SafeString:
    """Render the main figure of an evaluation with its spread, or why there is none."""
    return _with_spread(
        evaluation.objective, evaluation.unit, evaluation.mean, evaluation.spread, evaluation.done
    )


@register.simple_tag
def seed_figure(figure: Figure) -> SafeString:
    """Render mean and spread of a figure over its seeds."""
    return _with_spread(figure.objective, figure.unit, figure.mean, figure.spread, figure.count)


@register.simple_tag
def seed_value(figure: Figure, seed: int) -> SafeString:
    """Render the value of one seed, with the full value on hover."""
    value = figure.values.get(seed)
    if value is None:
        return missing("not measured")
    text = number_text(kind_of(figure.objective), value, figure.unit)
    return format_html('<span title="{} {}">{}</span>', repr(value), figure.unit, text)


@register.filter
def figure_title(figure: Figure) -> str:
    """Return a figure's name with its unit, as in "test error (%)"."""
    name = spaced(figure.objective)
    return f"{name} ({figure.unit})" if figure.unit not in ("", "MAC") else name


@register.filter
def spaced(objective: str) -> str:
    """Return an objective's name as words: test_error is test error, macs is MACs."""
    return "MACs" if objective == "macs" else objective.replace("_", " ")


@register.filter
def setting_label(name: str) -> str:
    """Return what forms call a setting."""
    return label_of(object, name)


@register.filter
def setting_text(value: object) -> str:
    """Return the value of a setting for people: yes and no, a dash where it is empty."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return as_text(value) or "–"


@register.simple_tag
def data_of(evaluation: Evaluation) -> SafeString:
    """Render the data set with the settings that were changed; a link if it is uploaded."""
    return data_link(label_of_data(evaluation))


def kind_of(objective: str) -> str:
    """Return the quantity of an objective: test_error is error."""
    return objective.removeprefix("test_")


def _with_spread(
    objective: str, unit: str, mean: float | None, spread: float | None, seeds: int
) -> SafeString:
    if mean is None:
        return missing("no seed is done yet")
    text = value_text(kind_of(objective), mean, unit, spread)
    noun = "seed" if seeds == 1 else "seeds"
    title = f"{mean!r} {unit}, mean of {seeds} {noun}"
    if spread is not None:
        title += f"; standard deviation {spread!r}"
    mark = unsure_mark({"value": mean, "spread": spread})
    return format_html('<span title="{}">{}</span>{}', title, text, mark)
