"""The process that runs botorch: models and acquisition, so that strategies load no torch.

It reads requests as lines of JSON from standard input and writes one line for each. A request
holds everything that its answer depends on, so a new process answers as the one before. The
process ends with its input, that is with its parent, and after a time without requests.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botorch.acquisition import AcquisitionFunction
    from botorch.models import SingleTaskGP
    from botorch.models.model import Model
    from torch import Tensor

IDLE_SECONDS = 600.0
MAX_EXPONENT = 50.0  # of a sampled cost relative to the measured range; beyond, all are equally bad
MAX_STEPS = 100  # of the optimizer of a likelihood; later ones change little
CHUNK = 100  # architectures that are evaluated at once, so that memory stays small
PROMISING = 64
PRUNING_SAMPLES = 256  # of the posterior, to leave out points that are on no sample's front
# Share of the hypervolume that the decomposition into boxes may leave out, by objectives: an exact
# one has thousands of boxes for each sample of a front of four objectives.
OMITTED = {4: 1e-3, 5: 1e-2}


def main() -> None:
    """Answer requests until the input ends or none has come for `IDLE_SECONDS`."""
    # Nothing but answers may reach standard output, whatever a library prints.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    requests: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    while True:
        try:
            line = requests.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            return
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


def _read(requests: queue.Queue[bytes]) -> None:
    """Queue each line of the input; at its end end the process, whatever it computes."""
    for line in sys.stdin.buffer:
        requests.put(line)
    os._exit(0)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return {"chosen": indices of the pool}, or {"error": text} if nothing can be fitted."""
    try:
        return {"chosen": chosen(request)}
    except (ArithmeticError, RuntimeError, ValueError) as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def chosen(request: dict[str, Any]) -> list[int]:
    """Return the indices of the architectures of the pool that promise most together.

    Args:
        request: {"seed", "samples": quasi-random samples of the posterior, "count": how many
            to choose, "measured", "pending", "pool": lists of token sequences, "points": for
            each measured architecture its m values, lower is better, None if not measured,
            "objectives": m times {"logarithmic", "span", "low"} as in `to_maximise`,
            "reference": the reference point m in scaled objectives, "constraints":
            [{"column", "bound", "below"}]}
    """
    import torch
    from botorch.acquisition.multi_objective import logei

    # The compiled kernel needs a compiler and is made for the processor: results would differ.
    logei._load_attempted = True
    torch.set_num_threads(1)
    torch.manual_seed(request["seed"])
    features = one_hot([*request["measured"], *request["pending"], *request["pool"]])
    known, flying = len(request["measured"]), len(request["pending"])
    measured, pending, pool = features.split([known, flying, len(features) - known - flying])
    points = torch.tensor(
        [[torch.nan if value is None else value for value in point] for point in request["points"]],
        dtype=torch.float64,
    )
    model = fitted(measured, points)
    complete = measured[points.isfinite().all(dim=1)]
    function = acquisition(model, complete, pending if flying else None, points, request)
    return greedy(function, pool, pending if flying else None, request)


def greedy(
    function: AcquisitionFunction, pool: Tensor, pending: Tensor | None, request: dict[str, Any]
) -> list[int]:
    """Return the indices of architectures, each chosen as if those before it were in flight.

    A gain only shrinks while others are chosen, so all but the first are chosen among those that
    promised most at first.
    """
    import torch

    def values(rows: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.cat([function(part.unsqueeze(-2)) for part in rows.split(CHUNK)])

    ranked = values(pool).argsort(descending=True, stable=True)[:PROMISING].tolist()
    best = [ranked.pop(0)]
    while ranked and len(best) < request["count"]:
        selected = pool[best]
        function.set_X_pending(selected if pending is None else torch.cat([pending, selected]))
        best.append(ranked.pop(int(values(pool[ranked]).argmax())))
    return best


def one_hot(sequences: Sequence[Sequence[int]]) -> Tensor:
    """Return n x d numbers: for each position and token that occur, 1 where it is that token.

    Sequences may differ in length: where one has ended, all columns are 0.
    """
    import torch

    pairs = sorted({pair for sequence in sequences for pair in enumerate(sequence)})
    columns = {pair: column for column, pair in enumerate(pairs)}
    features = torch.zeros(len(sequences), len(columns), dtype=torch.float64)
    for row, sequence in enumerate(sequences):
        features[row, [columns[pair] for pair in enumerate(sequence)]] = 1.0
    return features


def fitted(features: Tensor, points: Tensor) -> Model:
    """Fit a Gaussian process to each objective, with botorch's default kernel.

    Args:
        features: n x d.
        points: n x m; NaN where a value was not measured.
    """
    from botorch.models import ModelListGP, SingleTaskGP

    if points.isfinite().all():
        return _fit(SingleTaskGP(features, points))
    rows = [values.isfinite() for values in points.T]
    return ModelListGP(
        *(
            _fit(SingleTaskGP(features[row], values[row].unsqueeze(-1)))
            for row, values in zip(rows, points.T, strict=True)
        )
    )


def _fit(model: SingleTaskGP) -> SingleTaskGP:
    """Maximise the posterior density of the kernel's parameters and of the noise."""
    from botorch.fit import fit_gpytorch_mll
    from gpytorch.mlls import ExactMarginalLogLikelihood

    likelihood = ExactMarginalLogLikelihood(model.likelihood, model)
    fit_gpytorch_mll(likelihood, optimizer_kwargs={"options": {"maxiter": MAX_STEPS}})
    return model


def acquisition(
    model: Model,
    baseline: Tensor,
    pending: Tensor | None,
    points: Tensor,
    request: dict[str, Any],
) -> AcquisitionFunction:
    """Return qLogNEHVI, or with one objective qLogNEI.

    Args:
        model: Predicts the m objectives.
        baseline: Features of the candidates whose objectives are all measured.
        pending: Features of the candidates in flight.
        points: n x m measured values.
        request: As of `chosen`.
    """
    import torch
    from botorch.acquisition.logei import qLogNoisyExpectedImprovement
    from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
    from botorch.acquisition.multi_objective.objective import GenericMCMultiOutputObjective
    from botorch.acquisition.multi_objective.utils import prune_inferior_points_multi_objective
    from botorch.acquisition.objective import GenericMCObjective
    from botorch.sampling import SobolQMCNormalSampler

    objectives = request["objectives"]
    sampler = SobolQMCNormalSampler(torch.Size([request["samples"]]), seed=request["seed"])
    constraints = [constraint(bound, points) for bound in request["constraints"]] or None
    if len(objectives) == 1:
        return qLogNoisyExpectedImprovement(
            model,
            baseline,
            sampler,
            objective=GenericMCObjective(lambda y, **_: to_maximise(y, objectives)[..., 0]),
            X_pending=pending,
            constraints=constraints,
        )
    reference = -torch.tensor(request["reference"], dtype=torch.float64)
    objective = GenericMCMultiOutputObjective(lambda y, **_: to_maximise(y, objectives))
    contenders = prune_inferior_points_multi_objective(
        model, baseline, reference, objective, constraints, num_samples=PRUNING_SAMPLES
    )
    return qLogNoisyExpectedHypervolumeImprovement(
        model,
        reference,
        contenders,
        sampler,
        objective=objective,
        constraints=constraints,
        X_pending=pending,
        alpha=OMITTED.get(len(objectives), 0.0 if len(objectives) < 4 else max(OMITTED.values())),
    )


def to_maximise(samples: Tensor, objectives: Sequence[dict[str, Any]]) -> Tensor:
    """Return samples of m modelled values as objectives: higher is better, measured range 0 to 1.

    Args:
        samples: ... x m.
        objectives: For each {"logarithmic": whether logarithms are modelled, "span": largest less
            smallest measured value, as a logarithm if logarithmic, "low": smallest value / span}.
    """
    import torch

    columns = [
        (values - objective["span"]).clamp(max=MAX_EXPONENT).exp() - objective["low"]
        if objective["logarithmic"]
        else values / objective["span"] - objective["low"]
        for values, objective in zip(samples.unbind(dim=-1), objectives, strict=True)
    ]
    return -torch.stack(columns, dim=-1)


def constraint(bounded: dict[str, Any], points: Tensor) -> Callable[[Tensor], Tensor]:
    """Return a function of ... x m samples that is negative where a constraint is met.

    It is in units of the standard deviation of the measured values.
    """
    column, bound = bounded["column"], bounded["bound"]
    values = points[:, column]
    deviation = float(values[values.isfinite()].std(correction=0)) or 1.0
    sign = 1.0 if bounded["below"] else -1.0

    def excess(samples: Tensor) -> Tensor:
        return sign * (samples[..., column] - bound) / deviation

    return excess


if __name__ == "__main__":
    main()
