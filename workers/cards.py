"""Load, memory, power and temperature of the NVIDIA cards that this worker sees, through NVML."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

# The library of the package nvidia-ml-py; tests replace it.
Library = Any


def card_facts(library: Library | None = None) -> dict[str, Any]:
    """Return the facts of a worker about its cards, for the fleet page.

    Returns:
        {"cards": [...]}, one object per card with index, uuid, name, load (0 to 1), memory_used
        and memory_total (bytes), power_w and temperature_c; a value that the driver does not
        report is null. `driver` is the version of the driver. Without cards
        {"cards": [], "cards_missing": why}.
    """
    try:
        nvml = library or _library()
    except ImportError:
        return _missing("cards are not shown: the package nvidia-ml-py is not installed")
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        return _missing(f"no NVIDIA card or driver ({error})")
    try:
        driver = _driver(nvml)
        handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
        cards = [_card(nvml, number, handle) for number, handle in enumerate(handles)]
    except nvml.NVMLError as error:
        return _missing(f"the NVIDIA driver does not answer ({error})")
    finally:
        nvml.nvmlShutdown()
    visible = [card for card in cards if _is_visible(card)]
    if not visible:
        return _missing("CUDA_VISIBLE_DEVICES hides every card from this worker")
    return {"cards": visible, "cards_missing": "", "driver": driver}


def _library() -> Library:
    import pynvml

    return pynvml


def _driver(nvml: Library) -> str:
    """Return the version of the driver."""
    version = nvml.nvmlSystemGetDriverVersion()
    return version.decode() if isinstance(version, bytes) else version


def _missing(reason: str) -> dict[str, Any]:
    return {"cards": [], "cards_missing": reason}


def _card(nvml: Library, number: int, handle: object) -> dict[str, Any]:
    """Return what the driver reports about one card."""

    def ask(read: Callable[[], float]) -> float | None:
        try:
            return read()
        except nvml.NVMLError:  # not supported by this card, or not permitted
            return None

    name, uuid = nvml.nvmlDeviceGetName(handle), nvml.nvmlDeviceGetUUID(handle)
    return {
        "index": number,
        "uuid": uuid.decode() if isinstance(uuid, bytes) else uuid,
        "name": name.decode() if isinstance(name, bytes) else name,
        "load": ask(lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100),
        "memory_used": ask(lambda: nvml.nvmlDeviceGetMemoryInfo(handle).used),
        "memory_total": ask(lambda: nvml.nvmlDeviceGetMemoryInfo(handle).total),
        "power_w": ask(lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000),
        "temperature_c": ask(
            lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)
        ),
    }


def _is_visible(card: dict[str, Any]) -> bool:
    """Return whether CUDA_VISIBLE_DEVICES leaves the card to this process."""
    names = os.environ.get("CUDA_VISIBLE_DEVICES")
    if names is None:
        return True
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    return any(
        name == str(card["index"]) or (not name.isdigit() and card["uuid"].startswith(name))
        for name in chosen
    )
