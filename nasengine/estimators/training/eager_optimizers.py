"""Torch's optimizers, without the import of torch's compiler.

The methods of `torch.optim` import `torch._dynamo` when they are first called, in order to exclude
themselves from compilation: 1.3 s and 70 MiB in every process that trains. No training here is
compiled, so that the functions inside of these methods are called directly.
"""

from __future__ import annotations

import inspect
from typing import TypeVar

import torch

EXCLUDED = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
Kind = TypeVar("Kind", bound=torch.optim.Optimizer)


def eager(kind: type[Kind]) -> type[Kind]:
    """Return a subclass of an optimizer that takes the same steps without torch's compiler."""
    methods = {name: inspect.unwrap(getattr(kind, name)) for name in EXCLUDED}
    step = torch.no_grad()(inspect.unwrap(kind.step))  # `differentiable` is not supported
    return type(kind.__name__, (kind,), {**methods, "step": step})


SGD = eager(torch.optim.SGD)
Adam = eager(torch.optim.Adam)
AdamW = eager(torch.optim.AdamW)
