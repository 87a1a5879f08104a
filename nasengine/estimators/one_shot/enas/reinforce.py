"""How ENAS' controller learns (1802.03268): policy gradient with a moving-average baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from ..common.gradients import clip_norm
from .controller import Controller
from .trajectory import Sampled

# Of the released code: no momentum, and steps that stay small where gradients are.
BETAS, EPSILON = (0.0, 0.999), 1e-3
MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def adam(controller: Controller, rate: float) -> torch.optim.Adam:
    """The optimiser of the released code."""
    return torch.optim.Adam(controller.parameters(), lr=rate, betas=BETAS, eps=EPSILON)


class Reinforce:
    """Steps of a controller by rewards, the higher the better.

    A sample's entropy times `entropy_weight` counts as reward. `baseline_decay` is the share of
    the baseline that a step's mean reward leaves; the first one begins it. `skip_weight` is for
    the pull of skips to their target. `clip` bounds the norm of the gradient (0: not at all).
    """

    def __init__(
        self,
        controller: Controller,
        optimiser: torch.optim.Adam,
        *,
        baseline_decay: float = 0.99,
        entropy_weight: float = 1e-4,
        skip_weight: float = 0.8,
        clip: float = 0.0,
    ):
        self.controller = controller
        self.optimiser = optimiser
        self.baseline_decay = baseline_decay
        self.entropy_weight = entropy_weight
        self.skip_weight = skip_weight
        self.clip = clip
        self.baseline: float | None = None

    def step(self, samples: Sequence[Sampled], rewards: Sequence[float]) -> dict[str, float]:
        """One step by the mean over samples that were drawn since the last one.

        Returns loss, mean reward (without entropy), mean entropy in nats, mean skip penalty and
        the baseline (with entropy) behind it.
        """
        entropies = torch.stack([one.entropy.detach() for one in samples])
        given = entropies.new_tensor(rewards) + self.entropy_weight * entropies
        mean = float(given.mean())
        if self.baseline is None:
            self.baseline = mean
        self.baseline += (1 - self.baseline_decay) * (mean - self.baseline)
        logs = torch.stack([one.log_prob for one in samples])
        penalty = torch.stack([one.skip_penalty for one in samples]).mean()
        loss = -(logs * (given - self.baseline)).mean() + self.skip_weight * penalty
        self._learn(loss)
        return {
            "loss": float(loss.detach()),
            "reward": float(sum(rewards) / len(rewards)),
            "entropy": float(entropies.mean()),
            "skip_penalty": float(penalty.detach()),
            "baseline": self.baseline,
        }

    def state(self) -> dict[str, torch.Tensor]:
        """Everything that learns, by name; what is not there yet is left out."""
        found = {
            f"controller.{name}": tensor.detach().clone()
            for name, tensor in self.controller.named_parameters()
        }
        for name, parameter in self.controller.named_parameters():
            moments = self.optimiser.state.get(parameter, {})
            found |= {f"adam.{key}.{name}": moments[key].clone() for key in MOMENTS if moments}
        if self.baseline is not None:
            found["baseline"] = torch.tensor([self.baseline], dtype=torch.float64)
        return found

    @torch.no_grad()
    def load(self, state: Mapping[str, torch.Tensor]) -> None:
        """Takes over what `state` gave, of a controller of the same decisions and settings.

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
            self.optimiser.state.pop(parameter, None)
            if moments:
                self.optimiser.state[parameter] = moments
        self.baseline = float(state["baseline"][0]) if "baseline" in state else None

    def _learn(self, loss: torch.Tensor) -> None:
        parameters = list(self.controller.parameters())
        found = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
        clip_norm(list(found), self.clip)
        for parameter, gradient in zip(parameters, found, strict=True):
            parameter.grad = gradient
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
