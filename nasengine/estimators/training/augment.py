"""Image augmentation of whole batches, as tensor operations on the device of the images.

The random choices (offsets, flips, centres) come from a CPU generator, so a seed gives the same
batches on every device.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from ...core.dataset import Preprocessing
from .config import TrainConfig
from .photometric import jitter, random_boxes, resized_crop


def augment(
    images: torch.Tensor,
    config: TrainConfig,
    generator: torch.Generator,
    preprocessing: Preprocessing | None = None,
) -> torch.Tensor:
    """Apply the configured crops, flip, colour jitter and cutout, in this order.

    Images (n x c x h x w) are normalised: padding and hidden squares are 0, the mean of the
    training images. (The papers' code pads before it normalises.)

    Args:
        images: The batch.
        config: Settings of the training.
        generator: Source of the random numbers, on the CPU.
        preprocessing: How pixels became inputs; without it colours are not changed.
    """
    count, _, height, width = images.shape
    if config.resized_crop:
        images = resized_crop(images, random_boxes(count, config.resized_crop, generator))
    if config.crop:
        choices = 2 * config.crop + 1
        offsets = torch.randint(choices, (2, count), generator=generator)
        images = crop(images, config.crop, offsets[0], offsets[1])
    if config.flip:
        images = flip(images, torch.rand(count, generator=generator) < 0.5)
    if preprocessing is not None and (config.colour_jitter or config.hue_jitter):
        pixels = jitter(
            denormalised(images, preprocessing), config.colour_jitter, config.hue_jitter, generator
        )
        images = normalised(pixels, preprocessing)
    if config.cutout:
        rows = torch.randint(height, (count,), generator=generator)
        columns = torch.randint(width, (count,), generator=generator)
        images = cutout(images, config.cutout, rows, columns)
    return images


def normalised(pixels: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """Return the inputs of scaled pixels, n x c x h x w from 0 to 1."""
    mean, std = _by_channel(pixels, preprocessing)
    return (pixels - mean) / std


def denormalised(images: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """Return the scaled pixels of inputs; the inverse of `normalised`."""
    mean, std = _by_channel(images, preprocessing)
    return (images * std + mean).clamp(0, 1)


def crop(
    images: torch.Tensor, border: int, down: torch.Tensor, right: torch.Tensor
) -> torch.Tensor:
    """Pad each image with a border of zeros and crop it to its size at its own offset.

    The offsets `down` and `right` (n) are from 0 to 2 x border; the offset (border, border)
    leaves an image unchanged.
    """
    count, _, height, width = images.shape
    padded = functional.pad(images, (border,) * 4)
    rows = _span(down, height, images)
    columns = _span(right, width, images)
    batch = torch.arange(count, device=images.device)
    # Advanced indices on both sides of a slice put the channels last: n x h x w x c.
    cut = padded[batch[:, None, None], :, rows[:, :, None], columns[:, None, :]]
    return cut.permute(0, 3, 1, 2)


def flip(images: torch.Tensor, mirrored: torch.Tensor) -> torch.Tensor:
    """Mirror the images for which `mirrored` (n, bool) is true."""
    mask = mirrored.to(images.device, non_blocking=True).view(-1, 1, 1, 1)
    return torch.where(mask, images.flip(3), images)


def cutout(
    images: torch.Tensor, side: int, rows: torch.Tensor, columns: torch.Tensor
) -> torch.Tensor:
    """Set a square around each centre (n rows, n columns) to zero, clipped at the edges.

    The square starts at centre - side // 2 and has `side` pixels (1708.04552).
    """
    _, _, height, width = images.shape
    tall = _inside(rows, side, height, images)
    wide = _inside(columns, side, width, images)
    hidden = tall[:, None, :, None] & wide[:, None, None, :]
    return images.masked_fill(hidden, 0.0)


def _by_channel(
    images: torch.Tensor, preprocessing: Preprocessing
) -> tuple[torch.Tensor, torch.Tensor]:
    mean, std = (
        images.new_tensor(values).view(1, -1, 1, 1)
        for values in (preprocessing.mean, preprocessing.std)
    )
    return mean, std


def _span(start: torch.Tensor, length: int, images: torch.Tensor) -> torch.Tensor:
    return start.to(images.device, non_blocking=True)[:, None] + torch.arange(
        length, device=images.device
    )


def _inside(centres: torch.Tensor, side: int, length: int, images: torch.Tensor) -> torch.Tensor:
    first = centres.to(images.device, non_blocking=True)[:, None] - side // 2
    positions = torch.arange(length, device=images.device)
    return (positions >= first) & (positions < first + side)
