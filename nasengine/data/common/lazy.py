"""Parts whose images are read file by file while a network trains or is tested."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ...core.dataset import Preprocessing
from ...core.errors import EngineError
from .pictures import read_picture

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

MAX_IN_MEMORY = 4 * 2**30  # bytes of images as float32
FEW = 256  # images that this process decodes itself
MAX_WORKERS = 8
ASPECT = (3 / 4, 4 / 3)  # width to height of a random-resized crop


class Files(Protocol):
    """Files that are read by position."""

    def read(self, index: int) -> bytes: ...
    def path(self, index: int) -> Any: ...


@dataclass(frozen=True)
class ImageForm:
    """The form of a network's input, made from pictures of any size.

    Attributes:
        size: Height and width.
        colour: Three channels; else one.
        resize: Length of the shorter side before the centre is cropped.
    """

    size: int
    colour: bool
    resize: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return (3 if self.colour else 1), self.size, self.size

    def centre(self, content: bytes, origin: str) -> np.ndarray:
        """Return the centre of a picture, c x size x size (uint8), as networks are tested.

        Raises:
            EngineError: the picture cannot be decoded.
        """
        image = self._decoded(content, origin)
        scale = self.resize / min(image.size)
        width, height = (max(round(side * scale), self.size) for side in image.size)
        image = _resized(image, width, height)
        left, top = (width - self.size) // 2, (height - self.size) // 2
        return self._array(image.crop((left, top, left + self.size, top + self.size)))

    def random_crop(
        self, content: bytes, origin: str, smallest: float, chance: np.random.Generator
    ) -> np.ndarray:
        """Return a random part of a picture, resized: Inception's random-resized crop.

        Args:
            content: The bytes of the file.
            origin: Its name in messages.
            smallest: Smallest share of the area of the picture.
            chance: Source of the random numbers.

        Raises:
            EngineError: the picture cannot be decoded.
        """
        image = self._decoded(content, origin)
        width, height = image.size
        area = width * height * chance.uniform(smallest, 1.0)
        aspect = np.exp(chance.uniform(*np.log(ASPECT)))
        wide = min(max(round(float(np.sqrt(area * aspect))), 1), width)
        tall = min(max(round(float(np.sqrt(area / aspect))), 1), height)
        left = int(chance.integers(0, width - wide + 1))
        top = int(chance.integers(0, height - tall + 1))
        image = image.crop((left, top, left + wide, top + tall))
        return self._array(_resized(image, self.size, self.size))

    def _decoded(self, content: bytes, origin: str) -> Image:
        return read_picture(content, origin, "RGB" if self.colour else "L").image

    def _array(self, image: Image) -> np.ndarray:
        pixels = np.asarray(image, np.uint8)
        return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


@dataclass(frozen=True)
class LazyPart:
    """Labelled images that are decoded when they are needed.

    Attributes:
        files: The files.
        positions: Positions of this part's files (n, int64).
        part_labels: Their labels (n, int64).
        form: Size and channels of the inputs.
        preprocessing: How pixels become inputs.
        workers: Processes that decode; None: as many as there are processors, at most 8.
    """

    files: Files
    positions: np.ndarray
    part_labels: np.ndarray
    form: ImageForm
    preprocessing: Preprocessing
    workers: int | None = None

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def labels(self) -> torch.Tensor:
        """The labels (n, int64)."""
        import torch

        return torch.from_numpy(self.part_labels)

    @property
    def images(self) -> torch.Tensor:
        """All images as inputs, n x c x h x w (float32), for parts that fit into memory.

        Raises:
            EngineError: they would need more than 4 GiB, or one cannot be decoded.
        """
        import torch

        needed = len(self) * int(np.prod(self.form.shape)) * 4
        if needed > MAX_IN_MEMORY:
            raise EngineError(
                f"{len(self):,} images of {self.form.size} x {self.form.size} pixels need "
                f"{needed / 2**30:.0f} GiB of memory, more than {MAX_IN_MEMORY / 2**30:.0f}: lower "
                "limit or size"
            )
        whole = torch.empty((len(self), *self.form.shape))
        start = 0
        for pixels, _ in self.batches(_slices(len(self), 64)):
            whole[start : start + len(pixels)] = self.inputs(pixels)
            start += len(pixels)
        return whole

    def inputs(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the inputs of stored pixels, on their device."""
        said = self.preprocessing
        mean, std = (
            pixels.new_tensor(values, dtype=_float32()).view(1, -1, 1, 1)
            for values in (said.mean, said.std)
        )
        return pixels.float().mul_(said.scale).sub_(mean).div_(std)

    def joined(self, other: LazyPart) -> LazyPart:
        """Return both parts as one."""
        return replace(
            self,
            positions=np.concatenate([self.positions, other.positions]),
            part_labels=np.concatenate([self.part_labels, other.part_labels]),
        )

    def batches(
        self,
        chosen: Sequence[np.ndarray],
        *,
        smallest: float = 0.0,
        seed: Sequence[int] = (0,),
        pinned: bool = False,
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield pixels n x c x h x w (uint8) and labels (n) of each batch, in order.

        The seed and the position of an image decide its crop, whichever process decodes it.

        Args:
            chosen: Positions within this part, one array a batch.
            smallest: Smallest area of a random-resized crop; 0: the centre.
            seed: Seed of the crops.
            pinned: Put batches into pinned memory, for copies to a GPU.

        Raises:
            EngineError: a picture cannot be decoded.
        """
        from .loader import load_batches

        reader = Reader(self, smallest, tuple(seed))
        yield from load_batches(reader, chosen, self._processes(chosen), pinned)

    def _processes(self, chosen: Sequence[np.ndarray]) -> int:
        if self.workers is not None:
            wanted = self.workers
        elif sum(map(len, chosen)) <= FEW:
            wanted = 0
        else:
            wanted = min(max((os.cpu_count() or 1) - 1, 1), MAX_WORKERS)
        # A daemonic process may have no children.
        return 0 if multiprocessing.current_process().daemon else min(wanted, len(chosen))


@dataclass(frozen=True)
class Reader:
    """Reads one image of a part; an error is returned, because processes cannot raise it well."""

    part: LazyPart
    smallest: float
    seed: tuple[int, ...]

    def read(self, index: int) -> np.ndarray | str:
        """Return the pixels of an image of the part, or why it cannot be decoded."""
        part = self.part
        position = int(part.positions[index])
        origin = str(part.files.path(position))
        try:
            content = part.files.read(position)
            if not self.smallest:
                return part.form.centre(content, origin)
            chance = np.random.default_rng([*self.seed, position])
            return part.form.random_crop(content, origin, self.smallest, chance)
        except EngineError as error:
            return str(error)


def _slices(count: int, size: int) -> list[np.ndarray]:
    return [np.arange(start, min(start + size, count)) for start in range(0, count, size)]


def _resized(image: Image, width: int, height: int) -> Image:
    from PIL.Image import Resampling

    if image.size == (width, height):
        return image
    return image.resize((width, height), Resampling.BILINEAR)


def _float32() -> torch.dtype:
    import torch

    return torch.float32
