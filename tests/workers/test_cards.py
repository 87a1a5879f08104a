"""Facts about NVIDIA cards: what NVML reports, and the reason where it reports nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from workers.cards import card_facts


class NVMLError(Exception):
    """Like the error of the real library."""


class Driver:
    """The functions of NVML for two cards; the second one reports neither power nor load."""

    NVMLError = NVMLError
    NVML_TEMPERATURE_GPU = 0

    def __init__(self, start: str = "", broken: str = ""):
        self.start, self.broken, self.is_open = start, broken, False

    def nvmlInit(self) -> None:  # noqa: N802  a name of NVML
        if self.start:
            raise NVMLError(self.start)
        self.is_open = True

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.is_open = False

    def __getattr__(self, name: str) -> Any:
        answers: dict[str, Any] = {
            "nvmlSystemGetDriverVersion": lambda: "580.95",
            "nvmlDeviceGetCount": lambda: 2,
            "nvmlDeviceGetHandleByIndex": lambda index: index,
            "nvmlDeviceGetName": lambda card: f"card {card}",
            "nvmlDeviceGetUUID": lambda card: f"GPU-{card}abc",
            "nvmlDeviceGetUtilizationRates": lambda card: SimpleNamespace(gpu=_first(card, 37)),
            "nvmlDeviceGetMemoryInfo": lambda card: SimpleNamespace(used=2**30, total=2**34),
            "nvmlDeviceGetPowerUsage": lambda card: _first(card, 250_500),
            "nvmlDeviceGetTemperature": lambda card, sensor: 55,
        }
        if name == self.broken:
            raise NVMLError("lost")
        return answers[name]


def _first(card: int, value: int) -> int:
    if card:
        raise NVMLError("not supported")
    return value


@pytest.fixture(autouse=True)
def every_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_every_value_has_its_unit_and_an_unsupported_one_is_null():
    driver = Driver()
    facts = card_facts(driver)
    assert facts["driver"] == "580.95"
    first, second = facts["cards"]
    assert first == {
        "index": 0,
        "uuid": "GPU-0abc",
        "name": "card 0",
        "load": 0.37,
        "memory_used": 2**30,
        "memory_total": 2**34,
        "power_w": 250.5,
        "temperature_c": 55,
    }
    assert (second["load"], second["power_w"], second["temperature_c"]) == (None, None, 55)
    assert driver.is_open is False


@pytest.mark.parametrize(
    ("names", "seen"), [("1", [1]), ("0,1", [0, 1]), ("GPU-1", [1]), ("", []), ("7", [])]
)
def test_only_visible_cards_are_reported(monkeypatch, names, seen):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", names)
    facts = card_facts(Driver())
    assert [card["index"] for card in facts["cards"]] == seen
    assert bool(facts["cards_missing"]) == (not seen)


def test_without_a_driver_the_reason_is_reported():
    assert card_facts(Driver(start="NVML Shared Library Not Found")) == {
        "cards": [],
        "cards_missing": "no NVIDIA card or driver (NVML Shared Library Not Found)",
    }
    broken = card_facts(Driver(broken="nvmlDeviceGetCount"))
    assert broken["cards_missing"] == "the NVIDIA driver does not answer (lost)"


def test_the_real_library_answers_on_this_machine():
    facts = card_facts()
    assert bool(facts["cards"]) != bool(facts["cards_missing"])
