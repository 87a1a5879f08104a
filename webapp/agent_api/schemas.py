"""Requests and answers of the API of device agents, with the limits of every value."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import AfterValidator, Field, FiniteFloat

from webapp.common.json_size import json_bytes
from webapp.devices.services.measuring import MAX_SAMPLES

MAX_FACTS_BYTES = 20_000
MAX_LAYERS = 500
LONGEST_WAIT_SECONDS = 10.0
Text = Annotated[str, Field(max_length=40)]
Layer = Annotated[str, Field(max_length=200)]
Positive = Annotated[FiniteFloat, Field(ge=0)]


def _small(value: dict[str, Any]) -> dict[str, Any]:
    if json_bytes(value) > MAX_FACTS_BYTES:
        raise ValueError(f"must have at most {MAX_FACTS_BYTES:,} bytes as JSON")
    return value


SmallObject = Annotated[dict[str, Any], AfterValidator(_small)]


class Condition(Schema):
    """Readings of the device now; null where it has no sensor."""

    clock_mhz: Positive | None = None
    temperature_c: FiniteFloat | None = None


class Hello(Condition):
    """An agent that starts: its device, version, facts, and the work whose answers it kept."""

    name: Text
    version: Text
    facts: SmallObject = {}
    kept: Annotated[list[int], Field(max_length=1000)] = []


class Welcome(Schema):
    """The durations that an agent must keep."""

    device: str
    lease_seconds: float
    wait_seconds: float


class Next(Condition):
    """A request for work: how long it may wait for some."""

    wait: Annotated[FiniteFloat, Field(ge=0, le=60)] = 0.0


class Job(Schema):
    """One objective of one network that the agent is to measure."""

    id: int
    fence: int
    objective: str
    batch: int
    input_shape: list[int]
    sha256: str
    bytes: int
    seconds: float


class Claimed(Condition):
    """A message about claimed work: the fencing token of the claim."""

    fence: int


class Result(Schema):
    """A measured value; see the model Measurement."""

    fence: int
    objective: Text
    value: FiniteFloat
    unit: Annotated[str, Field(max_length=20)]
    low: FiniteFloat
    high: FiniteFloat
    spread: Positive
    repetitions: Annotated[int, Field(ge=1, le=10_000_000)]
    samples: Annotated[list[FiniteFloat], Field(max_length=MAX_SAMPLES)]
    method: Literal["measured", "meter", "counter"]
    runtime: Text
    runtime_version: Text
    layers: Annotated[list[Layer], Field(max_length=MAX_LAYERS)] = []
    conditions: SmallObject = {}


class Failure(Schema):
    """Why the device cannot measure the network."""

    fence: int
    reason: Annotated[str, Field(max_length=2000)]


class Stored(Schema):
    """The answer to a result: accepted now, or stored before."""

    answer: Literal["accepted", "repeated"]
