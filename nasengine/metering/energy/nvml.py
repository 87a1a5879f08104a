"""NVML: the energy counter of NVIDIA cards since Volta."""

from __future__ import annotations

from typing import Any

from .source import EnergySource, Unavailable


class Nvml(EnergySource):
    """Total energy of one card in joules, from its millijoule counter.

    Args:
        uuid: Identifier of the card, as torch gives it; default: the first card.
    """

    name = "NVML"
    tier = "counter"

    def __init__(self, uuid: str | None = None):
        try:
            import pynvml
        except ImportError:
            raise Unavailable("nvidia-ml-py is not installed: pip install nvidia-ml-py") from None
        self._nvml: Any = pynvml
        try:
            pynvml.nvmlInit()
            if uuid:
                self._card = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
            else:
                self._card = pynvml.nvmlDeviceGetHandleByIndex(0)
            pynvml.nvmlDeviceGetTotalEnergyConsumption(self._card)
        except pynvml.NVMLError as error:
            raise Unavailable(f"NVML has no energy counter here ({error})") from None

    def joules(self) -> float:
        return float(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._card)) / 1000
