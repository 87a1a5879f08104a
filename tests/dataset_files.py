"""Writes small files of every form the data sets are read from."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
from pathlib import Path

import numpy as np
from PIL import Image


def labelled(count: int, shape: tuple[int, ...], classes: int, seed: int = 0):
    """Random images count x shape uint8 and labels that take every class in turn."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    return images, np.arange(count, dtype=np.int64) % classes


def write_idx(path: Path, array: np.ndarray) -> None:
    """An IDX file of bytes, gzip'd where the name ends so."""
    header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    content = header + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def write_fashion(folder: Path, suffix: str = "", train: int = 200, test: int = 50) -> Path:
    """The four files of fashion-mnist."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, count, seed in (("train", train, 1), ("t10k", test, 2)):
        images, labels = labelled(count, (28, 28), 10, seed)
        write_idx(folder / f"{part}-images-idx3-ubyte{suffix}", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte{suffix}", labels)
    return folder


def cifar_parts(classes: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """File name -> images n x 3 x 32 x 32 and labels, as small as the form allows."""
    names = ["train", "test"] if classes == 100 else [f"data_batch_{i}" for i in range(1, 6)]
    names += [] if classes == 100 else ["test_batch"]
    count = 1000 if classes == 100 else 40
    return {
        name: labelled(count, (3, 32, 32), classes, seed) for seed, name in enumerate(names, 10)
    }


def write_cifar_python(folder: Path, classes: int = 10) -> Path:
    """The Python batches."""
    folder.mkdir(parents=True, exist_ok=True)
    key = b"fine_labels" if classes == 100 else b"labels"
    for name, (images, labels) in cifar_parts(classes).items():
        batch = {
            b"data": images.reshape(len(images), -1),
            key: labels.tolist(),
            b"batch_label": b"x",
        }
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    return folder


def write_cifar_binary(folder: Path, classes: int = 10) -> Path:
    """The binary batches."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (images, labels) in cifar_parts(classes).items():
        columns = [labels[:, None].astype(np.uint8), images.reshape(len(images), -1)]
        if classes == 100:
            columns.insert(0, (labels[:, None] // 5).astype(np.uint8))
        (folder / f"{name}.bin").write_bytes(np.concatenate(columns, axis=1).tobytes())
    return folder


def write_cifar_npz(folder: Path, classes: int = 10) -> Path:
    """train.npz and test.npz with channels last."""
    folder.mkdir(parents=True, exist_ok=True)
    *train, test = cifar_parts(classes).values()
    for name, parts in (("train", train), ("test", [test])):
        images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        np.savez(folder / f"{name}.npz", images=images.transpose(0, 2, 3, 1), labels=labels)
    return folder


def encoded(image: np.ndarray, form: str) -> bytes:
    """The bytes of an image file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, form)
    return buffer.getvalue()


def write_class_folders(folder: Path, classes=("cat", "dog"), count: int = 30) -> Path:
    """A folder for each class; images of 12 x 10 pixels in two file forms."""
    for seed, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        images, _ = labelled(count, (12, 10, 3), 1, seed)
        for i, image in enumerate(images):
            form = "png" if i % 2 else "jpeg"
            (folder / name / f"{i:03}.{form}").write_bytes(encoded(image, form.upper()))
    return folder


def write_text_parts(folder: Path, prefix: str = "ptb.", suffix: str = ".txt") -> Path:
    """Three files of words, as corpora are published; 60, 20 and 20 lines of six words."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(5)
    for part, lines in (("train", 60), ("valid", 20), ("test", 20)):
        words = rng.choice([f"w{i}" for i in range(9)] + ["<unk>"], size=(lines, 6))
        text = "".join(" " + " ".join(row) + " \n" for row in words)
        path = folder / f"{prefix}{part}{suffix}"
        content = text.encode()
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return folder


def write_jpeg_npz(path: Path, count: int = 60, classes: int = 3) -> Path:
    """JPEG files end to end, with offsets and labels."""
    images, labels = labelled(count, (16, 16, 3), classes)
    files = [encoded(image, "JPEG") for image in images]
    offsets = np.cumsum([0, *map(len, files)])
    np.savez(path, jpeg=np.frombuffer(b"".join(files), np.uint8), offsets=offsets, labels=labels)
    return path
