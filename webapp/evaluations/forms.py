"""The form that launches an evaluation: protocol with its settings, data, size, seeds, queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from nasengine import catalog
from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.protocol import Protocol
from nasengine.core.settings import from_mapping
from nasengine.estimators.training.config import TrainConfig
from nasengine.execution.protocols import CONDITIONS, OF_SEARCH
from webapp.accounts.models import Team
from webapp.common.forms import KeepingSelect, SiteForm, summary_of
from webapp.jobs.models import Priority
from webapp.jobs.queues import known_queues
from webapp.runs.own_data import data_choices, kind_of_data, selected_data, with_own_data
from webapp.runs.services.cards import default_queue
from webapp.runs.setting_forms import SettingsForm, as_texts, text_of

from .models import Evaluation
from .services.launch import EvaluationSpec, default_data, seeds_from
from .subjects import Subject

DEFAULT_PROTOCOL = "quick"
SIZES = ("cells", "channels")


class ProtocolForm(SettingsForm):
    """The settings of a protocol; a changed one makes another protocol."""

    def __init__(self, protocol: Protocol, raw: Mapping[str, Any], bound: bool):
        self.protocol = protocol
        own = {f"settings.{name}": value for name, value in protocol.settings.items()}
        named = {name: raw[name] for name in raw if name.startswith("settings.")}
        super().__init__(TrainConfig, {**own, **_texts(raw, named)}, "settings", bound)
        for name in (*CONDITIONS, *OF_SEARCH):
            del self.fields[name]
            self.typed.pop(name, None)

    def chosen(self) -> dict[str, Any] | None:
        """Return the value of every setting on the form; None if one is not allowed."""
        if not self.is_valid():
            return None
        config = from_mapping(TrainConfig, self.settings)
        return {name: getattr(config, name) for name in self.fields}


class EvaluationForm(SiteForm):
    """The form that describes one evaluation. Everything typed is kept as text.

    Args:
        team: the team whose data sets are offered.
        subject: the architecture.
        raw: a POST, or names and values of the address.
        bound: whether values are checked; an unbound form only shows them.
    """

    protocol = forms.CharField(
        label="Protocol",
        help_text="How networks are trained and tested. Figures are compared within one protocol.",
        widget=KeepingSelect(),
    )
    dataset = forms.CharField(label="Data set", widget=KeepingSelect())
    seeds = forms.CharField(
        label="Seeds",
        required=False,
        help_text="One training for each, such as 0, 1, 2 or 0-4. Three show the spread.",
    )
    cells = forms.CharField(
        label="Cells",
        required=False,
        help_text="Number of stacked cells. Empty: those of the protocol, else of the network.",
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    channels = forms.CharField(
        label="Channels",
        required=False,
        help_text="Channels of the first cells. Empty: those of the protocol, else of the network.",
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    queue = forms.CharField(
        label="Queue",
        help_text="Workers of this queue train the networks.",
        widget=KeepingSelect(),
    )
    priority = forms.CharField(
        label="Priority",
        required=False,
        help_text="Jobs of a higher priority are started first.",
        widget=KeepingSelect(choices=[(str(value), label) for value, label in Priority.choices]),
    )

    def __init__(self, team: Team, subject: Subject, raw: Mapping[str, Any], bound: bool = True):
        self.team = team
        self.subject = subject
        raw = with_own_data(team, with_search_data(subject, raw))
        self.raw = raw
        self.kind: str = catalog.load("spaces", subject.architecture.space).data_kind
        typed = {name: text_of(raw, name) for name in self.base_fields}
        typed["protocol"] = typed["protocol"] or DEFAULT_PROTOCOL
        self.protocol_chosen = _protocol(typed["protocol"])
        typed["dataset"] = typed["dataset"] or default_data(subject, typed["protocol"]).dataset
        self.dataset_chosen = typed["dataset"]
        selected = selected_data(team, raw, typed["dataset"])
        typed["dataset"] = selected
        defaults = {
            "seeds": "0, 1, 2",
            "queue": default_queue(),
            "priority": str(int(Priority.NORMAL)),
        }
        shown = {name: typed[name] or defaults.get(name, "") for name in typed}
        data = MultiValueDict({n: [t] for n, t in typed.items()}) if bound else None
        super().__init__(data=data, initial=shown)
        self._offer(selected)
        self.settings = self._settings(bound)
        self.data_settings = self._data_settings(self.dataset_chosen, bound)
        self.unplaced: dict[str, str] = {}

    def spec(self) -> EvaluationSpec | None:
        """Return what was typed, or None with every message next to its field."""
        self.full_clean()
        messages: dict[str, str] = {}
        values: dict[str, Any] = {}
        for name in SIZES:
            text = self._typed(name)
            if text and not (text.isascii() and text.isdigit() and len(text) < 6):
                messages[name] = f"must be a whole number above 0 (got {text[:40]!r})"
            values[name] = int(text) if text and name not in messages else None
        try:
            values["seeds"] = seeds_from(self._typed("seeds"))
        except InvalidSettings as error:
            messages |= error.errors
        changes = self.settings.chosen() if self.settings else {}
        config = self.data_settings.values() if self.data_settings else {}
        self.place(messages)
        if self.errors or changes is None or config is None or "seeds" not in values:
            return None
        priority = self._typed("priority") or "0"
        return EvaluationSpec(
            protocol=self._typed("protocol"),
            changes=changes,
            dataset=self.dataset_chosen,
            dataset_config=config,
            queue=self._typed("queue"),
            priority=int(priority) if priority in {str(value) for value in Priority.values} else 9,
            **values,
        )

    def place(self, messages: Mapping[str, str]) -> None:
        """Put each message (dotted path -> text) next to its own field."""
        for path, text in messages.items():
            owner = next((form for form in self.forms() if self._has(form, path)), None)
            if owner is None:
                self.unplaced[path] = text
            elif owner.add_prefix(path.rpartition(".")[2]) not in owner.messages():
                owner.add_error(path.rpartition(".")[2], text)

    def forms(self) -> list[SiteForm]:
        """Return this form and those of the settings."""
        return [self, *(form for form in (self.settings, self.data_settings) if form)]

    def summary(self) -> list[dict[str, str]]:
        """Return every message with label and target: the list above the form."""
        rows = summary_of(self.forms())
        unplaced = self.unplaced.items()
        return rows + [{"label": n, "target": "evaluation-form", "text": t} for n, t in unplaced]

    def _typed(self, name: str) -> str:
        return str(self.data.get(name, "")).replace("\0", "").strip()

    def _offer(self, selected: str) -> None:
        """Set the choices of the lists, and what they load."""
        protocols = [(name, name) for name in catalog.names("protocols") if self._fits(name)]
        names = [n for n in catalog.names("datasets") if kind_of_data(n) in (self.kind, "")]
        choices: dict[str, list[Any]] = {
            "protocol": protocols,
            "dataset": data_choices(self.team, names, selected, self.kind),
            "queue": [(n, n) for n in known_queues()],
        }
        loads = {
            "hx-get": f"{reverse('evaluation-new-settings')}?{self.subject.query}",
            "hx-target": "#evaluation-settings",
            "hx-swap": "outerHTML",
        }
        for name, offered in choices.items():
            widget = self.fields[name].widget
            assert isinstance(widget, forms.Select)
            widget.choices = offered
        # Another protocol brings its own data set and settings; another data set keeps them.
        self.fields["protocol"].widget.attrs |= loads
        self.fields["dataset"].widget.attrs |= {**loads, "hx-include": "closest form"}

    def _fits(self, name: str) -> bool:
        protocol = _protocol(name)
        return protocol is not None and protocol.data_kind in (self.kind, "any")

    def _settings(self, bound: bool) -> ProtocolForm | None:
        if self.protocol_chosen is None:
            return None
        return ProtocolForm(self.protocol_chosen, self.raw, bound)

    def _data_settings(self, dataset: str, bound: bool) -> SettingsForm | None:
        try:
            config = catalog.load("datasets", dataset).Config
        except EngineError:
            return None
        return SettingsForm(config, self.raw, "dataset_config", bound)

    @staticmethod
    def _has(form: SiteForm, path: str) -> bool:
        return any(form.add_prefix(name) == path for name in form.fields)


def with_search_data(subject: Subject, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of the form with the data set of the search where none is named.

    Settings of that data set which are not named have the values of the search too.
    """
    data = subject.searched_on
    if data is None or text_of(raw, "dataset", data.dataset) not in ("", data.dataset):
        return raw
    values = {"dataset": data.dataset}
    values |= {f"dataset_config.{name}": value for name, value in data.config.items()}
    return filled(raw, values)


def raw_of(evaluation: Evaluation) -> dict[str, Any]:
    """Return the values of the form that launch the same evaluation again."""
    protocol = evaluation.job["protocol"]
    first = evaluation.trainings.order_by("pk").first()
    values = {
        "protocol": protocol.get("base") or protocol["name"],
        "dataset": evaluation.dataset,
        "seeds": ", ".join(map(str, evaluation.seeds)),
        "queue": evaluation.queue,
        "priority": str(int(first.priority)) if first else "",
        **{name: evaluation.job.get(name) for name in SIZES},
        **{f"settings.{name}": value for name, value in evaluation.protocol["settings"].items()},
        **{f"dataset_config.{name}": value for name, value in evaluation.dataset_config.items()},
    }
    return {name: as_texts(value) for name, value in values.items()}


def filled(raw: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return names and values, with these where a name is missing."""
    missing = {name: value for name, value in values.items() if name not in raw}
    if not isinstance(raw, QueryDict):
        return {**missing, **raw}
    more = raw.copy()
    for name, value in missing.items():
        more.setlist(name, as_texts(value))
    return more


def _protocol(name: str) -> Protocol | None:
    try:
        protocol: Protocol = catalog.load("protocols", name)
    except EngineError:
        return None
    return protocol


def _texts(raw: Mapping[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """Return the values of these names; of a POST all of them."""
    getlist = getattr(raw, "getlist", None)
    return {name: getlist(name) if getlist else value for name, value in named.items()}
