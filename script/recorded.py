"""Compares `anamorph features` with what Keras files are known to give; see script/parity.

    recorded FOLDER    results that were recorded beside the files, `*_inputs_and_outputs.h5`
    files FOLDER       what Keras itself gives for random inputs, for every Keras file in the folder
"""

import argparse
import collections
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

LIMIT = 1e-5
ENDINGS = (".h5", ".hdf5", ".keras")
RECORDED = "_inputs_and_outputs.h5"


def files(folder):
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield os.path.join(root, name)


def features(anamorph, checkpoint, inputs, places, folder):
    """The values at each place, as one row an example; several inputs are given by their names."""
    out = os.path.join(folder, "features.h5")
    command = [anamorph, "features", checkpoint, "-o", out, "--pool", "flatten", "--exact",
               "--preprocess", "raw", "--quiet"]
    for number, (name, value) in enumerate(inputs.items()):
        path = os.path.join(folder, f"inputs{number}.npy")
        np.save(path, value.astype(np.float32))
        command += ["--data", path if len(inputs) == 1 else f"{name}={path}"]
    for place in places:
        command += ["--at", place]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        # A command that a signal stopped has said nothing.
        said = result.stderr.strip() or f"ended with {result.returncode}"
        raise RuntimeError(said.splitlines()[-1].removeprefix("anamorph: "))
    with h5py.File(out) as file:
        found = file["features"]
        if isinstance(found, h5py.Group):
            return {place: found[place.replace("/", ".")][:] for place in places}
        return {places[0]: found[:]}


def largest(found, expected):
    if found.size != expected.size:
        return float("inf")
    found = found.reshape(expected.shape)
    scale = np.abs(expected).max()
    return float(np.abs(found - expected).max() / max(scale, 1e-30))


class Summary:
    """Lines as they come, and what they came to."""

    def __init__(self, folder):
        self.folder, self.counts, self.worst, self.bad = folder, collections.Counter(), 0.0, 0

    def name(self, path):
        return os.path.relpath(path, self.folder)

    def compared(self, path, error, detail=""):
        self.counts["compared"] += 1
        self.worst = max(self.worst, error)
        self.bad += not error <= LIMIT
        mark = "" if error <= LIMIT else ",ABOVE THE BOUND"
        print(f"{self.name(path)},{error:.1e}{detail}{mark}", flush=True)

    def left_out(self, path, kind, reason):
        self.counts[kind] += 1
        print(f"{self.name(path)},,{kind}: {reason.replace(self.folder, '').strip()}", flush=True)

    def finish(self):
        counts = ", ".join(f"{count} {kind}" for kind, count in self.counts.most_common())
        print(f"# {counts or 'nothing found'}; largest error {self.worst:.1e}, bound {LIMIT:.0e}, "
              f"{self.bad} above it", file=sys.stderr)
        return 1 if self.bad or not self.counts["compared"] else 0


def recorded(anamorph, folder):
    """Every activation that was recorded beside a model; a model's layers are called as theirs."""
    summary = Summary(folder)
    print("file,error,places")
    for path in files(folder):
        if not path.endswith(RECORDED):
            continue
        model = path.removesuffix(RECORDED) + "_model.h5"
        if not os.path.exists(model):
            summary.left_out(path, "without a model", "no model beside it")
            continue
        with h5py.File(path) as file:
            inputs = {name: file["inputs"][name][:] for name in file["inputs"]}
            expected = {}
            # Beside predictions, outputs are what they were to be in training.
            for group in ("activations", "predictions" if "predictions" in file else "outputs"):
                for name in file.get(group, {}):
                    expected[name] = file[group][name][:]
        with tempfile.TemporaryDirectory() as scratch:
            try:
                places = {}
                for name, value in expected.items():
                    found = features(anamorph, model, inputs, [name], scratch)
                    places[name] = largest(found[name], value)
            except RuntimeError as problem:
                summary.left_out(model, "refused", str(problem))
                continue
        summary.compared(model, max(places.values()), f",{len(places)}")
    return summary.finish()


def places_of(keras, model):
    """The names under which a model's results are asked for."""
    if isinstance(model, keras.Sequential):
        last = model.layers[-1]
        name = last.name
        while hasattr(last, "layers"):
            last = last.layers[-1]
            name = f"{name}/{last.name}"
        return [name]
    return list(dict.fromkeys(model.output_names))


def is_of_theano(path):
    """Whether Theano computed the file's network, whose kernels Keras no longer turns when it loads it."""
    if not path.endswith((".h5", ".hdf5")):
        return False
    with h5py.File(path) as file:
        places = [file] + ([file["model_weights"]] if "model_weights" in file else [])
        backends = [place.attrs.get("backend", b"") for place in places]
    return any(backend in (b"theano", "theano") for backend in backends)


def compare_with_keras(anamorph, folder):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    import keras

    summary = Summary(folder)
    random = np.random.default_rng(0)
    print("file,error")
    for path in files(folder):
        if not path.endswith(ENDINGS) or path.endswith(RECORDED):
            continue
        if is_of_theano(path):
            summary.left_out(path, "of Theano", "Keras does not turn its kernels any more")
            continue
        try:
            model = keras.models.load_model(path, compile=False)
            inputs = {}
            tables = [layer for layer in model.layers if type(layer).__name__ == "Embedding"]
            for name, tensor in zip(model.input_names, model.inputs):
                shape = [2] + [extent or 6 for extent in tensor.shape[1:]]
                inputs[name] = (
                    random.integers(0, tables[0].input_dim, shape) if tables
                    else random.normal(size=shape)).astype(np.float32)
            values = list(inputs.values())
            results = model.predict(values if len(values) > 1 else values[0], verbose=0)
        except Exception as problem:  # whatever Keras does with files of its past
            lines = str(problem).splitlines() or [type(problem).__name__]
            summary.left_out(path, "not run by Keras", lines[0][:120])
            continue
        results = results if isinstance(results, list) else [results]
        places = places_of(keras, model)
        with tempfile.TemporaryDirectory() as scratch:
            try:
                found = features(anamorph, path, inputs, places, scratch)
            except RuntimeError as problem:
                summary.left_out(path, "refused", str(problem))
                continue
        summary.compared(
            path, max(largest(found[place], value) for place, value in zip(places, results)))
        keras.backend.clear_session()
    return summary.finish()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--anamorph", required=True)
    parser.add_argument("kind", choices=["recorded", "files"])
    parser.add_argument("folder")
    given = parser.parse_args()
    compare = recorded if given.kind == "recorded" else compare_with_keras
    sys.exit(compare(given.anamorph, given.folder))


if __name__ == "__main__":
    main()
