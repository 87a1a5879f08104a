"""Weighted sums of maps that several edges share, such as a pooled node, in one step."""

from __future__ import annotations

from typing import Any

import torch


def mixed(
    own: list[torch.Tensor] | None, weights: torch.Tensor, common: list[torch.Tensor]
) -> list[torch.Tensor]:
    """Return own_e + sum over l of weights[e, l] * common[l] for each edge e.

    Args:
        own: The maps that differ from edge to edge, or None.
        weights: edges x number of common maps.
        common: Maps n x c x h x w that all edges share.

    Returns:
        One map for each edge; an empty list if there is no map at all.
    """
    if not common:
        return own or []
    return list(_Mixed.apply(weights, len(common), *common, *(own or [])))


class _Mixed(torch.autograd.Function):
    """Adds in place in the forward pass; the backward pass can be differentiated again."""

    @staticmethod
    def forward(
        ctx: Any, weights: torch.Tensor, shared: int, *maps: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        common, own = maps[:shared], maps[shared:]
        ctx.save_for_backward(weights, *common)
        ctx.own_types = [part.dtype for part in own]
        totals = []
        for edge, row in enumerate(weights.unbind()):
            total = own[edge].addcmul(common[0], row[0]) if own else common[0] * row[0]
            for shared_map, weight in zip(common[1:], row[1:], strict=True):
                total.addcmul_(shared_map, weight)
            totals.append(total)
        return tuple(totals)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        weights, *common = ctx.saved_tensors
        by_weights = None
        if ctx.needs_input_grad[0]:
            rows = [torch.stack([_product(grad, part) for part in common]) for grad in grads]
            by_weights = torch.stack(rows).to(weights.dtype)
        by_common = [
            _weighted(grads, weights[:, index]).to(part.dtype) if needed else None
            for index, (part, needed) in enumerate(
                zip(common, ctx.needs_input_grad[2 : 2 + len(common)], strict=True)
            )
        ]
        by_own = [grad.to(kind) for grad, kind in zip(grads, ctx.own_types, strict=False)]
        return by_weights, None, *by_common, *by_own


def _product(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    kind = torch.promote_types(left.dtype, right.dtype)
    flat = [part.to(kind).permute(0, 2, 3, 1).reshape(-1) for part in (left, right)]
    return torch.dot(*flat)


def _weighted(maps: tuple[torch.Tensor, ...], weights: torch.Tensor) -> torch.Tensor:
    total = maps[0] * weights[0]
    for part, weight in zip(maps[1:], weights[1:], strict=True):
        total = torch.addcmul(total, part, weight)
    return total
