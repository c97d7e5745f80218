"""Writes geometry.json: measures of three small feature sets, and probabilities, by NumPy and SciPy.

The sets are closed forms, so the tests need no arrays from here. Formulas are written from their
definitions on n x n Gram matrices and centred rows, not from moments as the library computes them.

Run beside the file it writes: python make_fixtures.py
"""

import json
import pathlib

import numpy
import scipy
from scipy import linalg, special, stats


def feature_sets():
    """X and Y (16 x 4) and Z (16 x 3); the same closed forms stand in FeatureSets.swift."""
    i, j = numpy.mgrid[:16, :4].astype(float)
    x = (1 + j) * numpy.sin(1 + 0.7 * i + 1.3 * j + 0.1 * i * j) + 0.25 * j
    y = x + 0.3 * numpy.cos(0.5 + 0.9 * i * (j + 1) / 4) + 0.05
    i, j = i[:, :3], j[:, :3]
    z = numpy.cos(0.3 + 1.1 * i + 0.8 * j) + 0.2 * numpy.sin(0.05 * i**2) + 0.2 * x[:, :3]
    return x, y, z


def hsic_biased(a, b):
    n = len(a)
    centring = numpy.eye(n) - 1 / n
    return numpy.trace(a @ a.T @ centring @ b @ b.T @ centring) / (n - 1) ** 2


def hsic_unbiased(a, b):
    """Song et al. 2012, equation 5."""
    n = len(a)
    one = numpy.ones(n)
    k, l = (m @ m.T - numpy.diag((m * m).sum(1)) for m in (a, b))
    total = numpy.trace(k @ l)
    total += (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2))
    total -= 2 / (n - 2) * (one @ k @ l @ one)
    return total / (n * (n - 3))


def kernel_alignment(hsic, a, b):
    return hsic(a, b) / numpy.sqrt(hsic(a, a) * hsic(b, b))


def similarity(a, b):
    ac, bc = a - a.mean(0), b - b.mean(0)
    nuclear = linalg.svdvals(ac.T @ bc).sum()
    aa, bb = (ac**2).sum(), (bc**2).sum()
    cosine = nuclear / numpy.sqrt(aa * bb)
    return {
        "hsic_biased": hsic_biased(a, b),
        "hsic_unbiased": hsic_unbiased(a, b),
        "cka_biased": kernel_alignment(hsic_biased, a, b),
        "cka_debiased": kernel_alignment(hsic_unbiased, a, b),
        "procrustes_squared": aa + bb - 2 * nuclear,
        "procrustes_normalised": 2 - 2 * cosine,
        "procrustes_angle": numpy.arccos(cosine),
        "procrustes_after_scaling": 1 - cosine**2,
        "procrustes_scale": nuclear / bb,
    }


def displacement(a, b):
    change = b - a
    lengths = linalg.norm(change, axis=1)
    cosine = (a * b).sum(1) / linalg.norm(a, axis=1) / linalg.norm(b, axis=1)
    return {
        "mean_square": (change**2).mean(),
        "mean_distance": lengths.mean(),
        "root_mean_square_distance": numpy.sqrt((lengths**2).mean()),
        "mean_relative_distance": (lengths / linalg.norm(a, axis=1)).mean(),
        "relative_frobenius": linalg.norm(change) / linalg.norm(a),
        "mean_cosine_distance": (1 - cosine).mean(),
        "cosine_distance_deviation": (1 - cosine).std(),
        "mean_shift": linalg.norm(change.mean(0)),
    }


def directional(a, b):
    values, vectors = linalg.eigh(numpy.cov(a.T, bias=True))
    values, vectors = values[::-1], vectors[:, ::-1]
    change = b - a
    energies = ((change @ vectors) ** 2).mean(0)
    splits = {}
    for k in (1, 2, 3):
        inside = change @ vectors[:, :k] @ vectors[:, :k].T
        splits[str(k)] = [
            float((inside**2).sum(1).mean()),
            float(((change - inside) ** 2).sum(1).mean()),
        ]
    return {
        "eigenvalues": values.tolist(),
        "energies": energies.tolist(),
        "relative": (energies / values).tolist(),
        "splits": splits,
    }


def spectrum(a):
    s = linalg.svdvals(a)
    p = s / s.sum()
    q = p + 1e-7
    return {
        "rank_me": numpy.exp(-(q * numpy.log(q)).sum()),
        "effective_rank": numpy.exp(stats.entropy(p)),
        "participation_ratio": (s**2).sum() ** 2 / (s**4).sum(),
        "stable_rank": (s**2).sum() / s[0] ** 2,
    }


def overlap(a, b, i, j):
    u, v = (linalg.svd(m, full_matrices=False)[0] for m in (a, b))
    return linalg.norm(u[:, :i].T @ v[:, :j]) ** 2 / min(i, j)


x, y, z = feature_sets()
tails = [0.5, 0.6, 0.9, 0.95, 0.975, 0.995, 0.9999, 1 - 1e-9, 1e-12]
degrees = [1, 2, 3.5, 4, 19, 30, 1000]
beta = [(0.1, 0.5, 0.5), (0.3, 2, 5), (0.99, 10, 0.5), (0.02, 30, 600), (0.5, 1, 1), (0.2, 200, 800)]
tail = [(5, 5, 0.5), (8, 10, 0.5), (0, 3, 0.5), (40, 62, 0.5), (60, 100, 0.5), (3, 10, 0.2)]
fixture = {
    "versions": {"numpy": numpy.__version__, "scipy": scipy.__version__},
    "x_to_y": similarity(x, y),
    "x_to_z": similarity(x, z),
    "displacement": displacement(x, y),
    "directional": directional(x, y),
    "spectrum": spectrum(x),
    "centred_spectrum": spectrum(x - x.mean(0)),
    "angles_columns": linalg.subspace_angles(x[:, :2], y[:, 1:4]).tolist(),
    "angles_unequal": linalg.subspace_angles(x, z[:, :1]).tolist(),
    "angles_equal": linalg.subspace_angles(x[:, :3], z).tolist(),
    "overlap_2_3": overlap(x[:6], y[:6], 2, 3),
    "normal_quantiles": [[p, stats.norm.ppf(p)] for p in tails],
    "student_quantiles": [[p, f, stats.t.ppf(p, f)] for p in tails for f in degrees],
    "student_probabilities": [[t, f, stats.t.cdf(t, f)] for t in (-8, -1, 0.1, 3) for f in degrees],
    "beta_probabilities": [[q, a, b, special.betainc(a, b, q)] for q, a, b in beta],
    "beta_quantiles": [[q, a, b, special.betaincinv(a, b, q)] for q, a, b in beta],
    "binomial_tails": [[k, n, p, stats.binom.sf(k - 1, n, p)] for k, n, p in tail],
    "quantiles_of_column": numpy.quantile(x[:, 0], [0, 0.025, 0.3, 0.5, 1]).tolist(),
}
path = pathlib.Path(__file__).with_name("geometry.json")
path.write_text(json.dumps(fixture, indent=1, default=float) + "\n")
