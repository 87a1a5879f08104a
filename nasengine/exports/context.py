"""Export context: the network, its ONNX graph, examples, a folder, and callbacks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import Cancelled
from .examples import ExampleSource
from .graph.settings import GraphSettings
from .signature import Signature, signature_of

if TYPE_CHECKING:
    import torch

    from ..execution.network_folder import StoredNetwork
    from .graph.model import OnnxModel

Report = Callable[[dict[str, Any]], None]
CHECKED = 256  # inputs whose outputs are compared


class ExportContext:
    """One network while it is exported; several targets share its graphs and examples.

    Args:
        stored: The network.
        folder: An empty folder for intermediate files.
        report: Called with {"step": text} before each long step.
        cancelled: Returns whether the export is to end; it is called often.
    """

    def __init__(
        self,
        stored: StoredNetwork,
        folder: Path,
        report: Report | None = None,
        cancelled: Callable[[], bool] | None = None,
    ):
        self.stored = stored
        self.folder = folder
        self._report = report
        self._cancelled = cancelled
        self._graphs: dict[GraphSettings, OnnxModel] = {}
        self._sources: dict[bool, ExampleSource] = {}

    def step(self, text: str) -> None:
        """Report the step that begins.

        Raises:
            Cancelled: the export was cancelled.
        """
        self.check_cancelled()
        if self._report is not None:
            self._report({"step": text})

    def check_cancelled(self) -> None:
        """Raise Cancelled if the export is to end; long steps call it repeatedly."""
        if self._cancelled is not None and self._cancelled():
            raise Cancelled

    def folder_for(self, name: str) -> Path:
        """Return a folder of this export with that name, created if it is missing."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @cached_property
    def network(self) -> torch.nn.Module:
        """The trained network as it is deployed, in evaluation mode on the CPU.

        It reads normalised images; `model()` reads pixels. Do not change it.
        """
        return self.stored.network()

    def model(self, softmax: bool = False) -> torch.nn.Module:
        """Return a module with the inputs and outputs of `signature(softmax)`.

        Images are pixels from 0 to 255; the normalisation is part of the module. A text is read
        word by word: word and state to logits and next state. The caller may change the module.
        """
        from .network import ImageModel, WordModel

        network = copy.deepcopy(self.network)
        if self.stored.data_kind == "text":
            return WordModel(network, softmax).eval()
        return ImageModel(network, self.stored.preprocessing, softmax).eval()

    def signature(self, softmax: bool = False) -> Signature:
        """Return names, shapes and types of inputs and outputs, for a batch of 1."""
        return signature_of(self.stored, self.network, softmax)

    def onnx(self, settings: GraphSettings | None = None) -> OnnxModel:
        """Return the checked ONNX file of the network; equal settings give the same file.

        Targets that need a changed graph load it and save it elsewhere.
        """
        from .graph.model import write_onnx

        settings = settings or GraphSettings()
        if settings not in self._graphs:
            self.step("convert to ONNX")
            named = self.network.named_parameters()
            self._graphs[settings] = write_onnx(
                self.model(settings.softmax),
                self.signature(settings.softmax),
                settings,
                self.folder_for("graphs") / f"{len(self._graphs)}.onnx",
                {name: tensor.numel() for name, tensor in named},
            )
        return self._graphs[settings]

    def examples(self, softmax: bool = False) -> ExampleSource:
        """Return the source of calibration, check and test inputs with the expected outputs."""
        if softmax not in self._sources:
            self._sources[softmax] = ExampleSource(
                self.stored, self.model(softmax), self.signature(softmax)
            )
        return self._sources[softmax]
