"""Build scripts for trtexec: one for TensorRT 10, one for 11.

TensorRT 10 takes the precision from flags. TensorRT 11 has none of these flags: the types in the
graph decide, so each precision has its own ONNX file. TensorRT 11 does not support JetPack, so
Jetson and DeepStream 9.2 (TensorRT 10.16) need the first script.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

MODELS = {
    "float32": "model_fp32.onnx",
    "float16": "model_fp16.onnx",
    "int8": "model_int8.onnx",
}
# TensorRT 10: file and flags of each precision. Int8 without float16 would leave the layers that
# are not quantised in float32.
FLAGS_10 = {
    "float32": ("model_fp32.onnx", ""),
    "float16": ("model_fp32.onnx", "--fp16"),
    "int8": ("model_int8.onnx", "--int8 --fp16"),
}
FLAGS_11 = {precision: (model, "") for precision, model in MODELS.items()}
ABOUT = {
    10: "For Jetson (JetPack) and DeepStream; flags decide about the precision.",
    11: "For servers and workstations; the types in the ONNX file decide about the precision.",
}
OTHER = {10: "build_11.sh is for TensorRT 11", 11: "build_10.sh is for TensorRT 10"}


@dataclass(frozen=True)
class Recipe:
    """Facts and settings that the build scripts of one network need.

    Attributes:
        precision: Precision that is built if none is named.
        precisions: Those that the archive has models for.
        image: c x h x w of an input.
        batch: Largest number of images at once; 1 if the graphs have a fixed batch.
        workspace_mib: Scratch memory that a layer may use.
    """

    precision: str
    precisions: tuple[str, ...]
    image: tuple[int, ...]
    batch: int
    workspace_mib: int

    @property
    def shapes(self) -> dict[str, str]:
        """The smallest, usual and largest input shapes, in trtexec's notation; {} if fixed."""
        if self.batch == 1:
            return {}
        image = "x".join(str(size) for size in self.image)
        batches = {"min": 1, "opt": self.batch, "max": self.batch}
        return {name: f"image:{batch}x{image}" for name, batch in batches.items()}


def engine_name(precision: str) -> str:
    """Return the name of the engine that the scripts write."""
    return f"model_{precision}.engine"


def build_script(major: int, recipe: Recipe) -> str:
    """Return the shell script that builds an engine with TensorRT 10 or 11."""
    flags = FLAGS_10 if major == 10 else FLAGS_11
    cases = "\n".join(
        f"{precision})\n"
        f'    onnx={flags[precision][0]} flags="{flags[precision][1]}"\n'
        f"    engine={engine_name(precision)}\n"
        "    ;;"
        for precision in recipe.precisions
    )
    shapes = "".join(f" \\\n    --{name}Shapes={shape}" for name, shape in recipe.shapes.items())
    values = {
        "MAJOR": str(major),
        "PRECISION": recipe.precision,
        "ABOUT": ABOUT[major],
        "OTHER": OTHER[major],
        "CASES": cases,
        "CHOICES": " or ".join(recipe.precisions),
        "WORKSPACE": str(recipe.workspace_mib),
        "SHAPES": shapes,
    }
    text = files(__package__).joinpath("build.sh.template").read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
