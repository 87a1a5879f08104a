"""Trace a network into its operators: one forward pass on torch's meta device."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...core.torch_state import evaluation_mode
from .graph import NetworkGraph, Operator

if TYPE_CHECKING:
    import torch

# Names of torch's operators, without overload and trailing underscore, by kind.
BY_NAME = {
    **dict.fromkeys(("addmm", "mm", "bmm", "baddbmm", "linear"), "linear"),
    **dict.fromkeys(
        (
            "avg_pool2d",
            "max_pool2d_with_indices",
            "max_pool2d",
            "_adaptive_avg_pool2d",
            "adaptive_max_pool2d",
        ),
        "pool",
    ),
    **dict.fromkeys(
        (
            "native_batch_norm",
            "_native_batch_norm_legit",
            "_native_batch_norm_legit_no_training",
            "cudnn_batch_norm",
            "native_layer_norm",
            "native_group_norm",
        ),
        "norm",
    ),
    **dict.fromkeys(
        (
            "relu",
            "relu6",
            "leaky_relu",
            "hardtanh",
            "sigmoid",
            "tanh",
            "silu",
            "gelu",
            "elu",
            "hardswish",
            "hardsigmoid",
            "clamp",
            "clamp_min",
            "_softmax",
            "_log_softmax",
            "softplus",
        ),
        "activation",
    ),
    **dict.fromkeys(
        ("add", "sub", "rsub", "mul", "div", "maximum", "minimum", "pow", "neg", "exp", "where"),
        "elementwise",
    ),
    **dict.fromkeys(("mean", "sum", "amax", "amin", "max", "var"), "reduce"),
    **dict.fromkeys(
        (
            "cat",
            "stack",
            "clone",
            "copy",
            "_to_copy",
            "constant_pad_nd",
            "index",
            "index_select",
            "gather",
            "embedding",
            "repeat",
            "upsample_nearest2d",
            "upsample_bilinear2d",
        ),
        "copy",
    ),
}


def network_graph(
    network: torch.nn.Module, input_shape: tuple[int, ...], batch: int = 1
) -> NetworkGraph:
    """Return the operators of one forward pass in evaluation mode.

    Args:
        network: The network as it is deployed. It is not changed.
        input_shape: c x h x w of one image, or (1,) for one word.
        batch: Images or words per pass.
    """
    import torch
    from torch.func import functional_call

    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    shapes = {name: tensor.detach().to("meta") for name, tensor in tensors.items()}
    dtype = next((t.dtype for t in shapes.values() if t.is_floating_point()), torch.float32)
    words = len(input_shape) == 1
    example = torch.empty(batch, *input_shape, dtype=torch.int64 if words else dtype, device="meta")
    recorder = _Recorder(shapes.values(), example)
    with evaluation_mode(network), torch.no_grad(), _recording(recorder):
        output = functional_call(network, shapes, (example,))
    first = output[0] if isinstance(output, tuple) else output
    return NetworkGraph(
        tuple(recorder.operators),
        recorder.sizes,
        recorder.number(example),
        recorder.number(first),
        sum(t.numel() * t.element_size() for t in shapes.values()),
        batch,
    )


class _Recorder:
    """Collects operators and tensor sizes while the network runs.

    Views share the storage, and so the number, of their base. References to all tensors are
    kept, because an address may be reused once a storage is freed.
    """

    def __init__(self, weights: Any, example: torch.Tensor):
        self.operators: list[Operator] = []
        self.sizes: dict[int, int] = {}
        self._alive: list[torch.Tensor] = list(weights)
        self._weights = {self._address(tensor) for tensor in self._alive}
        self._numbers: dict[int, int] = {}
        self.number(example)

    def number(self, tensor: torch.Tensor) -> int:
        """Return the number of a tensor's storage, a new one if it was not seen before."""
        address = self._address(tensor)
        if address not in self._numbers:
            self._alive.append(tensor)
            self._numbers[address] = len(self._numbers)
            self.sizes[self._numbers[address]] = tensor.numel() * tensor.element_size()
        return self._numbers[address]

    def record(self, name: str, arguments: tuple[Any, ...], result: torch.Tensor) -> None:
        """Record one call of a torch operator if it computes or copies anything."""
        kind = _kind(name, arguments)
        if kind is None:
            return
        read = list(_tensors(arguments))
        data = [tensor for tensor in read if self._address(tensor) not in self._weights]
        weights = [tensor for tensor in read if self._address(tensor) in self._weights]
        macs = _macs(kind, arguments, result)
        self.operators.append(
            Operator(
                kind,
                macs,
                2 * macs if macs else _plain_operations(kind, data, result),
                _weight_bytes(name, weights, result),
                tuple(dict.fromkeys(self.number(tensor) for tensor in data)),
                self.number(result),
            )
        )

    @staticmethod
    def _address(tensor: torch.Tensor) -> int:
        return int(tensor.untyped_storage()._cdata)


@contextmanager
def _recording(recorder: _Recorder) -> Iterator[None]:
    """Report every torch operator inside the block to the recorder."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Mode(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            first = result[0] if isinstance(result, tuple | list) and result else result
            if isinstance(first, torch.Tensor):
                recorder.record(func._schema.name.partition("::")[2].rstrip("_"), args, first)
            return result

    with Mode():
        yield


def _kind(name: str, arguments: tuple[Any, ...]) -> str | None:
    """Return the kind of a torch operator; None for views and bookkeeping."""
    if name != "convolution":
        return BY_NAME.get(name)
    weight, groups = arguments[1], arguments[8]
    if groups == 1:
        return "conv-1x1" if math.prod(weight.shape[2:]) == 1 else "conv"
    return "conv-depthwise" if weight.shape[1] == 1 else "conv-grouped"


def _macs(kind: str, arguments: tuple[Any, ...], result: torch.Tensor) -> int:
    """Return the multiply-accumulates of a convolution or matrix product, else 0."""
    if kind.startswith("conv"):
        return int(result.numel() * math.prod(arguments[1].shape[1:]))
    if kind == "linear":
        matrices = [tensor for tensor in _tensors(arguments) if tensor.ndim > 1]
        return int(result.numel() * matrices[-2].shape[-1])
    return 0


def _plain_operations(kind: str, data: list[torch.Tensor], result: torch.Tensor) -> int:
    """Return the operations of an operator without a matrix product; a copy has none."""
    if kind == "copy":
        return 0
    return max([result.numel(), *(tensor.numel() for tensor in data)])


def _weight_bytes(name: str, weights: list[torch.Tensor], result: torch.Tensor) -> int:
    """Return the bytes of weights that are read; an embedding reads only the rows it returns."""
    if name == "embedding":
        return result.numel() * result.element_size()
    return sum(tensor.numel() * tensor.element_size() for tensor in weights)


def _tensors(arguments: Any) -> Iterator[torch.Tensor]:
    """Yield the tensors among arguments, including those in lists."""
    import torch

    for argument in arguments:
        if isinstance(argument, torch.Tensor):
            yield argument
        elif isinstance(argument, list | tuple):
            yield from _tensors(argument)
