"""Reports: Markdown between blocks. The HTML is cleaned, so that no text can run a script."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from webapp.accounts.models import Team
from webapp.common.markdown import to_html

from .blocks import PLOTTED, block_of, named
from .drawing import Drawing, front_drawing, growth_drawing

BLOCK = re.compile(r"^\[\[(run|study|comparison|architecture) ([\w-]{1,20})\]\]\s*$", re.M)
MAX_BLOCKS = 20
MAX_TEXT = 100_000


@dataclass(frozen=True)
class Part:
    """A part of a report: cleaned HTML, a block, or a message about a block without a thing."""

    html: SafeString | str = ""
    block: dict[str, Any] | None = None
    fronts: Drawing | None = None
    growth: Drawing | None = None
    fault: str = ""

    @property
    def is_busy(self) -> bool:
        """Whether a run of the block is active, so that its plots may still change."""
        return self.block is not None and any(not run.ended_at for run in self.block["runs"])


def parts_of(team: Team, text: str) -> list[Part]:
    """Return the parts of a report in order."""
    parts: list[Part] = []
    end = 0
    for count, block in enumerate(BLOCK.finditer(text), start=1):
        if text[end : block.start()].strip():
            parts.append(Part(html=to_html(text[end : block.start()], in_report=True)))
        parts.append(_block(team, block[1], block[2], count))
        end = block.end()
    if text[end:].strip():
        parts.append(Part(html=to_html(text[end:], in_report=True)))
    return parts


def _block(team: Team, kind: str, key: str, count: int) -> Part:
    if count > MAX_BLOCKS:
        return Part(fault=f"A report shows at most {MAX_BLOCKS} blocks.")
    thing = named(team, kind, key)
    if thing is None:
        return Part(fault=f"The team has no {kind} {key}.")
    block = block_of(team, kind, thing)
    if kind not in PLOTTED:
        return Part(block=block)
    return Part(block=block, fronts=front_drawing(block), growth=growth_drawing(block))
