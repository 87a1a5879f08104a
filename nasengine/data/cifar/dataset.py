"""Data sets `cifar10` and `cifar100`: 60,000 photographs of 32x32 pixels (Krizhevsky 2009)."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ...core.settings import setting
from ..common.roots import named_path, stamp
from ..common.settings import FilesConfig
from ..common.stored import Stored, StoredDataset, digest_of
from .batches import Form, find_files, read_files

CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck"
CIFAR100 = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly
camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile
cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp
lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom
oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake
spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor
train trout tulip turtle wardrobe whale willow_tree wolf woman worm
"""


@dataclass(frozen=True)
class CifarConfig(FilesConfig):
    """Settings of `cifar10` and `cifar100`."""

    path: str = setting(
        "", "Folder of the batches (python, binary or .npz) on the machine that trains."
    )


class _Cifar(StoredDataset):
    Config = CifarConfig
    config: CifarConfig
    form: ClassVar[Form]
    holds: ClassVar[str]

    def stamp(self) -> Hashable:
        train, test = self._files()
        return stamp([*train, test])

    def read(self) -> Stored:
        train, test = self._files()
        (images, labels), (test_images, test_labels) = read_files(train, test, self.form)
        return Stored(
            images=images,
            labels=labels,
            test_images=test_images,
            test_labels=test_labels,
            classes=self.form.classes,
            digest=digest_of(images, labels, test_images, test_labels),
        )

    def _files(self) -> tuple[list[Path], Path]:
        return find_files(
            named_path(self.config.path, self.name, self.holds), self.form, self.holds
        )


class Cifar10(_Cifar):
    """CIFAR-10: ten classes; five training batches and a test batch."""

    name = "cifar10"
    class_names = tuple(CIFAR10.split())
    form = Form(
        train=tuple(f"data_batch_{number}" for number in range(1, 6)),
        test="test_batch",
        folders=("cifar-10-batches-py", "cifar-10-batches-bin"),
        label_key="labels",
        label_bytes=1,
        classes=10,
    )
    holds = "data_batch_1 to _5 and test_batch (or .bin), or train.npz and test.npz"


class Cifar100(_Cifar):
    """CIFAR-100 with its 100 fine classes; one training file and one test file."""

    name = "cifar100"
    class_names = tuple(CIFAR100.split())
    form = Form(
        train=("train",),
        test="test",
        folders=("cifar-100-python", "cifar-100-binary"),
        label_key="fine_labels",
        label_bytes=2,
        classes=100,
    )
    holds = "train and test (or .bin), or train.npz and test.npz"
