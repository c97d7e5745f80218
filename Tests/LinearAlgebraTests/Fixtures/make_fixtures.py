"""Writes linear_algebra.json: results of NumPy and SciPy on matrices given by closed forms.

Run beside the file it writes: python make_fixtures.py
"""

import json
import pathlib

import numpy
import scipy
import scipy.linalg


def wave(rows, columns):
    """Entries sin(1 + 0.7 i + 1.3 j + 0.1 i j), i and j from 0."""
    i, j = numpy.mgrid[:rows, :columns].astype(float)
    return numpy.sin(1 + 0.7 * i + 1.3 * j + 0.1 * i * j)


tall, wide = wave(7, 4), wave(3, 6)
deficient = wave(6, 2) @ wave(2, 5)
symmetric = wave(5, 5) + wave(5, 5).T
right = wave(7, 2)

solution, _, rank, _ = numpy.linalg.lstsq(deficient, wave(6, 2), rcond=None)
basis = scipy.linalg.orth(deficient)

fixture = {
    "versions": {"numpy": numpy.__version__, "scipy": scipy.__version__},
    "tall_singular_values": scipy.linalg.svdvals(tall).tolist(),
    "wide_singular_values": scipy.linalg.svdvals(wide).tolist(),
    "tall_nuclear_norm": float(numpy.linalg.norm(tall, "nuc")),
    "tall_spectral_norm": float(numpy.linalg.norm(tall, 2)),
    "tall_frobenius_norm": float(numpy.linalg.norm(tall)),
    "symmetric_eigenvalues": scipy.linalg.eigvalsh(symmetric)[::-1].tolist(),
    "deficient_rank": int(numpy.linalg.matrix_rank(deficient)),
    "deficient_projector": (basis @ basis.T).ravel().tolist(),
    "tall_least_squares": numpy.linalg.lstsq(tall, right, rcond=None)[0].ravel().tolist(),
    "deficient_least_squares": solution.ravel().tolist(),
    "deficient_least_squares_rank": int(rank),
    "general_solution": numpy.linalg.solve(wave(4, 4), wave(4, 2)).ravel().tolist(),
    "positive_definite_solution": numpy.linalg.solve(
        tall.T @ tall, wave(4, 2)
    ).ravel().tolist(),
}
path = pathlib.Path(__file__).with_name("linear_algebra.json")
path.write_text(json.dumps(fixture, indent=1) + "\n")
