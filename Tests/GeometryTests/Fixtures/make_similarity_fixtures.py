"""Writes similarity.json: similarities of two closed-form sets by SciPy and scikit-learn.

Each number comes from a library routine that shares no code with ours: canonical correlations from
principal angles of column spaces, regression from LinearRegression, neighbours from NearestNeighbors,
dissimilarities from pdist and spearmanr, rotations from orthogonal_procrustes and spatial.procrustes.

Run beside the file it writes: python make_similarity_fixtures.py
"""

import json
import pathlib

import numpy
import scipy
import sklearn
from scipy import linalg, spatial, stats
from sklearn.linear_model import LinearRegression
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import NearestNeighbors


def feature_sets():
    """60 x 6 and 60 x 5; the same closed forms stand in SimilarityTests.swift."""
    i, j = numpy.mgrid[:60, :6].astype(float)
    x = numpy.sin(0.37 * i * (j + 1) + j) + 0.3 * numpy.cos(0.11 * i * i) + 0.5 * j
    i, j = i[:, :5], j[:, :5]
    y = x[:, :5] ** 2 + numpy.cos(0.23 * i * (j + 2)) + 0.1 * x[:, 1:]
    return x, y


def centre(kernel):
    n = len(kernel)
    h = numpy.eye(n) - 1 / n
    return h @ kernel @ h


def alignment(k, l):
    k, l = centre(k), centre(l)
    return (k * l).sum() / linalg.norm(k) / linalg.norm(l)


def main():
    x, y = feature_sets()
    xc, yc = x - x.mean(0), y - y.mean(0)
    rho = numpy.cos(linalg.subspace_angles(xc, yc))[::-1]
    _, nuclear = linalg.orthogonal_procrustes(xc, yc[:, [0, 1, 2, 3, 4, 4]] * [1, 1, 1, 1, 1, 0])
    padded = numpy.hstack([y, numpy.zeros((60, 1))])
    neighbours = [
        NearestNeighbors(n_neighbors=7).fit(a).kneighbors(return_distance=False) for a in (x, y)
    ]
    medians = [numpy.median(spatial.distance.cdist(a, a, "sqeuclidean")) for a in (x, y)]
    kernels = [rbf_kernel(a, gamma=1 / (2 * 0.25 * m)) for a, m in zip((x, y), medians)]
    result = {
        "versions": {"numpy": numpy.__version__, "scipy": scipy.__version__,
                     "sklearn": sklearn.__version__},
        "check": [x[3, 2], y[59, 4]],
        "correlations": rho.tolist(),
        "explained_before": LinearRegression().fit(y, x).score(y, x),
        "explained_before_by_variance": 1 - ((x - LinearRegression().fit(y, x).predict(y)) ** 2).sum()
        / (xc ** 2).sum(),
        "explained_after_by_variance": 1 - ((y - LinearRegression().fit(x, y).predict(x)) ** 2).sum()
        / (yc ** 2).sum(),
        "nuclear": nuclear,
        "disparity": spatial.procrustes(x, padded)[2],
        "neighbours": numpy.mean([len(set(a) & set(b)) / 7 for a, b in zip(*neighbours)]),
        "rsa_correlation": stats.spearmanr(
            spatial.distance.pdist(x, "correlation"), spatial.distance.pdist(y, "correlation"))[0],
        "rsa_euclidean": stats.pearsonr(spatial.distance.pdist(x), spatial.distance.pdist(y))[0],
        "rbf": alignment(*kernels),
        "cka": alignment(x @ x.T, y @ y.T),
        "spearman": stats.spearmanr(x[:, 0].round(1), x[:, 1].round(1))[0],
    }
    path = pathlib.Path(__file__).with_name("similarity.json")
    path.write_text(json.dumps(result, indent=1) + "\n")


main()
