"""The posterior of systems that are pooled, by matrices and sampling: what the decision's draws are held to.

    theta[s] ~ N(mu, tau^2), mu flat, tau half-Cauchy(sqrt(mean of own))
    y[s] = theta[s] + common error + own error[s]; a bound is one more theta, without an error

It shares no code with `wattbench_reports.decision.partial_pooling`, and follows the same model.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FLAT = 1e4
"""The prior variance of mu."""


def posterior(
    y: Floats, covariance: Floats, bound: float | None = None, *, even: bool = False, count: int = 20_000
) -> Floats:
    """Draw true values, shape (count, systems).

    Args:
        y: shape (systems,), on the scale on which they are normal.
        covariance: of the errors, shape (systems, systems): divided into own and common errors.
        bound: on the same scale; None: none.
        even: whether all have the mean of their own variances.
        count: of draws.
    """
    rng, systems = np.random.default_rng(11), len(y)
    errors = np.diag(covariance)
    off = covariance[~np.eye(systems, dtype=bool)]
    common = max(float(off.mean()), 0.0)
    pairs = [covariance[i, i] + covariance[j, j] - 2 * covariance[i, j] for i in range(systems) for j in range(i)]
    own = systems * float(np.mean(pairs)) / 2 * errors / errors.sum()
    data = y if bound is None else np.append(y, bound)
    own = np.full(systems, own.mean()) if even else own
    size, scale = len(data), float(own.mean()) ** 0.5
    noise = np.zeros((size, size))
    noise[:systems, :systems] = common + np.diag(own)
    spreads = np.tan(np.pi / 2 * (np.arange(400) + 0.5) / 400) * scale
    logs, means, roots = [], [], []
    for tau in spreads:
        prior = FLAT + tau**2 * np.eye(size)
        inverse = np.linalg.inv(prior + noise)
        gain = prior[:systems] @ inverse
        means.append(gain @ data)
        after = prior[:systems, :systems] - gain @ prior[:, :systems]
        values, vectors = np.linalg.eigh((after + after.T) / 2)
        roots.append(vectors * np.sqrt(np.maximum(values, 0.0)))
        logs.append(0.5 * np.linalg.slogdet(inverse)[1] - 0.5 * data @ inverse @ data)
    weights = np.exp(np.array(logs) - max(logs))
    place = rng.choice(len(spreads), size=count, p=weights / weights.sum())
    normal = rng.normal(size=(count, systems))
    return np.array(means)[place] + np.einsum("kij,kj->ki", np.array(roots)[place], normal)


def accuracies(right: Floats, items: int, bound: float | None = None) -> Floats:
    """Draw true accuracies of systems of which a better one answers all that a worse one does; shape (count, systems).

    On the arcsine scale, with a quarter of a right and of a wrong answer added to the estimates, and one of each to the
    variances.
    """
    share, centre = right / items, (right + 1) / (items + 2)
    drawn = (np.minimum.outer(share, share) - np.outer(share, share)) / items
    with_both = (right + 1 - (items + 2) * centre**2) / (items * (items + 1))
    drawn = drawn + np.diag(np.maximum(with_both - share * (1 - share) / (items - 1), 0.0))
    slope = 1 / (2 * np.sqrt(centre * (1 - centre)))
    y = np.arcsin(np.sqrt(share + (centre - share) / 4))
    level = None if bound is None else float(np.arcsin(np.sqrt(bound)))
    return np.sin(np.clip(posterior(y, drawn * np.outer(slope, slope), level, even=True), 0, np.pi / 2)) ** 2
