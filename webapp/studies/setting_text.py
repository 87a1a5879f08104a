"""The settings of the study form as YAML text."""

from __future__ import annotations

from typing import Any

from webapp.runs.setting_forms import text_of
from webapp.runs.setting_text import (
    OF_FORM,
    OF_SPEC,
    TextNames,
    as_yaml,
    changed_settings,
    general_settings,
    search_settings,
)

from .forms import Seeds, StudyForm

OF_METHODS = ("strategy", "strategy_config")  # a study has them below each of its methods
OF_STUDY = TextNames(
    (
        *OF_FORM,
        "question",
        "methods",
        *Seeds.__dataclass_fields__,
        *(name for name in OF_SPEC if name not in OF_METHODS),
    ),
    plugins="methods",
)


def study_yaml(form: StudyForm) -> str:
    """Return what a study form holds as YAML; settings that have their default are left out."""
    question = text_of(form.raw, "question").strip()
    methods: dict[str, Any] = {
        method.name: changed_settings(method.settings) or None
        for method in form.methods
        if method.chosen
    }
    methods |= dict.fromkeys(form.unknown)
    return as_yaml(
        {
            **general_settings(form),
            **({"question": question} if question else {}),
            "methods": methods,
            **changed_settings(form.seeds, always=("seeds",)),
            **search_settings(form),
        }
    )
