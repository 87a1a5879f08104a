"""Bodies of requests to the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Annotated, Any, Literal, Self, get_type_hints

from ninja import Schema
from pydantic import ConfigDict, Field, create_model, model_validator

from nasengine.core.search_spec import LIMITS, SearchSpec
from nasengine.execution.budget_settings import MAX_LIMIT
from webapp.limits import MAX_CANDIDATES, MAX_EVALUATION_SEEDS, MAX_STUDY_RUNS
from webapp.queries.language import MAX_LENGTH
from webapp.runs.leased import Priority

DEFAULT = SearchSpec()
MAX_PAGE = 500
MAX_KEY = 100
MAX_COMPARED = 50
MAX_KEY_NUMBER = 2**31 - 1
Limit = Annotated[float | None, Field(ge=0, le=MAX_LIMIT, allow_inf_nan=False)]


class Storable(Schema):
    """Values that the database can store: no NUL characters and no halves of surrogate pairs."""

    @model_validator(mode="after")
    def check_texts(self) -> Self:
        """Check every text of the request.

        Raises:
            ValueError: names the character.
        """
        for text in _texts_of(self.model_dump()):
            if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
                raise ValueError("texts must not have NUL characters or unpaired surrogates")
        return self


def _texts_of(value: Any) -> Iterator[str]:
    """Yield every text in a value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts_of(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts_of(item)


class _Strict(Storable):
    """Settings of a search; what is left out has its default (docs/reference.md)."""

    model_config = ConfigDict(extra="forbid")


def _settings() -> dict[str, Any]:
    """Return type and default of every setting; the workbench itself fills in `devices`."""
    types = get_type_hints(SearchSpec)
    own = [field for field in fields(SearchSpec) if field.name != "devices"]
    return {
        field.name: (types[field.name], Field(default=getattr(DEFAULT, field.name)))
        for field in own
    }


# Made from the engine's own list, so that a new setting is part of the API at once.
Spec: type[Schema] = create_model("Spec", __base__=_Strict, **_settings())


class Launch(Storable):
    """A run to launch.

    Attributes:
        name: a name of one line; "" is that of `settings`.
        team: name of the team; "" if the person has only one.
        spec: settings of the search.
        settings: the same as YAML text, as the launch form saves it, instead of `spec`.
        tags: short texts that the run list can be searched by.
        priority: -1 (low), 0 or 1 (high).
    """

    model_config = ConfigDict(extra="forbid")

    name: str = ""
    team: str = ""
    spec: Spec = Field(default_factory=Spec)  # type: ignore[valid-type]
    settings: str = ""
    tags: list[str] = []
    priority: int = Field(default=Priority.NORMAL, ge=Priority.LOW, le=Priority.HIGH)


class RunQuery(Storable):
    """Which runs to list: filters of the run list, and where the page begins.

    Attributes:
        team: name of a team; "" for all teams of the person.
        state: only runs in one of these states.
        method: only runs of one of these strategies.
        text: words that occur anywhere in the run.
        q: a filter as in the field above the run list (docs/filter.md).
        archived: list archived runs instead.
        limit: number of rows.
        cursor: `next` of the previous page.
    """

    team: str = ""
    state: list[str] = Field(default=[])
    method: list[str] = Field(default=[])
    text: str = Field(default="", max_length=500)
    q: str = Field(default="", max_length=MAX_LENGTH)
    archived: bool = False
    limit: int = Field(default=50, ge=1, le=MAX_PAGE)
    cursor: str = Field(default="", max_length=30)


class TeamQuery(Storable):
    """The name of a team; "" for the only team of the person."""

    team: str = ""


class ListQuery(Storable):
    """A page of a list.

    Attributes:
        team: name of a team; "" for all teams of the person.
        limit: number of rows.
        cursor: `next` of the previous page.
    """

    team: str = ""
    limit: int = Field(default=50, ge=1, le=MAX_PAGE)
    cursor: str = Field(default="", max_length=30)


class UploadQuery(Storable):
    """An upload of a data set.

    Attributes:
        name: name of the data set; a name that the team has becomes the next version.
        file_name: name of the file with its ending: .zip, .npz, .csv or .txt.
        note: where the data come from.
        team: name of a team; may be left out by members of one team.
    """

    name: str = Field(max_length=200)
    file_name: str = Field(max_length=200)
    note: str = ""
    team: str = ""


class ArchitectureQuery(ListQuery):
    """Filters of the catalogue.

    Attributes:
        stage: "proposed", "shortlisted", "approved", "deployed", "retired" or "rejected".
        tag: only entries with this tag.
        alias: only the entry that this alias points at.
        space: only architectures of this space.
        text: words that occur in the entry.
        latest: whether superseded versions are left out.
    """

    stage: Literal["", "proposed", "shortlisted", "approved", "deployed", "retired", "rejected"] = (
        ""
    )
    tag: str = Field(default="", max_length=200)
    alias: str = Field(default="", max_length=200)
    space: str = Field(default="", max_length=200)
    text: str = Field(default="", max_length=200)
    latest: bool = False


class EvaluationQuery(ListQuery):
    """Which evaluations to list; `canonical_id` names an architecture."""

    canonical_id: str = Field(default="", max_length=64)


class RankingQuery(Storable):
    """Unit in which the budgets of a ranking are equal."""

    by: Literal["candidates", "epochs", "seconds", "gpu_seconds"] = "candidates"


class StudyMethod(Storable):
    """A strategy with its settings."""

    model_config = ConfigDict(extra="forbid")

    strategy: str
    config: dict[str, Any] = {}


class NewStudy(Storable):
    """A study to launch.

    Attributes:
        name: a name that no other study of the team has.
        team: name of the team; "" if the person has only one.
        question: the question that the study answers.
        spec: settings that all runs share; its strategy and seed are not used.
        methods: the methods to compare.
        seeds: one run of each method for each seed.
        priority: -1 (low), 0 or 1 (high).
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    team: str = ""
    question: str = ""
    spec: Spec = Field(default_factory=Spec)  # type: ignore[valid-type]
    methods: list[StudyMethod] = Field(max_length=MAX_STUDY_RUNS)
    seeds: list[int] = Field(max_length=MAX_STUDY_RUNS)
    priority: int = Field(default=Priority.NORMAL, ge=Priority.LOW, le=Priority.HIGH)


class Keep(Storable):
    """A candidate whose architecture the catalogue keeps.

    Attributes:
        run: number of the run.
        candidate: number of the candidate in the run.
        name: name of the entry; "" for one made of run and candidate.
        proposal: why it is proposed.
    """

    model_config = ConfigDict(extra="forbid")

    run: int = Field(ge=1, le=MAX_KEY_NUMBER)
    candidate: int = Field(ge=0, le=MAX_KEY_NUMBER)
    name: str = ""
    proposal: str = ""


class Move(Storable):
    """The stage to move an entry to, and the reason."""

    model_config = ConfigDict(extra="forbid")

    stage: Literal["proposed", "shortlisted", "approved", "deployed", "retired", "rejected"]
    reason: str


class NewEvaluation(Storable):
    """A full training: of a candidate, a catalogue entry or a published network.

    Attributes:
        team: name of the team; "" if the person has only one.
        run: number of the run of `candidate`.
        candidate: number of a candidate.
        architecture: number of a catalogue entry.
        network: name of a published network.
        protocol: name of a protocol.
        changes: settings of the protocol that are changed.
        dataset: name of the data set; "" for that of the search with its settings, else that of
            the protocol.
        dataset_config: settings of the data set.
        cells: cells of the network instead of those of the protocol.
        channels: channels of the network likewise.
        seeds: one training for each.
        queue: queue of the workers that train.
        priority: -1 (low), 0 or 1 (high).
    """

    model_config = ConfigDict(extra="forbid")

    team: str = ""
    run: int | None = Field(default=None, ge=1, le=MAX_KEY_NUMBER)
    candidate: int | None = Field(default=None, ge=0, le=MAX_KEY_NUMBER)
    architecture: int | None = Field(default=None, ge=1, le=MAX_KEY_NUMBER)
    network: str = ""
    protocol: str = "quick"
    changes: dict[str, Any] = {}
    dataset: str = ""
    dataset_config: dict[str, Any] = {}
    cells: int | None = Field(default=None, ge=1, le=10_000)
    channels: int | None = Field(default=None, ge=1, le=100_000)
    seeds: list[int] = Field(default=[0, 1, 2], max_length=MAX_EVALUATION_SEEDS)
    queue: str = "cpu"
    priority: int = Field(default=Priority.NORMAL, ge=Priority.LOW, le=Priority.HIGH)


class NewExport(Storable):
    """An export of a trained network.

    Attributes:
        evaluation: number of the evaluation.
        seed: seed of the training; null for the first one that is done.
        target: name of the target.
        settings: settings of the target.
        queue: queue of the workers that export.
        priority: -1 (low), 0 or 1 (high).
    """

    model_config = ConfigDict(extra="forbid")

    evaluation: int = Field(ge=1, le=MAX_KEY_NUMBER)
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    target: str
    settings: dict[str, Any] = {}
    queue: str = "cpu"
    priority: int = Field(default=Priority.NORMAL, ge=Priority.LOW, le=Priority.HIGH)


class CommentTarget(Storable):
    """The target of comments: a run, a candidate of a run, or a catalogue entry.

    Attributes:
        run: number of the run.
        candidate: number of a candidate in the run; null for the run itself.
        architecture: number of a catalogue entry.
    """

    run: int | None = Field(default=None, ge=1, le=MAX_KEY_NUMBER)
    candidate: int | None = Field(default=None, ge=0, le=MAX_KEY_NUMBER)
    architecture: int | None = Field(default=None, ge=1, le=MAX_KEY_NUMBER)

    @model_validator(mode="after")
    def check_one(self) -> Self:
        """Check that one thing is named.

        Raises:
            ValueError: both or none of run and architecture are set.
        """
        if (self.run is None) == (self.architecture is None):
            raise ValueError("set either run, with or without candidate, or architecture")
        if self.architecture is not None and self.candidate is not None:
            raise ValueError("candidate needs run instead of architecture")
        return self


class CommentQuery(CommentTarget):
    """Which comments to list, oldest first; `cursor` is `next` of the previous page."""

    limit: int = Field(default=200, ge=1, le=MAX_PAGE)
    cursor: str = Field(default="", max_length=30)


class CommentText(Storable):
    """The new text of a comment, in Markdown."""

    model_config = ConfigDict(extra="forbid")

    text: str


class NewComment(CommentTarget):
    """A comment: its text in Markdown, and the comment to which it replies."""

    model_config = ConfigDict(extra="forbid")

    text: str
    reply_to: int | None = Field(default=None, ge=1, le=MAX_KEY_NUMBER)


class Target(Storable):
    """The target of a steered search: values of objectives by name; null prefers no part."""

    model_config = ConfigDict(extra="forbid")

    target: dict[str, Annotated[float, Field(allow_inf_nan=False)]] | None


class NewBudget(Storable):
    """The budget of a run: what is left out stays. A limit of 0 is no limit."""

    model_config = ConfigDict(extra="forbid")

    candidates: int | None = Field(default=None, ge=1, le=MAX_CANDIDATES)
    max_hours: Limit = None
    max_gpu_hours: Limit = None
    max_kwh: Limit = None

    @model_validator(mode="after")
    def check_any(self) -> Self:
        """Check that something is named.

        Raises:
            ValueError: nothing is.
        """
        if self.candidates is None and not self.limits:
            raise ValueError(f"name candidates or one of {', '.join(LIMITS)}")
        return self

    @property
    def limits(self) -> dict[str, float]:
        """The limits that are named."""
        return {name: value for name in LIMITS if (value := getattr(self, name)) is not None}


class NewMeasurement(Storable):
    """A measurement to request: a device, a cost and a file of an export.

    Attributes:
        device: name of a device of the team.
        objective: the cost.
        file: name of an ONNX file of the export; "" for the first one.
    """

    model_config = ConfigDict(extra="forbid")

    device: str
    objective: str = "latency"
    file: str = ""


class CompareQuery(Storable):
    """The numbers of the runs to compare."""

    run: list[Annotated[int, Field(ge=1, le=MAX_KEY_NUMBER)]] = Field(
        min_length=1, max_length=MAX_COMPARED
    )


class CandidateQuery(Storable):
    """Which candidates to list, by number; `cursor` is `next` of the previous page."""

    state: list[str] = Field(default=[])
    limit: int = Field(default=200, ge=1, le=MAX_PAGE)
    cursor: str = Field(default="", max_length=30)


class EventQuery(Storable):
    """Which events to list: those after the number `after`, oldest first."""

    after: int = Field(default=0, ge=0, lt=2**63)
    limit: int = Field(default=200, ge=1, le=MAX_PAGE)


class Page(Schema):
    """Rows and the cursor of the next page; `next` is null on the last one."""

    items: list[dict[str, Any]]
    next: str | None
