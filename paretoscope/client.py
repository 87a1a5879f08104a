"""The client: one address, one token."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .datasets import DataSet, sent
from .http import Connection
from .resources import Architecture, Evaluation, Export, Study
from .runs import Run


class Client:
    """A connection to a workbench.

    Args:
        url: address of the workbench; by default the variable PARETOSCOPE_URL, or this machine.
        token: an API token of your account page; by default the variable PARETOSCOPE_TOKEN.

    Raises:
        ValueError: there is no token.
    """

    def __init__(self, url: str | None = None, token: str | None = None):
        url = url or os.environ.get("PARETOSCOPE_URL") or "http://127.0.0.1:8000"
        token = token or os.environ.get("PARETOSCOPE_TOKEN") or ""
        if not token:
            raise ValueError(
                "no token: set PARETOSCOPE_TOKEN, or pass token=...; your account page issues one"
            )
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"url must begin with http:// or https:// (got {url[:80]!r})")
        self.connection = Connection(url, token)

    def me(self) -> dict[str, Any]:
        """Return the owner of the token, its scope and expiry, and the owner's teams with roles."""
        answer: dict[str, Any] = self.connection.get("/me")
        return answer

    def launch(
        self,
        name: str,
        *,
        team: str = "",
        tags: Sequence[str] = (),
        priority: int = 0,
        key: str | None = None,
        **spec: Any,
    ) -> Run:
        """Launch a run.

        Args:
            name: its name.
            team: its team; may be left out by members of one team.
            tags: short texts that the run list can be searched by.
            priority: -1 (low), 0 or 1 (high).
            key: a text of your own; the same key launches the run once, also in another program.
            **spec: settings of the search, as in `nasengine.SearchSpec`.

        Raises:
            ApiError: names every setting that is not allowed.
        """
        body = {"name": name, "team": team, "tags": list(tags), "priority": priority, "spec": spec}
        return Run(self.connection, self._launched("/runs", body, key))

    def launch_yaml(
        self,
        settings: str,
        name: str = "",
        *,
        team: str = "",
        tags: Sequence[str] = (),
        key: str | None = None,
    ) -> Run:
        """Launch a run of settings as YAML text, as the launch form saves them.

        Args:
            settings: the text, with name and priority of the run if you like.
            name: name of the run; by default that of the text.
            team: its team; may be left out by members of one team.
            tags: short texts that the run list can be searched by.
            key: a text of your own; the same key launches the run once, also in another program.

        Raises:
            ApiError: names every fault with its line.
        """
        body = {"name": name, "team": team, "tags": list(tags), "settings": settings}
        return Run(self.connection, self._launched("/runs", body, key))

    def run(self, number: int) -> Run:
        """Return the run with this number."""
        return Run(self.connection, self.connection.get(f"/runs/{number}"))

    def runs(
        self,
        text: str = "",
        *,
        team: str = "",
        state: Sequence[str] = (),
        method: Sequence[str] = (),
        archived: bool = False,
    ) -> Iterator[Run]:
        """Yield runs, newest first; `text` is what you would type into the search field."""
        rows = self.connection.pages(
            "/runs",
            text=text,
            team=team,
            state=list(state),
            method=list(method),
            archived=str(archived).lower(),
        )
        for row in rows:
            yield Run(self.connection, row)

    def compare(self, *runs: int) -> dict[str, Any]:
        """Return fronts and hypervolume of runs with one reference point."""
        found: dict[str, Any] = self.connection.get("/runs/compare", run=list(runs))
        return found

    def launch_study(
        self,
        name: str,
        methods: Mapping[str, Mapping[str, Any]] | Sequence[str],
        seeds: Sequence[int],
        *,
        question: str = "",
        team: str = "",
        priority: int = 0,
        key: str | None = None,
        **spec: Any,
    ) -> Study:
        """Launch a study: each method at each seed.

        Args:
            name: a name that no other study of the team has.
            methods: names of strategies, or their settings by name.
            seeds: one run of each method for each seed.
            question: the question that the study answers.
            team: its team; may be left out by members of one team.
            priority: -1 (low), 0 or 1 (high).
            key: a text of your own; the same key launches the study once.
            **spec: settings of the search that all methods share.
        """
        settings = methods if isinstance(methods, Mapping) else {n: {} for n in methods}
        body = {
            "name": name,
            "team": team,
            "question": question,
            "spec": spec,
            "methods": [{"strategy": n, "config": dict(c)} for n, c in settings.items()],
            "seeds": list(seeds),
            "priority": priority,
        }
        return Study(self.connection, self._launched("/studies", body, key))

    def study(self, number: int) -> Study:
        """Return the study with this number."""
        return Study(self.connection, self.connection.get(f"/studies/{number}"))

    def studies(self, *, team: str = "") -> Iterator[Study]:
        """Yield studies, newest first."""
        for row in self.connection.pages("/studies", team=team):
            yield Study(self.connection, row)

    def keep(self, run: int, candidate: int, name: str = "", proposal: str = "") -> Architecture:
        """Keep the architecture of a candidate in the catalogue."""
        body = {"run": run, "candidate": candidate, "name": name, "proposal": proposal}
        return Architecture(self.connection, self.connection.post("/architectures", body))

    def architecture(self, number: int) -> Architecture:
        """Return the catalogue entry with this number."""
        return Architecture(self.connection, self.connection.get(f"/architectures/{number}"))

    def architectures(self, text: str = "", **filters: Any) -> Iterator[Architecture]:
        """Yield catalogue entries, newest first.

        Args:
            text: words that occur in the entry.
            **filters: `team`, `stage`, `tag`, `alias`, `space`, `latest`.
        """
        for row in self.connection.pages("/architectures", text=text, **filters):
            yield Architecture(self.connection, row)

    def evaluate(
        self,
        *,
        run: int | None = None,
        candidate: int | None = None,
        architecture: int | None = None,
        network: str = "",
        key: str | None = None,
        **settings: Any,
    ) -> Evaluation:
        """Train an architecture fully: a candidate of a run, a catalogue entry or a network.

        Args:
            run: number of the run of the candidate.
            candidate: number of the candidate.
            architecture: number of a catalogue entry.
            network: name of a published network.
            key: a text of your own; the same key launches the evaluation once.
            **settings: `protocol`, `changes`, `dataset`, `dataset_config`, `seeds`, `cells`,
                `channels`, `queue`, `priority`, `team`.
        """
        named = {"run": run, "candidate": candidate, "architecture": architecture}
        body = {**named, "network": network, **settings}
        return Evaluation(self.connection, self._launched("/evaluations", body, key))

    def evaluation(self, number: int) -> Evaluation:
        """Return the evaluation with this number."""
        return Evaluation(self.connection, self.connection.get(f"/evaluations/{number}"))

    def evaluations(self, *, team: str = "") -> Iterator[Evaluation]:
        """Yield evaluations, newest first."""
        for row in self.connection.pages("/evaluations", team=team):
            yield Evaluation(self.connection, row)

    def export(
        self,
        evaluation: int,
        target: str,
        *,
        seed: int | None = None,
        queue: str = "cpu",
        key: str | None = None,
        **settings: Any,
    ) -> Export:
        """Export a trained network of an evaluation for a target, such as "onnx".

        Args:
            evaluation: number of the evaluation.
            target: name of the target.
            seed: seed of the training; None: the first one that is done.
            queue: queue of the workers that export.
            key: a text of your own; the same key requests the export once.
            **settings: settings of the target.
        """
        body = {"evaluation": evaluation, "target": target, "seed": seed, "queue": queue}
        row = self._launched("/exports", {**body, "settings": settings}, key)
        return Export(self.connection, row)

    def edit_comment(self, number: int, text: str) -> dict[str, Any]:
        """Change the text of your own comment."""
        row: dict[str, Any] = self.connection.patch(f"/comments/{number}", {"text": text})
        return row

    def delete_comment(self, number: int) -> None:
        """Delete your own comment, or as an owner of the team any."""
        self.connection.delete(f"/comments/{number}")

    def tables(self, *, team: str = "") -> Iterator[dict[str, Any]]:
        """Yield benchmark tables, newest first."""
        yield from self.connection.pages("/tables", team=team)

    def upload_data(
        self, file: str | Path, name: str = "", *, note: str = "", team: str = ""
    ) -> DataSet:
        """Upload a data set and wait until a worker has read it.

        Args:
            file: a .zip of pictures with one folder per class, an .npz, .csv or .txt.
            name: its name; by default that of the file. A name that the team has becomes the
                next version.
            note: where the data come from.
            team: its team; may be left out by members of one team.

        Raises:
            ApiError: the file is refused, with the reason.
        """
        return sent(self.connection, Path(file), name, note, team)

    def data(self, *, team: str = "") -> Iterator[DataSet]:
        """Yield every version of the uploaded data sets, newest first."""
        for row in self.connection.pages("/data", team=team):
            yield DataSet(self.connection, row)

    def data_set(self, number: int) -> DataSet:
        """Return the uploaded data set with this number."""
        return DataSet(self.connection, self.connection.get(f"/data/{number}"))

    def devices(self, *, team: str = "") -> Iterator[dict[str, Any]]:
        """Yield devices that measure by an agent."""
        yield from self.connection.pages("/devices", team=team)

    def workers(self, *, team: str = "") -> Iterator[dict[str, Any]]:
        """Yield the live and the lost workers."""
        yield from self.connection.pages("/workers", team=team)

    def _launched(self, path: str, body: dict[str, Any], key: str | None) -> dict[str, Any]:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        row: dict[str, Any] = self.connection.post(path, body, headers)
        return row
