"""The settings of the launch form as YAML text, and back: texts stay as they were typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import yaml

from nasengine.core.search_spec import SearchSpec

from .forms import PARTS, LaunchForm
from .setting_forms import SettingField, SettingsForm, text_of

MAX_TEXT = 100_000
MAX_LISTED = 200  # members of a list
OF_FORM = ("name", "priority")
NAMES = (*OF_FORM, *(one.name for one in fields(SearchSpec) if one.name != "devices"))
ALWAYS = ("candidates", "seed")
CONFIGS = tuple(f"{kind}_config" for kind in PARTS)


class WrongText(Exception):
    """The text is no YAML of settings; the message is for users.

    Attributes:
        line: where, counted from 1.
    """

    def __init__(self, line: int, detail: str):
        self.line = line
        super().__init__(f"line {line}: {detail}")


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
    document: dict[str, Any] = {name: text_of(form.raw, name) for name in ("name",)}
    if (priority := text_of(form.raw, "priority")) not in ("", "0"):
        document["priority"] = _value(priority)
    for part in form.parts:
        document[part.kind] = part.chosen
        if part.settings and (config := _changed(part.settings)):
            document[f"{part.kind}_config"] = config
    document["objectives"] = list(form.chosen)
    if constraints := text_of(form.raw, "constraints").strip():
        document["constraints"] = constraints
    document |= _changed(form.budget, always=ALWAYS)
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def read_yaml(text: str) -> SettingText:
    """Read settings; no value is interpreted, so the form shows what was typed.

    Raises:
        WrongText: names the line of the first fault.
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
    raw: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for name, line, value in _pairs(node):
        if name not in NAMES:
            raise WrongText(line, f"{name[:60]!r} is no setting; settings: {', '.join(NAMES)}")
        lines[name] = line
        if name not in CONFIGS:
            raw[name] = _typed(value, name)
            continue
        if not isinstance(value, yaml.MappingNode):
            if _is_null(value):
                continue
            raise WrongText(line, f"{name} takes indented lines of the form `setting: value`")
        for setting, place, one in _pairs(value):
            lines[f"{name}.{setting}"] = place
            raw[f"{name}.{setting}"] = _typed(one, f"{name}.{setting}")
    if isinstance(raw.get("constraints"), list):
        raw["constraints"] = ", ".join(raw["constraints"])
    return SettingText(raw, lines)


def unknown_settings(form: LaunchForm, read: SettingText) -> Iterator[WrongText]:
    """Yield every setting of the text that the chosen plugins do not have."""
    known = {f"{part.kind}_config": part for part in form.parts}
    for path, line in read.lines.items():
        group, _, name = path.rpartition(".")
        part = known.get(group)
        if part is None or part.settings is None or name in part.settings.fields:
            continue
        names = ", ".join(part.settings.fields) or "none"
        yield WrongText(line, f"{part.chosen} has no setting {name[:60]!r}; it has: {names}")


def faults_by_line(form: LaunchForm, read: SettingText) -> list[str]:
    """Return the messages of a checked form with the lines of the text, in their order."""
    found: list[tuple[int, str]] = []
    messages = dict(form.messages())
    for one in form.forms():
        messages |= one.messages()
    messages |= {part.kind: part.error for part in form.parts if part.error}
    for path, text in {**messages, **getattr(form, "unplaced", {})}.items():
        line = read.line_of(path)
        found.append((line or 0, f"line {line}: {path}: {text}" if line else f"{path}: {text}"))
    return [text for _, text in sorted(found)]


def _changed(form: SettingsForm, always: tuple[str, ...] = ()) -> dict[str, Any]:
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
        members = [_typed(one, path) for one in node.value]
        if all(isinstance(one, str) for one in members):
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
