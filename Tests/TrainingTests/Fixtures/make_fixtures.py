"""Makes the fixtures of TrainingTests with outside libraries.

    python make_fixtures.py sklearn    # scikit-learn: linear probes
    python make_fixtures.py torch      # PyTorch: what optimizers do to a small perceptron

Each writes one JSON file beside this script. Kernels are fan-in x outputs, as a dense layer of
Keras stores them; numbers are Float32 unless a member says otherwise.
"""

import json
import os
import platform
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def floats(value):
    """Float32 numbers with the digits that read back to the same bits."""
    return [float(str(v)) for v in np.asarray(value, np.float32).ravel()]


def save(name, versions, content):
    versions = {"python": platform.python_version(), "numpy": np.__version__, **versions}
    with open(os.path.join(HERE, name), "w") as file:
        json.dump({"versions": versions, **content}, file, separators=(",", ":"))
        file.write("\n")


def probes():
    import sklearn
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(3)
    n, d, classes = 60, 5, 3
    labels = rng.integers(0, classes, n)
    centres = rng.normal(size=(classes, d))
    features = (4 + 1.5 * centres[labels] + 2 * rng.normal(size=(n, d))).astype(np.float32)
    exact = features.astype(np.float64)
    mean, deviation = exact.mean(), exact.std()
    inputs = (exact - mean) / deviation
    solutions = []
    for strength in [1.0, 0.03, 0.001]:
        model = LogisticRegression(
            C=1 / (strength * n), solver="lbfgs", tol=1e-12, max_iter=100_000
        ).fit(inputs, labels)
        scores = inputs @ model.coef_.T + model.intercept_
        highest = scores.max(1)
        losses = highest + np.log(np.exp(scores - highest[:, None]).sum(1))
        losses -= scores[np.arange(n), labels]
        kernel = model.coef_.T / deviation
        bias = model.intercept_ - mean * kernel.sum(0)
        solutions.append({
            "regularisation": strength,
            "objective": losses.mean() + strength / 2 * (model.coef_**2).sum(),
            "kernel": kernel.ravel().tolist(),
            # The bias is free up to a constant for all classes.
            "bias": (bias - bias.mean()).tolist(),
            "accuracy": float((scores.argmax(1) == labels).mean()),
        })
    save("probes.json", {"scikit-learn": sklearn.__version__}, {
        "width": d, "classes": classes, "features": floats(features),
        "labels": labels.tolist(), "solutions": solutions,
    })


def optimizers():
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(1)
    rng = np.random.default_rng(5)
    d, hidden, classes, size, steps = 4, 6, 3, 8, 20
    inputs = rng.normal(size=(steps, size, d)).astype(np.float32)
    labels = rng.integers(0, classes, (steps, size))
    targets = rng.normal(size=(steps, size, classes)).astype(np.float32)
    start = [
        (rng.normal(size=shape) * 0.5).astype(np.float32)
        for shape in [(d, hidden), (hidden,), (hidden, classes), (classes,)]
    ]

    def perceptron():
        model = torch.nn.Sequential(
            torch.nn.Linear(d, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, classes))
        with torch.no_grad():
            for parameter, value in zip(model.parameters(), start):
                parameter.copy_(torch.from_numpy(value.T.copy()))
        return model

    def groups(model, decay):
        """Kernels decay, biases do not."""
        kernels = [p for p in model.parameters() if p.ndim == 2]
        biases = [p for p in model.parameters() if p.ndim == 1]
        return [{"params": kernels, "weight_decay": decay}, {"params": biases, "weight_decay": 0}]

    def flat(model):
        return [floats(p.detach().numpy().T) for p in model.parameters()]

    def cosine(step, count):
        return 0.5 * (1 + np.cos(np.pi * step / count))

    def train(make, rate, decay, squared=False):
        model = perceptron()
        optimizer = make(groups(model, decay), rate)
        losses = []
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = rate * cosine(step + 1, steps)
            outputs = model(torch.from_numpy(inputs[step]))
            if squared:
                loss = 0.5 * ((outputs - torch.from_numpy(targets[step])) ** 2).sum() / size
            else:
                loss = torch.nn.functional.cross_entropy(outputs, torch.from_numpy(labels[step]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        # What Pretraining reports: the mean over the last tenth.
        return {"finalLoss": float(np.mean(losses[-2:])), "parameters": flat(model)}

    def sgd(momentum):
        return lambda parameters, rate: torch.optim.SGD(parameters, lr=rate, momentum=momentum)

    def adam(parameters, rate):
        return torch.optim.Adam(parameters, lr=rate)

    def adamw(parameters, rate):
        return torch.optim.AdamW(parameters, lr=rate)

    runs = []
    for name, method, momentum, decay, rate, make, squared in [
        ("SGD", "sgd", 0.0, 0.0, 0.2, sgd(0.0), False),
        ("SGD with momentum", "sgd", 0.9, 0.0, 0.1, sgd(0.9), False),
        ("SGD with momentum and weight decay", "sgd", 0.9, 0.05, 0.1, sgd(0.9), False),
        ("Adam", "adam", 0.9, 0.0, 0.05, adam, False),
        ("AdamW", "adam", 0.9, 0.2, 0.05, adamw, False),
        ("SGD on squared error", "sgd", 0.9, 0.0, 0.02, sgd(0.9), True),
    ]:
        runs.append({
            "name": name, "method": method, "momentum": momentum, "weightDecay": decay,
            "rate": rate, "squared": squared, **train(make, rate, decay, squared),
        })

    # Fine-tuning with all examples in one batch: the parameters after every epoch.
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
    everything, all_labels = inputs.reshape(-1, d), labels.ravel()
    epochs = []
    for epoch in range(10):
        for group in optimizer.param_groups:
            group["lr"] = 0.3 * cosine(epoch, 10)
        loss = torch.nn.functional.cross_entropy(
            model(torch.from_numpy(everything)), torch.from_numpy(all_labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        epochs.append({"loss": loss.item(), "parameters": flat(model)})

    save("optimizers.json", {"torch": torch.__version__}, {
        "inputs": [floats(batch) for batch in inputs], "labels": labels.tolist(),
        "targets": [floats(batch) for batch in targets], "start": [floats(v) for v in start],
        "runs": runs, "fineTuning": {"rate": 0.3, "epochs": epochs},
    })


if __name__ == "__main__":
    {"sklearn": probes, "torch": optimizers}[sys.argv[1]]()
