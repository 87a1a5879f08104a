"""Template tags for numbers, times, states and methods, so that all pages show them alike."""

from __future__ import annotations

import math
from datetime import datetime
from itertools import accumulate
from typing import Any
from urllib.parse import quote as urlquote

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from webapp.common.tiers import tier_label
from webapp.datasets.labels import DataLabel, data_name, label_of_row
from webapp.queries.language import quote
from webapp.runs.cost import worked_from, worked_seconds
from webapp.runs.labels import CANDIDATE_STATES, RUN_STATES, StateLabel, method_look
from webapp.runs.models import CandidateState, Run, RunState
from webapp.runs.numbers import (
    MISSING,
    age_text,
    duration_text,
    is_unsure,
    mean_text,
    number_text,
    size_text,
    value_text,
)

register = template.Library()
WHOLE_NAME = 18  # characters of a name that has room everywhere
NAME_END = 9  # last characters that stay, such as a seed or a number
SHORT_TAG = 7  # characters of a tag that is never shortened
TAG_ROOM = 10  # characters of several tags next to a name
NO_UNIT = ("MAC",)  # counts, which have prefixes in place of a unit
SPRITE = "vendor/tabler-icons-3.52.0/sprite.svg"

# Marker shapes in a 12 x 12 box, like Plotly's of the same names.
MARKERS = {
    "circle": "M6 1a5 5 0 1 0 0 10a5 5 0 1 0 0-10z",
    "square": "M1.5 1.5h9v9h-9z",
    "diamond": "M6 .5 11.5 6 6 11.5.5 6z",
    "triangle-up": "M6 1 11.5 10.5H.5z",
    "triangle-down": "M6 11 .5 1.5h11z",
    "pentagon": "M6 .6 11.4 4.6 9.3 11H2.7L.6 4.6z",
    "hexagon": "M6 .5 11 3.2v5.6L6 11.5 1 8.8V3.2z",
    "star": "M6 .5 7.5 4.2l4 .3-3 2.6.9 3.9L6 8.9 2.6 11l.9-3.9-3-2.6 4-.3z",
    "cross": "M4 1h4v3h3v4H8v3H4V8H1V4h3z",
    "x": "M3 1 6 4l3-3 2 2-3 3 3 3-2 2-3-3-3 3-2-2 3-3-3-3z",
    "diamond-tall": "M6 .3 9.4 6 6 11.7 2.6 6z",
    "diamond-wide": "M6 2.6 11.7 6 6 9.4 .3 6z",
    "star-diamond": "M6 .3 7.8 4.2 11.7 6 7.8 7.8 6 11.7 4.2 7.8.3 6 4.2 4.2z",
    "bowtie": "M1 1.5 6 5l5-3.5v9L6 7l-5 3.5z",
}


@register.simple_tag
def missing(reason: str) -> SafeString:
    """Render a dash for a number that does not exist, with the reason on hover."""
    return format_html('<span class="ps-missing" title="{}">{}</span>', reason, MISSING)


@register.simple_tag
def data_link(label: DataLabel) -> SafeString:
    """Render the name of a data set; one that a team uploaded is a link to its page."""
    if label.address:
        return format_html('<a href="{}" title="{}">{}</a>', label.address, label.title, label.text)
    return format_html('<span title="{}">{}</span>', label.title, label.text)


@register.simple_tag
def searched_data(run: Run) -> SafeString:
    """Render the data set of a run: name and version of one that is uploaded, as a link."""
    config = run.spec.get("dataset_config", {})
    row = run.data_set.uploaded if run.data_set else None
    if row is None:
        return data_link(DataLabel(data_name(run.spec["dataset"], config)))
    return data_link(label_of_row(row))


@register.filter
def searched_name(search: dict[str, Any]) -> str:
    """Return the name of the data set of search settings; "" if they name none."""
    return data_name(search.get("dataset") or "", search.get("dataset_config") or {})


@register.simple_tag
def measured(value: dict[str, Any] | None, kind: str, reason: str = "not measured") -> SafeString:
    """Render a measured value of a row as a number, with unit and provenance on hover."""
    if not value or value.get("value") is None:
        return missing(reason)
    text = number_text(kind, value["value"], value.get("unit") or "")
    return format_html('<span title="{}">{}</span>{}', provenance(value), text, unsure_mark(value))


@register.simple_tag
def predicted(value: dict[str, Any] | None, kind: str) -> SafeString:
    """Render a predicted cost with its interval; what the device measured has none."""
    if not value:
        return missing("not predicted yet: the predictor is fitted again after the run")
    title = f"{value['value']!r} {value['unit']}, {tier_label(value['method']).lower()}"
    text = number_text(kind, value["value"], value["unit"])
    if value["method"] != "predicted":
        return format_html('<span title="{}">{}</span>', title, text)
    ends = [number_text(kind, value[end], value["unit"]) for end in ("low", "high")]
    return format_html(
        '<span title="{}, 90 % interval">{} <small>({} to {})</small></span>', title, text, *ends
    )


@register.simple_tag
def measured_with_unit(value: dict[str, Any] | None, kind: str) -> SafeString:
    """Render a measured value of a row with its unit and spread, with provenance on hover."""
    if not value or value.get("value") is None:
        return missing("not measured")
    text = value_text(kind, value["value"], value.get("unit") or "", value.get("spread"))
    mark = unsure_mark(value, "unsteady")
    return format_html('<span title="{}">{}</span>{}', provenance(value), text, mark)


def unsure_mark(value: dict[str, Any], mark: str = "±") -> SafeString:
    """Render a mark behind a value whose spread is large, so that it may rank by chance."""
    if not is_unsure(value["value"], value.get("spread")):
        return SafeString("")
    share = 100 * value["spread"] / abs(value["value"]) if value["value"] else math.inf
    title = (
        f"the spread is {share:.3g} % of the value: its place may be chance, so measure it again"
    )
    return format_html('<span class="ps-unsure" title="{}">{}</span>', title, mark)


@register.simple_tag
def candidate_link(run: Run, number: int) -> SafeString:
    """Render a link that opens the drawer of a candidate, or its page without scripts."""
    address = reverse("run-candidate", args=[run.pk, number])
    return format_html('<a href="{}" data-open-candidate="{}">#{}</a>', address, number, number)


def provenance(value: dict[str, Any]) -> str:
    """Return the full value and how it was measured, in one line."""
    parts = [f"{value['value']!r} {value.get('unit') or ''}".strip()]
    if value.get("spread") is not None:
        parts.append(f"± {value['spread']!r}")
    if value.get("method"):
        parts.append(str(value["method"]))
    if value.get("device"):
        parts.append(f"on {value['device']}")
    if (value.get("repetitions") or 1) > 1:
        parts.append(f"{value['repetitions']} repetitions")
    return ", ".join(parts)


@register.simple_tag
def rounded(
    value: float | None, kind: str = "", unit: str = "", spread: float | None = None
) -> SafeString:
    """Render a plain number, rounded, with the full value on hover; a large spread is marked."""
    text = value_text(kind, value, unit, spread)
    if text == MISSING:
        return missing("nothing measured yet")
    mark = unsure_mark({"value": value, "spread": spread})
    return format_html('<span title="{}">{}</span>{}', repr(value), text, mark)


@register.simple_tag
def rounded_as(value: float, goal: dict[str, Any]) -> SafeString:
    """Render a value of an objective without its unit, with the full value on hover."""
    text = number_text(goal["name"], value, goal["unit"])
    return format_html('<span title="{} {}">{}</span>', repr(value), goal["unit"], text)


@register.simple_tag
def mean(value: float, deviation: float | None, kind: str, unit: str = "") -> SafeString:
    """Render mean ± standard deviation without its unit, with the full values on hover."""
    full = f"mean {value!r} {unit}".strip()
    if deviation is not None:
        full += f", standard deviation {deviation!r}"
    text = mean_text(kind, value, deviation, unit)
    return format_html('<span title="{}">{}</span>', full, text)


@register.simple_tag
def rounded_measurement(measurement: Any) -> SafeString:
    """Render a stored measurement with unit and spread, with the full value on hover."""
    m = measurement
    text = value_text(m.objective, m.value, m.unit, m.spread)
    full = f"{m.value!r} {m.unit}".strip()
    mark = unsure_mark({"value": m.value, "spread": m.spread})
    return format_html('<span title="{}">{}</span>{}', full, text, mark)


@register.simple_tag
def rounded_kept(measurement: dict[str, Any]) -> SafeString:
    """Render a measurement that a catalogue entry holds as JSON."""
    m = measurement
    text = value_text(m["objective"], m["value"], m["unit"], m.get("spread"))
    return format_html('<span title="{}">{}</span>', provenance(m), text)


@register.filter
def name_in_study(run: Run) -> str:
    """Return the run's name without the name of its study in front."""
    if run.study is None:
        return run.name
    return run.name.removeprefix(run.study.name).lstrip(" :,-") or run.name


@register.simple_tag
def run_state(state: str, reason: str = "") -> SafeString:
    """Render the state of a run as icon, label and colour, with its meaning on hover."""
    return badge(RUN_STATES[RunState(state)], state, reason)


@register.simple_tag
def candidate_state(state: str, reason: str = "") -> SafeString:
    """Render the state of a candidate as icon, label and colour, with its meaning on hover."""
    return badge(CANDIDATE_STATES[CandidateState(state)], state, reason)


def badge(label: StateLabel, state: str, reason: str) -> SafeString:
    """Render a state as icon, label and colour, with its meaning and reason on hover."""
    title = f"{label.meaning}: {reason}" if reason else label.meaning
    return format_html(
        '<span class="ps-state ps-state-{}" data-state="{}" title="{}">'
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>{}</span>',
        label.tone,
        state,
        title,
        static(SPRITE),
        label.icon,
        label.label,
    )


@register.simple_tag
def method_mark(strategy: str) -> SafeString:
    """Render the marker of a method in its colour; its name has to be next to it."""
    look = method_look(strategy)
    return format_html(
        '<svg class="ps-method-mark" viewBox="0 0 12 12" aria-hidden="true">'
        '<path fill="{}" d="{}"/></svg>',
        look.colour,
        MARKERS[look.marker],
    )


@register.simple_tag
def method_colour(strategy: str) -> str:
    """Return the fixed colour of a method."""
    return method_look(strategy).colour


@register.simple_tag
def mark_shape(strategy: str, name: str) -> SafeString:
    """Render the marker of a method as a path around (0, 0), to be used under this id."""
    shape = MARKERS[method_look(strategy).marker]
    return format_html('<path id="{}" transform="translate(-6 -6)" d="{}"/>', name, shape)


@register.simple_tag
def ago(moment: datetime | str | None, reason: str = "not yet") -> SafeString:
    """Render how long ago a moment is, with the exact time on hover; a script keeps it moving."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if moment is None:
        return missing(reason)
    seconds = (timezone.now() - moment).total_seconds()
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        moment.isoformat(),
        moment.strftime("%Y-%m-%d %H:%M:%S UTC"),
        age_text(seconds),
    )


@register.simple_tag
def worked_time(run: Run) -> SafeString:
    """Render for how long a run has worked; a script keeps it moving while the run works."""
    start = worked_from(run)
    if start is None:
        return missing("not started yet")
    text = duration_text(worked_seconds(run))
    if run.rested_at is None:
        return format_html('<span data-elapsed-since="{}">{}</span>', start.isoformat(), text)
    title = ""
    if run.rested_seconds >= 1:
        title = f"without {duration_text(run.rested_seconds)} in which the run rested"
    return format_html('<span title="{}">{}</span>', title, text)


@register.filter
def middle(name: str) -> SafeString | str:
    """Render a name that is shortened in its middle where it has no room: start and end stay."""
    if len(name) <= WHOLE_NAME:
        return name
    return format_html(
        '<span class="ps-middle"><span>{}</span><span>{}</span></span>',
        name[:-NAME_END],
        name[-NAME_END:],
    )


@register.filter
def unbroken_spread(text: str) -> str:
    """Keep "± 0.3" on one line where a value has two."""
    return text.replace("± ", "±\u00a0")


@register.filter
def percent(share: float) -> str:
    """Return a share of 1 in percent, without the sign, with at most one decimal."""
    return f"{100 * share:.1f}".removesuffix(".0")


@register.filter
def duration(seconds: float | None) -> str:
    """Return a duration such as "3 min 20 s"."""
    return duration_text(seconds)


@register.filter
def file_size(count: int | None) -> str:
    """Return a number of bytes as 812 B, 4.10 kB or 39.2 MB."""
    return size_text(count)


@register.filter
def grouped(count: int) -> str:
    """Return a count with commas between thousands."""
    return f"{count:,}"


@register.filter
def lookup(mapping: dict[str, Any], key: str) -> Any:
    """Return an entry of a mapping by a key that a variable holds."""
    return mapping.get(key) if mapping else None


@register.filter
def field(form: Any, name: str) -> Any:
    """Return the bound field of a form by a name that a variable holds."""
    return form[name]


@register.filter
def short_value(value: Any) -> Any:
    """Return a value of a detail for people: a float has four significant digits."""
    return f"{value:.4g}" if isinstance(value, float) else value


@register.filter
def option_groups(bound: Any) -> Any:
    """Return the options of a list by group, as its widget renders them."""
    widget = bound.field.widget
    return widget.optgroups(bound.html_name, widget.format_value(bound.value()))


@register.filter
def without_device(objective: str) -> str:
    """Return an objective's name as words: latency@cpu is latency on cpu."""
    return objective.replace("@", " on ")


@register.filter
def goal_title(goal: dict[str, Any]) -> str:
    """Return an objective with its unit, as in "latency on cpu (ms)"."""
    if not goal:
        return ""
    unit = goal["unit"]
    return without_device(goal["name"]) + (f" ({unit})" if unit and unit not in NO_UNIT else "")


@register.filter
def words(name: str) -> str:
    """Return a name as words: valid_error is valid error."""
    return name.replace("_", " ")


def _fitting(tags: list[str]) -> int:
    """Return how many tags fit next to a name: one, or short ones together."""
    total = list(accumulate(len(tag) for tag in tags))
    return max(1, sum(length <= TAG_ROOM for length in total))


@register.filter
def tag_chips(tags: list[str]) -> list[tuple[str, str]]:
    """Return each tag with its CSS class: a long one may shrink, some are only on phones."""
    classes = ["ps-tag-long" if len(tag) > SHORT_TAG else "" for tag in tags]
    fitting = _fitting(tags)
    return list(
        zip(tags, [*classes[:fitting], *["ps-tag-more"] * len(tags[fitting:])], strict=True)
    )


@register.filter
def hidden_tags(tags: list[str]) -> list[str]:
    """Return the tags that tables of wide pages only count."""
    return tags[_fitting(tags) :]


@register.filter
def tag_query(tag: str) -> str:
    """Return the filter of the runs with a tag, for an address."""
    return urlquote(f"tag:{quote(tag)}")


@register.simple_tag
def sort_head(key: str, label: str, sort: str, query: str, css: str = "") -> SafeString:
    """Render a column head that sorts by its column or reverses the order; no key: only a label."""
    if not key:
        return format_html('<th scope="col" class="{}">{}</th>', css, label)
    down = sort == key
    other = f"-{key}" if down else key
    address = f"?{query}&sort={other}" if query else f"?sort={other}"
    here = sort.removeprefix("-") == key
    state = ("descending" if sort.startswith("-") else "ascending") if here else "none"
    icon = ("arrow-down" if sort.startswith("-") else "arrow-up") if here else "arrows-sort"
    return format_html(
        '<th scope="col" class="{}" aria-sort="{}"><a href="{}" hx-get="{}" hx-target="#run-table"'
        ' hx-swap="outerHTML" hx-push-url="true">{}<svg class="icon" aria-hidden="true">'
        '<use href="{}#{}"/></svg></a></th>',
        css,
        state,
        address,
        address,
        label,
        static(SPRITE),
        icon,
    )
