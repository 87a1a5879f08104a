"""The loop of the agent: ask for work, measure it, and send the answer until it is accepted."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from ..metering.hardware import condition, machine_facts
from . import VERSION
from .client import Client, Refused, Unreachable
from .journal import Journal
from .runtimes import available

log = logging.getLogger("nasengine.agent")
MEASURING = "nasengine.agent.measuring"
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
EXTRA_SECONDS = 120.0  # for loading and warm-up, above the longest time of the repetitions


class Stopped(Exception):
    """The token was revoked or belongs to another device: going on is pointless."""


class Agent:
    """Measures for one workbench.

    Args:
        client: The connection.
        name: Name of the device in the workbench, checked when the agent starts.
        folder: Where answers and networks are kept.
        runtime: Name of the runtime; None: the first one that is found.
        threads: Processor threads; None: the runtime's choice.
    """

    def __init__(
        self,
        client: Client,
        name: str,
        folder: Path,
        runtime: str | None = None,
        threads: int | None = None,
    ):
        self._client = client
        self._name = name
        self._folder = folder
        self._runtime = runtime
        self._threads = threads
        self._journal = Journal(folder / "answers")
        self._stopping = threading.Event()
        self._child: subprocess.Popen[str] | None = None
        self._renew_seconds = 30.0
        self._wait_seconds = 20.0

    def stop(self) -> None:
        """End after the present step; a measurement that runs is given back."""
        self._stopping.set()
        if self._child is not None:
            self._child.terminate()

    def run(self, jobs: int | None = None) -> None:
        """Work until `stop`, or until so many jobs were answered.

        Raises:
            Stopped: the workbench does not accept the token.
        """
        self._patiently(self._hello)
        while not self._stopping.is_set() and (jobs is None or jobs > 0):
            self._patiently(self._send_answers)
            job = self._patiently(self._next_job)
            if job is not None and self._work(job) and jobs is not None:
                jobs -= 1
        self._patiently(self._send_answers)

    def _hello(self) -> None:
        """Introduce this device. Work that an earlier process held is queued again."""
        facts = {**machine_facts(), "runtimes": available()}
        kept = [answer["job"] for _, answer in self._journal.waiting()]
        values = {"name": self._name, "version": VERSION, "facts": facts, "kept": kept}
        welcome = self._client.post("/hello", {**values, **condition()})
        self._renew_seconds = welcome["lease_seconds"] / 4
        self._wait_seconds = welcome["wait_seconds"]
        log.info("signed in as %s; runtimes: %s", self._name, facts["runtimes"] or "none")

    def _next_job(self) -> dict[str, Any] | None:
        values = {"wait": self._wait_seconds, **condition()}
        job: dict[str, Any] | None = self._client.post(
            "/jobs/next", values, timeout=self._wait_seconds + 30
        )
        return job

    def _work(self, job: dict[str, Any]) -> bool:
        """Measure a job and keep the answer; return False if it was given back."""
        path = self._folder / f"network-{job['id']}.onnx"
        try:
            network = self._patiently(lambda: self._network(job))
            if network is None:
                return False
            path.write_bytes(network)
            answer = self._measured(job, path)
        finally:
            path.unlink(missing_ok=True)
        if answer is None:
            self._give_back(job)
            return False
        self._journal.keep(job["id"], job["fence"], answer)
        return True

    def _network(self, job: dict[str, Any]) -> bytes | None:
        """Return the ONNX file; None if the job is not this device's any more."""
        try:
            content = self._client.download(f"/jobs/{job['id']}/network?fence={job['fence']}")
        except Refused as error:
            if error.status in (404, 409):
                return None
            raise
        if hashlib.sha256(content).hexdigest() != job["sha256"]:
            raise Unreachable("the network arrived damaged")
        return content

    def _measured(self, job: dict[str, Any], path: Path) -> dict[str, Any] | None:
        """Measure in a child process; None if the agent stops or the job was taken away."""
        request = {
            "path": str(path),
            "objective": job["objective"],
            "batch": job["batch"],
            "seconds": job["seconds"],
            "runtime": self._runtime,
            "threads": self._threads,
        }
        with subprocess.Popen(
            [sys.executable, *(["-S"] if sys.flags.no_site else []), "-m", MEASURING],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            self._child = child
            is_held, left = True, job["seconds"] + EXTRA_SECONDS
            sent: str | None = json.dumps(request)
            while True:
                try:
                    out, _ = child.communicate(sent, timeout=self._renew_seconds)
                    break
                except subprocess.TimeoutExpired:
                    sent, left = None, left - self._renew_seconds
                    is_held = self._renewed(job)
                    if not is_held or left < 0 or self._stopping.is_set():
                        child.kill()
            self._child = None
        if self._stopping.is_set() or not is_held:
            return None
        if left < 0:
            return {"failure": f"it took longer than {job['seconds'] + EXTRA_SECONDS:.0f} s"}
        try:
            answer: dict[str, Any] = json.loads(out)
            return answer
        except ValueError:
            return {"failure": f"the runtime ended the process with code {child.returncode}"}

    def _renewed(self, job: dict[str, Any]) -> bool:
        """Extend the lease; an unreachable workbench keeps the work, since it may come back."""
        try:
            self._client.post(f"/jobs/{job['id']}/renew", {"fence": job["fence"], **condition()})
        except Unreachable as error:
            log.warning("the lease could not be extended: %s", error)
        except Refused:
            return False
        return True

    def _give_back(self, job: dict[str, Any]) -> None:
        try:
            self._client.post(f"/jobs/{job['id']}/release", {"fence": job["fence"]})
        except (Unreachable, Refused) as error:
            log.warning("job %s could not be given back: %s", job["id"], error)

    def _send_answers(self) -> None:
        """Send what was not accepted yet; a refused answer belongs to a claim that is over."""
        for path, answer in self._journal.waiting():
            try:
                self._send(answer)
            except Refused as error:
                if error.status in (401, 403):
                    raise
                log.warning("the answer to job %s is not needed: %s", answer["job"], error)
            path.unlink(missing_ok=True)

    def _send(self, answer: dict[str, Any]) -> None:
        """Send one answer; a result that the workbench finds invalid becomes a failure."""
        address, fence = f"/jobs/{answer['job']}", {"fence": answer["fence"]}
        if "result" not in answer:
            self._client.post(f"{address}/failure", {**fence, "reason": answer["failure"]})
            return
        try:
            self._client.post(f"{address}/result", {**fence, **answer["result"]})
        except Refused as error:
            if error.status not in (400, 413, 422):
                raise
            self._client.post(f"{address}/failure", {**fence, "reason": str(error)})

    def _patiently(self, act: Any) -> Any:
        """Repeat until the workbench answers, with growing pauses and jitter.

        Raises:
            Stopped: it refuses the token.
        """
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return act()
            except Refused as error:
                if error.status in (401, 403, 422):
                    raise Stopped(str(error)) from None
                log.warning("refused: %s", error)
            except Unreachable as error:
                log.warning("%s; next try in about %.0f s", error, pause)
            if self._stopping.wait(pause * random.uniform(0.5, 1.0)):
                return None
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
