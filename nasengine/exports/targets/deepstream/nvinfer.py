"""Configuration files of nvinfer, DeepStream's element for inference.

nvinfer computes y = net-scale-factor * (x - offset) from pixels x between 0 and 255, with one
factor for all channels. The graph normalises by channel itself, so the factor is 1 and there are
no offsets. Its classifier takes outputs for probabilities and compares them with a threshold, so
the graph ends with a softmax.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....core.errors import EngineError
from ....core.text import shorten
from ..tensorrt.scripts import MODELS, engine_name

LABELS = "labels_deepstream.txt"
PRIMARY = "config_infer_primary.txt"
SECONDARY = "config_infer_secondary.txt"
NETWORK_MODES = {"float32": 0, "int8": 1, "float16": 2}
MODE_NAMES = {"float32": "fp32", "float16": "fp16"}  # in the names of cached engines
COLOR_FORMATS = {3: 0, 1: 2}  # RGB and GRAY
CLASSIFIER = 1
FULL_FRAMES, OBJECTS = 1, 2
DETECTOR_ID = 1  # gie-unique-id of the detector before a secondary classifier


@dataclass(frozen=True)
class Classifier:
    """Facts and settings that the configuration of one classifier needs.

    Attributes:
        image: c x h x w of its input.
        precision: "float32", "float16" or "int8".
        threshold: Probability below which a class is not reported.
        name: Name of the attribute that the classes are values of.
        batch: Frames or objects per inference.
        interval: Batches that are skipped between two inferences on full frames.
        min_object: Smallest width and height of an object that is classified.
        reinfer_interval: Frames after which a tracked object is classified again.
        workspace_mib: Scratch memory that a layer may use.
    """

    image: tuple[int, int, int]
    precision: str
    threshold: float
    name: str
    batch: int
    interval: int
    min_object: int
    reinfer_interval: int
    workspace_mib: int

    @property
    def model(self) -> str:
        """The name of the model."""
        return MODELS["int8"] if self.precision == "int8" else "model.onnx"

    @property
    def engine(self) -> str:
        """The name of the engine: nvinfer's own, or in int8 that of the build script.

        Without a calibration table nvinfer builds no int8 engine, so trtexec builds it.
        """
        if self.precision == "int8":
            return engine_name("int8")
        return f"{self.model}_b{self.batch}_gpu0_{MODE_NAMES[self.precision]}.engine"


def full_frame_config(classifier: Classifier) -> str:
    """Return the configuration that classifies whole frames (process-mode 1)."""
    keys = {"process-mode": FULL_FRAMES, "gie-unique-id": 1, "interval": classifier.interval}
    return _text("Classify whole frames", keys | _common(classifier))


def secondary_config(classifier: Classifier) -> str:
    """Return the configuration that classifies the objects of a detector (process-mode 2)."""
    size = classifier.min_object
    keys = {
        "process-mode": OBJECTS,
        "gie-unique-id": DETECTOR_ID + 1,
        "operate-on-gie-id": DETECTOR_ID,
        "input-object-min-width": size,
        "input-object-min-height": size,
        "secondary-reinfer-interval": classifier.reinfer_interval,
        # Results are attached to later frames of a tracked object, so this needs a tracker.
        "classifier-async-mode": 1,
    }
    about = f"Classify the objects that the detector with gie-unique-id={DETECTOR_ID} finds"
    return _text(about, keys | _common(classifier))


def labels_text(labels: Sequence[str]) -> str:
    """Return the labels as a classifier reads them: one line per output, separated by ";".

    Raises:
        EngineError: a label has a semicolon or a line break.
    """
    for label in labels:
        if ";" in label or not label.isprintable():
            raise EngineError(
                f"label {shorten(label, 40)} has a semicolon or a control character, which "
                "DeepStream's label file cannot hold: rename the class"
            )
    return ";".join(labels) + "\n"


def color_format(channels: int) -> int:
    """Return nvinfer's model-color-format.

    Raises:
        EngineError: nvinfer has no images of so many channels.
    """
    if channels not in COLOR_FORMATS:
        raise EngineError(
            f"DeepStream gives classifiers images of 1 or 3 channels, this network reads "
            f"{channels}: export it for TensorRT instead"
        )
    return COLOR_FORMATS[channels]


def _common(classifier: Classifier) -> dict[str, str | int | float]:
    return {
        "gpu-id": 0,
        "onnx-file": classifier.model,
        "model-engine-file": classifier.engine,
        "labelfile-path": LABELS,
        "network-type": CLASSIFIER,
        "network-mode": NETWORK_MODES[classifier.precision],
        "batch-size": classifier.batch,
        "infer-dims": ";".join(str(size) for size in classifier.image),
        "model-color-format": color_format(classifier.image[0]),
        "net-scale-factor": 1,
        "offsets": ";".join("0" for _ in range(classifier.image[0])),
        "maintain-aspect-ratio": 0,
        "classifier-threshold": classifier.threshold,
        "classifier-type": classifier.name,
        "workspace-size": classifier.workspace_mib,
    }


def _text(about: str, keys: dict[str, str | int | float]) -> str:
    lines = "".join(f"{key}={value}\n" for key, value in keys.items())
    return f"# {about}. Paths are relative to this file.\n[property]\n{lines}"
