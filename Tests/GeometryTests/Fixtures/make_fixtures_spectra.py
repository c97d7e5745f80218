"""Singular values, ranks, principal angles and cosines of closed-form matrices, by NumPy and SciPy.

    python make_fixtures_spectra.py     # writes spectra.json with the versions used
"""

import json
import os

import numpy as np
import scipy
from scipy.linalg import subspace_angles

here = os.path.dirname(os.path.abspath(__file__))
i, j = np.meshgrid(np.arange(24.0), np.arange(17.0), indexing="ij")
a = np.sin(1 + 0.7 * i + 1.3 * j + 0.1 * i * j) + 0.01 * i
b = a + 0.4 * np.cos(0.5 + 0.9 * i * (j + 1) / 4) + 2 * np.outer(np.ones(24), np.ones(17))


def spectrum(m):
    s = np.linalg.svd(m, compute_uv=False)
    p = s / s.sum()
    p = p[p > 0]
    return {"values": s.tolist(), "effective_rank": float(np.exp(-(p * np.log(p)).sum())),
            "stable_rank": float((m ** 2).sum() / s[0] ** 2)}


k = 5
u0, _, v0 = np.linalg.svd(a, full_matrices=False)
u1, _, v1 = np.linalg.svd(b, full_matrices=False)
record = {
    "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
    "before": spectrum(a), "after": spectrum(b), "change": spectrum(b - a),
    "input_angles": subspace_angles(u0[:, :k], u1[:, :k]).tolist(),
    "output_angles": subspace_angles(v0[:k].T, v1[:k].T).tolist(),
    "input_cosines": np.abs(u0.T @ u1[:, :k]).max(0).tolist(),
    "output_cosines": np.abs(v1[:k] @ v0.T).max(1).tolist(),
}
with open(os.path.join(here, "spectra.json"), "w") as f:
    json.dump(record, f, indent=1, sort_keys=True)
    f.write("\n")
