"""The file of a checkpoint: safetensors with JSON and a checksum; nothing is unpickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch

from ...core.architecture import canonical_json

VERSION = 2
KEY = "progress"
LENGTH_BYTES = 8
# Errors of reading a file that is cut, changed or of another kind.
DAMAGED = (KeyError, ValueError, TypeError, IndexError, RuntimeError, OverflowError)


class Damaged(ValueError):
    """The content is no checkpoint, is cut, or was changed."""


def packed(tensors: Mapping[str, torch.Tensor], values: Mapping[str, Any]) -> bytes:
    """Return the content of a checkpoint file."""
    from safetensors.torch import save

    text = canonical_json({"version": VERSION, **values})
    return save(dict(tensors), {KEY: text, "sha256": _checksum(tensors, text)})


def unpacked(content: bytes) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return tensors and values of a checkpoint file.

    Raises:
        Damaged: the content is not what `packed` returned.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        length = int.from_bytes(content[:LENGTH_BYTES], "little")
        header = json.loads(content[LENGTH_BYTES : LENGTH_BYTES + length])["__metadata__"]
        tensors = load(content)
        values = json.loads(header[KEY])
        if values["version"] != VERSION or header["sha256"] != _checksum(tensors, header[KEY]):
            raise Damaged("another version, or changed since it was written")
    except (*DAMAGED, SafetensorError) as error:
        raise Damaged(str(error)) from None
    return tensors, values


def digest_of(tensors: Mapping[str, torch.Tensor]) -> str:
    """Return the SHA-256 of tensors with their names, shapes and types."""
    sha = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        sha.update(tensor.reshape(-1).view(torch.uint8).numpy().data if tensor.numel() else b"")
    return sha.hexdigest()


def _checksum(tensors: Mapping[str, torch.Tensor], text: str) -> str:
    return hashlib.sha256(f"{digest_of(tensors)} {text}".encode()).hexdigest()
