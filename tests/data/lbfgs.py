#!/usr/bin/env python3
"""Compute, with PyTorch, how far torch.optim.LBFGS gets in so many evaluations; writes lbfgs.json.

    python tests/data/lbfgs.py

From the iterate of reference.py, zero padding, Gram matrices; the totals after 20, 40 and 80 evaluations.
"""

import json

import torch
from reference import HERE, objectives

EVALUATIONS = (20, 40, 80)


def lbfgs(objective, picture):
    """The lowest total within so many evaluations, with history 10 and a strong Wolfe line search."""
    variable = objective.variable(picture).detach().clone().requires_grad_()
    optimiser = torch.optim.LBFGS(
        [variable], lr=1.0, max_iter=1000, max_eval=max(EVALUATIONS), history_size=10, line_search_fn="strong_wolfe",
        tolerance_grad=0.0, tolerance_change=0.0,
    )
    totals = []

    def closure():
        optimiser.zero_grad()
        total = objective.total(variable)
        total.backward()
        variable.grad = variable.grad.contiguous()
        totals.append(total.item())
        return total.float()

    optimiser.step(closure)
    return [min(totals[:count]) for count in EVALUATIONS]


def main():
    """Write the totals of two objectives."""
    everything, images = objectives(torch.float32)
    result = {"evaluations": EVALUATIONS}
    for name in ("balanced", "classic", "paper"):
        result[name] = lbfgs(everything[name], images["iterate"])
        print(name, result[name], flush=True)
    (HERE / "lbfgs.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
