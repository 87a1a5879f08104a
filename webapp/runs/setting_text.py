"""The settings of a form that launches as YAML text, and back: texts stay as they were typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import yaml

from nasengine.core.search_spec import SearchSpec
from webapp.accounts.models import Team

from .forms import PARTS, LaunchForm
from .setting_forms import SettingField, SettingsForm, text_of

MAX_TEXT = 100_000
MAX_LISTED = 200  # members of a list
OF_FORM = ("name", "priority")
OF_SPEC = tuple(field.name for field in fields(SearchSpec) if field.name != "devices")
ALWAYS = ("candidates", "seed")
CONFIGS = tuple(f"{kind}_config" for kind in PARTS)


@dataclass(frozen=True)
class TextNames:
    """The names that a text may have.

    Attributes:
        names: the settings at the first level.
        plugins: the one of them that names several plugins, each with its settings below it.
    """

    names: tuple[str, ...]
    plugins: str = ""


OF_RUN = TextNames((*OF_FORM, *OF_SPEC))


class _Dumper(yaml.SafeDumper):
    """Writes a plugin without settings as `name:`, not as `name: null`."""

    def represent_nothing(self, _: None) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:null", "")


_Dumper.add_representer(type(None), _Dumper.represent_nothing)


class WrongText(Exception):
    """The text is no YAML of settings; the message is for users.

    Attributes:
        line: where, counted from 1.
    """

    def __init__(self, line: int, detail: str):
        self.line = line
        super().__init__(f"line {line}: {detail}")


class WrongTexts(Exception):
    """A text describes no search that can be launched.

    Attributes:
        faults: what is wrong, for users, with lines.
    """

    def __init__(self, faults: list[str]):
        self.faults = faults
        super().__init__("; ".join(faults))


@dataclass(frozen=True)
class SettingText:
    """Settings read from a text: as a form takes them, and the line of each by dotted path."""

    raw: dict[str, Any]
    lines: dict[str, int]

    def line_of(self, path: str) -> int | None:
        """Return the line of a setting, or of the group that it belongs to."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path.rpartition(".")[0]
        return None


def yaml_of(form: LaunchForm) -> str:
    """Return what a form holds as YAML; settings that have their default are left out."""
    return as_yaml({**general_settings(form), **search_settings(form)})


def general_settings(form: LaunchForm) -> dict[str, Any]:
    """Return the name, and the priority if it is not the default."""
    priority = text_of(form.raw, "priority")
    return {
        "name": text_of(form.raw, "name"),
        **({} if priority in ("", "0") else {"priority": _value(priority)}),
    }


def search_settings(form: LaunchForm) -> dict[str, Any]:
    """Return the parts of the search, its objectives and its budget."""
    document: dict[str, Any] = {}
    for part in form.parts:
        document[part.kind] = part.chosen
        if part.settings and (config := changed_settings(part.settings)):
            document[f"{part.kind}_config"] = config
    document["objectives"] = list(form.chosen)
    if constraints := text_of(form.raw, "constraints").strip():
        document["constraints"] = constraints
    return document | changed_settings(form.budget, always=ALWAYS)


def as_yaml(document: dict[str, Any]) -> str:
    """Return settings as YAML text, in their order."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def read_yaml(text: str, known: TextNames = OF_RUN) -> SettingText:
    """Read settings; no value is interpreted, so the form shows what was typed.

    Raises:
        WrongText: names the line of the first fault.
    """
    read = SettingText({}, {})
    for name, line, value in _pairs(_root(text)):
        if name not in known.names:
            listed = ", ".join(known.names)
            raise WrongText(line, f"{name[:60]!r} is no setting; settings: {listed}")
        read.lines[name] = line
        if name == known.plugins and isinstance(value, yaml.MappingNode):
            read.raw[name] = []
            for plugin, place, settings in _pairs(value):
                read.raw[name].append(plugin)
                read.lines[f"{name}.{plugin}"] = place
                _read_group(read, f"{name}.{plugin}", place, settings)
        elif name in CONFIGS:
            _read_group(read, name, line, value)
        else:
            read.raw[name] = _typed(value, name)
    if isinstance(read.raw.get("constraints"), list):
        read.raw["constraints"] = ", ".join(read.raw["constraints"])
    return read


def _root(text: str) -> yaml.MappingNode:
    """Return the pairs of a text.

    Raises:
        WrongText: it is too long, or no YAML of names and values.
    """
    if len(text) > MAX_TEXT:
        raise WrongText(1, f"the text has {len(text):,} characters; at most {MAX_TEXT:,}")
    try:
        _refuse_references(text)
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        detail = error.problem or "this is no YAML"
        raise WrongText(mark.line + 1 if mark else 1, detail) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise WrongText(1, f"this is no YAML: {str(error)[:200]}") from None
    if not isinstance(node, yaml.MappingNode):
        raise WrongText(1, "settings have the form `name: value`, one on each line")
    return node


def _read_group(read: SettingText, group: str, line: int, value: yaml.Node) -> None:
    """Read the settings of one plugin, which are indented below its name.

    Raises:
        WrongText: they are no pairs.
    """
    if _is_null(value):
        return
    if not isinstance(value, yaml.MappingNode):
        raise WrongText(line, f"{group} takes indented lines of the form `setting: value`")
    for setting, place, node in _pairs(value):
        read.lines[f"{group}.{setting}"] = place
        read.raw[f"{group}.{setting}"] = _typed(node, f"{group}.{setting}")


def unknown_settings(form: LaunchForm, read: SettingText) -> Iterator[WrongText]:
    """Yield every setting of the text that the chosen plugins do not have."""
    known = form.groups()
    for path, line in read.lines.items():
        group, _, name = path.rpartition(".")
        plugin, settings = known.get(group, ("", None))
        if settings is None or name in settings.fields:
            continue
        names = ", ".join(settings.fields) or "none"
        yield WrongText(line, f"{plugin} has no setting {name[:60]!r}; it has: {names}")


def read_launch(team: Team, text: str) -> tuple[LaunchForm, SearchSpec]:
    """Return the checked form of a text for a team, and the search that it describes.

    Raises:
        WrongTexts: names every fault with its line.
    """
    try:
        read = read_yaml(text)
    except WrongText as error:
        raise WrongTexts([str(error)]) from None
    form = LaunchForm(read.raw, team)
    if faults := [str(fault) for fault in unknown_settings(form, read)]:
        raise WrongTexts(faults)
    spec = form.check()
    if spec is None:
        raise WrongTexts(faults_by_line(form, read))
    return form, spec


def faults_by_line(form: LaunchForm, read: SettingText) -> list[str]:
    """Return the messages of a checked form with the lines of the text, in their order."""
    found: list[tuple[int, str]] = []
    for path, text in form.all_messages().items():
        line = read.line_of(path)
        found.append((line or 0, f"line {line}: {path}: {text}" if line else f"{path}: {text}"))
    return [text for _, text in sorted(found)]


def changed_settings(form: SettingsForm, always: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what was typed into the fields that differ from their default."""
    values: dict[str, Any] = {}
    for name, texts in form.typed.items():
        field = form.fields[name]
        assert isinstance(field, SettingField)
        if name in always or field.differs(texts):
            listed = [_value(text) for text in texts if text]
            many = field.is_group
            values[name] = listed if many else _value("".join(texts[-1:]))
    return values


def _value(text: str) -> Any:
    """Return a text as the number that it is, so that the YAML has no needless quotes."""
    try:
        read = yaml.safe_load(text) if len(text) < 40 and text.isprintable() else text
    except yaml.YAMLError:
        return text
    same = isinstance(read, bool | int | float) and yaml.safe_dump(read).split("\n")[0] == text
    return read if same else text


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[str, int, yaml.Node]]:
    """Yield name, line and value of each pair.

    Raises:
        WrongText: a name is no text, or occurs twice.
    """
    seen: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise WrongText(line, "the name of a setting must be a text")
        if key.value in seen:
            raise WrongText(line, f"{key.value[:60]!r} is set in line {seen[key.value]} already")
        seen[key.value] = line
        yield key.value, line, value


def _typed(node: yaml.Node, path: str) -> Any:
    """Return a value as a person would type it: a text, or a list of texts."""
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        if _is_null(node):
            return ""
        if node.tag.endswith(":bool"):
            return "true" if node.value.lower() in ("true", "yes", "on") else "false"
        return node.value
    if isinstance(node, yaml.SequenceNode):
        if len(node.value) > MAX_LISTED:
            raise WrongText(line, f"{path} has {len(node.value)} members; at most {MAX_LISTED}")
        members = [_typed(member, path) for member in node.value]
        if all(isinstance(member, str) for member in members):
            return members
    raise WrongText(line, f"{path} takes one value or a list of values")


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")


def _refuse_references(text: str) -> None:
    """Refuse anchors and tags: nothing here needs them, and they can make a text explode.

    Raises:
        WrongText: names the line.
    """
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise WrongText(line, "anchors and references (& and *) are not allowed")
        if tag := getattr(event, "tag", None):
            raise WrongText(line, f"tags such as {tag[:40]!r} are not allowed")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > 4:
            raise WrongText(line, "settings are nested at most three deep")
