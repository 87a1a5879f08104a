"""The runtimes that an agent may find on its device, by name, the preferred one first.

Each is a module with `Engine`, a subclass of `runtime.Runtime`, that imports its library when it
is created. Other packages add runtimes by entry points of the group `nasengine.agent_runtimes`.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points, version
from importlib.util import find_spec

from .runtime import Runtime

GROUP = "nasengine.agent_runtimes"
# Name -> (module here, library that it imports, distributions that may contain the library).
BUILT_IN = {
    "tensorrt": ("tensorrt", "tensorrt", ("tensorrt", "tensorrt-cu13", "tensorrt-cu12")),
    "onnxruntime": (
        "onnx_runtime",
        "onnxruntime",
        ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-qnn"),
    ),
    "openvino": ("openvino", "openvino", ("openvino",)),
}


def available() -> dict[str, str]:
    """Return the versions of the runtimes that this device has, by name."""
    found = {
        name: _version(distributions)
        for name, (_, library, distributions) in BUILT_IN.items()
        if find_spec(library) is not None
    }
    return found | {point.name: _version((point.name,)) for point in entry_points(group=GROUP)}


def runtime_class(name: str) -> type[Runtime]:
    """Return the class of a runtime.

    Raises:
        ImportError: this device does not have it.
    """
    if name in BUILT_IN:
        found: type[Runtime] = import_module(f".{BUILT_IN[name][0]}", __name__).Engine
        return found
    for point in entry_points(group=GROUP, name=name):
        loaded: type[Runtime] = point.load()
        return loaded
    raise ImportError(f"no runtime {name}; this device has {', '.join(available()) or 'none'}")


def _version(distributions: tuple[str, ...]) -> str:
    for name in distributions:
        try:
            return version(name)
        except ModuleNotFoundError:  # PackageNotFoundError derives from it
            continue
    return "unknown"
