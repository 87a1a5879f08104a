"""Random-resized crops and colour jitter of whole batches, as tensor operations.

As in `augment`, the random numbers come from a CPU generator.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional

ASPECT = (3 / 4, 4 / 3)  # width to height of a random-resized crop, as usual on ImageNet
LUMA = (0.299, 0.587, 0.114)  # shares of red, green and blue in the brightness of a grey picture
# Rotation of hue as in NTSC: rows of the matrix from RGB to luma and two chroma axes.
TO_YIQ = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))


def random_boxes(count: int, smallest: float, generator: torch.Generator) -> torch.Tensor:
    """Return random boxes, count x 4: left, top, width and height as shares of a square image.

    The area is uniform from `smallest` to 1 and the aspect ratio log-uniform, as in Inception's
    preprocessing. A box that would not fit is cut to the image.
    """
    area, ratio, x, y = torch.rand(4, count, generator=generator)
    area = smallest + (1 - smallest) * area
    low, high = (math.log(bound) for bound in ASPECT)
    aspect = torch.exp(low + (high - low) * ratio)
    width = (area * aspect).sqrt().clamp(max=1.0)
    height = (area / aspect).sqrt().clamp(max=1.0)
    return torch.stack([x * (1 - width), y * (1 - height), width, height], dim=1)


def resized_crop(images: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    """Cut a box out of each image and resize it to the size of the image, bilinearly.

    Args:
        images: n x c x h x w.
        boxes: n x 4, see `random_boxes`.
    """
    left, top, width, height = boxes.to(images.device).unbind(1)
    zero = torch.zeros_like(left)
    # From output to input coordinates, both from -1 to 1.
    rows = [
        torch.stack([width, zero, 2 * left + width - 1], 1),
        torch.stack([zero, height, 2 * top + height - 1], 1),
    ]
    grid = functional.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return functional.grid_sample(
        images, grid.to(images.dtype), padding_mode="border", align_corners=False
    )


def jitter(
    pixels: torch.Tensor, colour: float, hue: float, generator: torch.Generator
) -> torch.Tensor:
    """Change brightness, contrast, saturation and hue of each image by random amounts.

    The order of the four is random for each batch. Grey images have neither saturation nor hue.

    Args:
        pixels: n x c x h x w from 0 to 1.
        colour: Factors of the first three are from 1 - colour to 1 + colour.
        hue: Largest rotation of the hue, as a share of the circle.
    """
    count, channels = pixels.shape[:2]
    factors = 1 + colour * (2 * torch.rand(3, count, generator=generator) - 1)
    turns = hue * (2 * torch.rand(count, generator=generator) - 1)
    factors, turns = factors.to(pixels.device), turns.to(pixels.device)
    for step in torch.randperm(4, generator=generator).tolist():
        if step == 0:
            pixels = _blended(pixels, torch.zeros_like(pixels), factors[0])
        elif step == 1:
            pixels = _blended(pixels, _grey(pixels).mean((1, 2, 3), keepdim=True), factors[1])
        elif channels == 3 and step == 2:
            pixels = _blended(pixels, _grey(pixels), factors[2])
        elif channels == 3 and hue:
            pixels = _turned(pixels, turns)
    return pixels


def _blended(pixels: torch.Tensor, other: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    weight = factors.view(-1, 1, 1, 1)
    return (weight * pixels + (1 - weight) * other).clamp(0, 1)


def _grey(pixels: torch.Tensor) -> torch.Tensor:
    if pixels.shape[1] != 3:
        return pixels
    return (pixels * pixels.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def _turned(pixels: torch.Tensor, turns: torch.Tensor) -> torch.Tensor:
    """Rotate the two chroma axes of each image by a share of the circle."""
    forward = pixels.new_tensor(TO_YIQ)
    angle = 2 * math.pi * turns
    rotation = torch.zeros(len(turns), 3, 3, device=pixels.device, dtype=pixels.dtype)
    rotation[:, 0, 0] = 1
    rotation[:, 1, 1] = rotation[:, 2, 2] = angle.cos()
    rotation[:, 1, 2] = -angle.sin()
    rotation[:, 2, 1] = angle.sin()
    matrix = torch.linalg.inv(forward) @ rotation @ forward
    return torch.einsum("nij,njhw->nihw", matrix, pixels).clamp(0, 1)
