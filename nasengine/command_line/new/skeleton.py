"""Skeleton of a plugin: its names and the text of its files."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from ...catalog import has, plural_of
from ...core.errors import EngineError
from ...core.text import shorten

KINDS = ("strategy", "space", "objective", "estimator")
MAX_NAME_LENGTH = 24  # keeps every line of a skeleton within 100 characters
# Kinds whose plugin is a package: template -> module in it. The first module has the class.
PACKAGES = {"space": {"space": "space", "network": "network"}}


@dataclass(frozen=True)
class Skeleton:
    """Names of a new plugin, inside a checkout or in a package of its own."""

    kind: str
    name: str
    in_checkout: bool = True

    @classmethod
    def named(cls, kind: str, name: str, in_checkout: bool = True) -> Skeleton:
        """Return the skeleton of a name that can be used.

        Raises:
            EngineError: the name has another form, or the catalogue has it already.
        """
        valid = re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name, re.ASCII)
        if not valid or len(name) > MAX_NAME_LENGTH or keyword.iskeyword(name):
            raise EngineError(
                f"NAME must be lower-case letters and digits, with hyphens between words, at most "
                f"{MAX_NAME_LENGTH} characters (got {shorten(name)})"
            )
        if has(plural_of(kind), name):
            raise EngineError(f"{name} exists already among the {plural_of(kind)}: choose another")
        return cls(kind, name, in_checkout)

    @property
    def plural(self) -> str:
        """The catalogue's name of the kind, which is also the folder in nasengine/ and tests/."""
        return plural_of(self.kind)

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    @property
    def class_name(self) -> str:
        return "".join(word.capitalize() for word in self.name.split("-"))

    @property
    def distribution(self) -> str:
        return f"nasengine-{self.name}"

    @property
    def package(self) -> str:
        """The import name of the package of its own, outside of a checkout."""
        return f"nasengine_{self.module}"

    @property
    def target(self) -> str:
        """The module that defines the class."""
        modules = list(PACKAGES.get(self.kind, {}).values())
        if self.in_checkout:
            return ".".join(["nasengine", self.plural, self.module, *modules[:1]])
        return f"{self.package}.{modules[0] if modules else self.kind}"

    @property
    def test_path(self) -> str:
        """The test inside a checkout."""
        return f"tests/nasengine/{self.plural}/test_{self.module}.py"

    def sources(self) -> dict[str, str]:
        """Return path -> text of the plugin's modules, relative to a checkout or package."""
        modules = PACKAGES.get(self.kind)
        if self.in_checkout and modules is None:
            return {f"nasengine/{self.plural}/{self.module}.py": self.text(self.kind)}
        folder = f"nasengine/{self.plural}/{self.module}" if self.in_checkout else self.package
        texts = {f"{folder}/__init__.py": ""}
        for template, module in (modules or {self.kind: self.kind}).items():
            texts[f"{folder}/{module}.py"] = self.text(template)
        return texts

    def test(self) -> str:
        """Return the text of the plugin's test."""
        return self.text(f"test_{self.kind}")

    def text(self, template: str) -> str:
        """Return the text of one template with the names filled in."""
        source = files(__package__).joinpath(f"templates/{template}.template").read_text("utf-8")
        return Template(source).substitute(
            name=self.name,
            kind=self.kind,
            plural=self.plural,
            Class=self.class_name,
            target=self.target,
            package=self.package,
            distribution=self.distribution,
        )
