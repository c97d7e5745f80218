"""Principal angles here and in SciPy, on spans that open by known angles of 1e-10 and more.

    angles.py GEOMETRY_SPEED FOLDER

Prints for each size the median milliseconds of both, their ratio, and the largest errors.
"""

import os
import subprocess
import sys
import time

import numpy as np
from scipy.linalg import subspace_angles

binary, folder = sys.argv[1:]
for rows, columns in ((2048, 64), (2048, 512), (768, 100)):
    rng = np.random.default_rng(5)
    q = np.linalg.qr(rng.standard_normal((rows, 2 * columns)))[0]
    angles = 1e-10 * np.arange(1, columns + 1)

    def mixing():
        return np.eye(columns) + 0.3 / columns**0.5 * rng.standard_normal((columns, columns))

    a = np.ascontiguousarray(q[:, :columns] @ mixing())
    # The cosine of such an angle is 1, to rounding, and the sine the angle.
    b = np.ascontiguousarray((q[:, :columns] + q[:, columns:] * angles) @ mixing())
    path = os.path.join(folder, "spans.f64")
    with open(path, "wb") as file:
        file.write(a.tobytes() + b.tobytes())
    expected = np.sort(angles)[::-1]
    times, own = [], []
    for _ in range(5):
        start = time.perf_counter()
        found = subspace_angles(a, b)
        times.append(time.perf_counter() - start)
        answer = subprocess.run([binary, "angles", path, str(rows), str(columns), "1"],
                                check=True, capture_output=True, text=True).stdout.split("\n")
        own.append(float(answer[0]))
    theirs, ours = np.median(times), np.median(own)
    errors = [np.abs(np.array(x, float) - expected).max() for x in (answer[1].split(), found)]
    print(f"{rows} × {columns:<21} {1e3 * ours:8.1f} ms, SciPy {1e3 * theirs:8.1f} ms; "
          f"largest error {errors[0]:.0e}, SciPy {errors[1]:.0e}")
    print(f"  {'SciPy / here (at least 1)':<40} {theirs / ours:.2f}")
