"""Target: the interface of a format that networks are exported to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from ..exports.context import ExportContext

Reference = Literal["torch", "itself"]


@dataclass(frozen=True)
class ModelFile:
    """One model of an archive, and how its outputs are checked.

    Attributes:
        path: The file to open, relative to the archive.
        parts: Other files of the model, such as its weights.
        precision: Type of the computation: "float32", "float16" or "int8".
        runtime: Module with `open_model`, see `nasengine.exports.runtimes`; the archive holds a
            copy. None: no Python runtime opens the file.
        tolerance: Largest allowed difference from the reference, see `differences.excess`.
        reference: "torch": outputs are compared with those of the trained network, and an
            export with a larger difference fails. "itself": the model computes something else
            on purpose, such as int8; `verify.py` compares with its outputs at the export.
        unavailable: Why this machine cannot run the model; empty if it can.
    """

    path: str
    parts: tuple[str, ...] = ()
    precision: str = "float32"
    runtime: str | None = None
    tolerance: float = 1e-4
    reference: Reference = "torch"
    unavailable: str = ""


@dataclass(frozen=True)
class Built:
    """The files that a target made for one network.

    Attributes:
        files: Path in the archive, with forward slashes -> file on this machine.
        models: Models among the files, most important first.
        requirements: Packages that `verify.py` needs in addition to numpy.
        softmax: Outputs are probabilities; off: logits.
        fell_back: Layers that the target does not run in the wanted way, one sentence each.
        notes: Sentences for the report and the model card.
        extra: Further values for the deployment report, JSON-clean.
    """

    files: dict[str, Path]
    models: tuple[ModelFile, ...]
    requirements: tuple[str, ...] = ()
    softmax: bool = False
    fell_back: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    extra: dict[str, object] = field(default_factory=dict)


class Target(ABC):
    """A format for a device or runtime; `build` makes its files for one network.

    Attributes:
        title: Name for people, such as "OpenVINO".
        data_kinds: Kinds of data whose networks can be exported.
        packages: Python packages that `build` imports.
        install: Command that installs these packages.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    Config: ClassVar[type]
    data_kinds: ClassVar[tuple[str, ...]] = ("images",)
    packages: ClassVar[tuple[str, ...]] = ("onnx", "onnxscript")
    install: ClassVar[str] = 'pip install "nasengine[export]"'

    def __init__(self, config: DataclassInstance):
        self.config = config

    @classmethod
    def missing(cls) -> list[str]:
        """Return the packages that are not installed."""
        return [package for package in cls.packages if find_spec(package) is None]

    @abstractmethod
    def build(self, context: ExportContext) -> Built:
        """Convert the network of the context and return the files.

        Files are written to `context.folder_for(self.name)`. `context.step(...)` is called
        before each long step.

        Raises:
            Cancelled: the export was cancelled on request.
            EngineError: the network cannot be converted; the message names rule and remedy.
        """
