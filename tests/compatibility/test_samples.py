"""The samples are those that were released: no file was changed, added or lost."""

from __future__ import annotations

import hashlib

from .samples import SAMPLES, read_json


def test_every_sample_is_the_released_one():
    files = [path for path in sorted(SAMPLES.rglob("*")) if path.is_file()]
    digests = {
        path.relative_to(SAMPLES).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.name != "manifest.json" and "__pycache__" not in path.parts
    }
    assert digests == read_json("manifest.json")
