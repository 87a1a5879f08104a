"""Weighted sums of maps that several edges share, e.g. a pooled node, in one step."""

from __future__ import annotations

from typing import Any

import torch


def mixed(
    own: torch.Tensor | None, weights: torch.Tensor, common: list[torch.Tensor]
) -> list[torch.Tensor]:
    """For each edge e the map own_e + sum over l of weights[e, l] * common[l].

    `own` is n x (edges * c) x h x w, the edges' own maps side by side, None where they have
    none; `weights` is edges x l. An edge without any map is zero where `own` says its shape.
    """
    if not common:
        return [] if own is None else list(own.chunk(len(weights), dim=1))
    return list(_Mixed.apply(own, weights, *common))


class _Mixed(torch.autograd.Function):
    """Sums in place in the forward pass; its backward pass can be differentiated again."""

    @staticmethod
    def forward(
        ctx: Any, own: torch.Tensor | None, weights: torch.Tensor, *common: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        ctx.save_for_backward(weights, *common)
        ctx.own_type = None if own is None else own.dtype
        found = []
        for edge, row in enumerate(weights.unbind()):
            if own is None:
                total = common[0] * row[0]
            else:
                total = own.chunk(len(weights), dim=1)[edge].addcmul(common[0], row[0])
            for one, weight in zip(common[1:], row[1:], strict=True):
                total.addcmul_(one, weight)
            found.append(total)
        return tuple(found)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        weights, *common = ctx.saved_tensors
        by_own = by_weights = None
        if ctx.needs_input_grad[0]:
            by_own = torch.cat(grads, dim=1).to(ctx.own_type)
        if ctx.needs_input_grad[1]:
            rows = [torch.stack([_product(grad, one) for one in common]) for grad in grads]
            by_weights = torch.stack(rows).to(weights.dtype)
        by_common = [
            _weighted(grads, weights[:, place]).to(one.dtype) if needed else None
            for place, (one, needed) in enumerate(
                zip(common, ctx.needs_input_grad[2:], strict=True)
            )
        ]
        return by_own, by_weights, *by_common


def _product(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    kind = torch.promote_types(left.dtype, right.dtype)
    flat = [one.to(kind).permute(0, 2, 3, 1).reshape(-1) for one in (left, right)]
    return torch.dot(*flat)


def _weighted(maps: tuple[torch.Tensor, ...], weights: torch.Tensor) -> torch.Tensor:
    total = maps[0] * weights[0]
    for one, weight in zip(maps[1:], weights[1:], strict=True):
        total = torch.addcmul(total, one, weight)
    return total
