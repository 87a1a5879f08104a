"""REINFORCE with a moving-average baseline, the training of ENAS' controller (1802.03268)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from ...training.eager_optimizers import Adam
from ..common.gradients import clip_norm
from .controller import Controller
from .trajectory import SampledSequence

# Adam's settings in the released code: no momentum, and small steps for small gradients.
BETAS, EPSILON = (0.0, 0.999), 1e-3
MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def adam(controller: Controller, rate: float) -> torch.optim.Adam:
    """Return the optimizer of the released code."""
    return Adam(controller.parameters(), lr=rate, betas=BETAS, eps=EPSILON)


class Reinforce:
    """Trains a controller on rewards (higher is better).

    Args:
        controller: The controller to train.
        optimizer: Its optimizer.
        baseline_decay: Decay of the reward baseline, which starts at the first mean reward.
        entropy_weight: Weight of a sample's entropy, which is added to its reward.
        skip_weight: Weight of the penalty on skips that differ from their target share.
        clip: Largest norm of the gradient; 0: no clipping.
    """

    def __init__(
        self,
        controller: Controller,
        optimizer: torch.optim.Adam,
        *,
        baseline_decay: float = 0.99,
        entropy_weight: float = 1e-4,
        skip_weight: float = 0.8,
        clip: float = 0.0,
    ):
        self.controller = controller
        self.optimizer = optimizer
        self.baseline_decay = baseline_decay
        self.entropy_weight = entropy_weight
        self.skip_weight = skip_weight
        self.clip = clip
        self.baseline: float | None = None

    def step(
        self, samples: Sequence[SampledSequence], rewards: Sequence[float]
    ) -> dict[str, float]:
        """Take one step on samples drawn since the last step.

        Returns:
            Loss, mean reward (without entropy), mean entropy in nats, mean skip penalty and the
            new baseline (with entropy).
        """
        entropies = torch.stack([sample.entropy.detach() for sample in samples])
        returns = entropies.new_tensor(rewards) + self.entropy_weight * entropies
        mean = float(returns.mean())
        if self.baseline is None:
            self.baseline = mean
        self.baseline += (1 - self.baseline_decay) * (mean - self.baseline)
        logs = torch.stack([sample.log_prob for sample in samples])
        penalty = torch.stack([sample.skip_penalty for sample in samples]).mean()
        loss = -(logs * (returns - self.baseline)).mean() + self.skip_weight * penalty
        self._update(loss)
        return {
            "loss": float(loss.detach()),
            "reward": float(sum(rewards) / len(rewards)),
            "entropy": float(entropies.mean()),
            "skip_penalty": float(penalty.detach()),
            "baseline": self.baseline,
        }

    def state(self) -> dict[str, torch.Tensor]:
        """Return parameters, optimizer moments and baseline by name, as far as they exist."""
        tensors = {
            f"controller.{name}": tensor.detach().clone()
            for name, tensor in self.controller.named_parameters()
        }
        for name, parameter in self.controller.named_parameters():
            moments = self.optimizer.state.get(parameter, {})
            tensors |= {f"adam.{key}.{name}": moments[key].clone() for key in MOMENTS if moments}
        if self.baseline is not None:
            tensors["baseline"] = torch.tensor([self.baseline], dtype=torch.float64)
        return tensors

    @torch.no_grad()
    def load(self, state: Mapping[str, torch.Tensor]) -> None:
        """Load a state of a controller with the same decisions and settings.

        Raises:
            KeyError: a parameter of the controller is missing.
        """
        for name, parameter in self.controller.named_parameters():
            parameter.copy_(state[f"controller.{name}"])
            moments = {
                key: state[f"adam.{key}.{name}"].clone()
                for key in MOMENTS
                if f"adam.{key}.{name}" in state
            }
            self.optimizer.state.pop(parameter, None)
            if moments:
                self.optimizer.state[parameter] = moments
        self.baseline = float(state["baseline"][0]) if "baseline" in state else None

    def _update(self, loss: torch.Tensor) -> None:
        parameters = list(self.controller.parameters())
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
        clip_norm(list(gradients), self.clip)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
