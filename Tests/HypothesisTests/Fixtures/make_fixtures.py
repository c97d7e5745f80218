#!/usr/bin/env python3
"""Writes linear_flow.json: gradient flow of two-layer linear models as SciPy integrates it.

Run it in this folder; needs NumPy and SciPy. Swift's tests read the JSON only.
"""

import json
import platform

import numpy as np
import scipy
from scipy.integrate import solve_ivp
from scipy.linalg import orth, orthogonal_procrustes, subspace_angles


def problem(seed, d, k, m, n, noise, length):
    rng = np.random.default_rng(seed)
    truth = orth(rng.standard_normal((d, k))).T
    start = orth(truth.T + noise * rng.standard_normal((d, k))).T
    head = rng.standard_normal(k)
    basis = np.linalg.qr(rng.standard_normal((d, d)))[0]
    return dict(
        true_features=truth,
        true_head=length * head / np.linalg.norm(head),
        features=start,
        head=0.7 * rng.standard_normal(k),
        span=basis[:, :m],
        complement=basis[:, m:],
        inputs=rng.standard_normal((n, m)) @ basis[:, :m].T,
    )


def flow(p, head):
    """The model that the flow from `head` ends in."""
    k, d = p["features"].shape
    x = p["inputs"]
    y = x @ p["true_features"].T @ p["true_head"]

    def slope(_, state):
        v, b = state[:k], state[k:].reshape(k, d)
        g = 2 * x.T @ (x @ (b.T @ v) - y) / len(x)
        return -np.concatenate([b @ g, np.outer(v, g).ravel()])

    state = np.concatenate([head, p["features"].ravel()])
    for _ in range(40):
        state = solve_ivp(slope, (0, 50), state, method="DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
        v, b = state[:k], state[k:].reshape(k, d)
        if np.mean((x @ (b.T @ v) - y) ** 2) < 1e-24:
            return v, b
    raise SystemExit("the flow did not converge")


def record(p):
    truth, start = p["true_features"], p["features"]
    x = p["inputs"]
    signal = truth.T @ p["true_head"]
    v, b = flow(p, p["head"])
    probe = np.linalg.lstsq(x @ start.T, x @ signal, rcond=None)[0]
    # U minimises the Frobenius norm of start - U truth.
    u = orthogonal_procrustes(truth.T, start.T)[0].T
    singular = np.linalg.svd(x @ p["span"], compute_uv=False)
    results = dict(
        fine_tuned_head=v,
        fine_tuned_features=b,
        probed_head=probe,
        ood_error=np.linalg.norm(b.T @ v - signal),
        probe_ood_error=np.linalg.norm(start.T @ probe - signal),
        distance=np.linalg.norm(start - u @ truth, 2),
        cosine_to_complement=np.cos(subspace_angles(start.T, p["complement"])[0]),
        cosine_to_span=np.cos(subspace_angles(start.T, p["span"])[0]),
        head_alignment_error=np.sqrt(
            abs((p["head"] @ u @ p["true_head"]) ** 2 - np.sum(p["true_head"] ** 2) ** 2)
        ),
        condition_number=singular[0] / singular[-1],
    )
    return {
        key: value.tolist() if isinstance(value, np.ndarray) else float(value)
        for key, value in {**p, **results}.items()
    }


problems = [
    problem(1, d=7, k=2, m=3, n=9, noise=0.1, length=1.0),
    problem(2, d=9, k=3, m=5, n=12, noise=0.3, length=2.5),
    problem(3, d=6, k=1, m=2, n=5, noise=0.05, length=0.4),
]
versions = dict(
    python=platform.python_version(), numpy=np.__version__, scipy=scipy.__version__
)
with open("linear_flow.json", "w") as file:
    json.dump(dict(versions=versions, problems=[record(p) for p in problems]), file, indent=1)
    file.write("\n")
