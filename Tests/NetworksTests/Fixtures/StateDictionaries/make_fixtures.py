#!/usr/bin/env python3
"""Writes what PyTorch, torchvision, timm, open_clip and transformers compute with small networks.

    make_fixtures.py [words in names]

Each network has the depth and the names of a published one and fewer channels. Its parameters, and
the images it reads, are numbers that follow from their names alone, so that a fixture holds only
names, shapes and the features; `StateDictionaryFixture.swift` computes the same numbers.
"""

import json
import math
import pathlib
import sys

import numpy as np
import torch

HERE = pathlib.Path(__file__).parent
EXAMPLES = 2


def uniform(name, count):
    """`count` numbers between -1 and 1 for `name`: FNV-1a of the name, then SplitMix64."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(state) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(
            0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 2.0**23 - 1


def value(name, shape):
    """The array called `name`, by what its name and rank say it is."""
    last = name.split(".")[-1]
    numbers = uniform(name, math.prod(shape))
    if last == "running_var":
        numbers = 1 + 0.5 * numbers
    elif last == "running_mean":
        numbers = 0.2 * numbers
    elif last in ("layer_scale", "gamma"):
        numbers = 0.4 + 0.2 * numbers
    elif last == "bias" or last.endswith("_bias"):
        numbers = 0.1 * numbers
    elif len(shape) <= 1 and last == "weight":
        numbers = 1 + 0.3 * numbers
    elif last.endswith("weight") and "embedding" not in name:
        numbers = math.sqrt(4 / math.prod(shape[1:])) * numbers
    else:
        numbers = 0.3 * numbers
    return numbers.astype(np.float32).reshape(shape)


def narrowed(model, divisor):
    """The model with a `divisor`th of the channels everywhere but in its images."""
    def less(count):
        return count if count in (1, 3) else max(1, -(-count // divisor))

    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.in_channels, module.out_channels = (
                less(module.in_channels), less(module.out_channels))
            module.groups = less(module.groups)
            shape = (module.out_channels, module.in_channels // module.groups, *module.kernel_size)
            module.weight = torch.nn.Parameter(torch.empty(shape))
            if module.bias is not None:
                module.bias = torch.nn.Parameter(torch.empty(module.out_channels))
        elif isinstance(module, torch.nn.BatchNorm2d):
            module.num_features = less(module.num_features)
            for name in ["weight", "bias"]:
                setattr(module, name, torch.nn.Parameter(torch.empty(module.num_features)))
            for name in ["running_mean", "running_var"]:
                setattr(module, name, torch.empty(module.num_features))
        elif isinstance(module, torch.nn.LayerNorm):
            module.normalized_shape = tuple(map(less, module.normalized_shape))
            for name in ["weight", "bias"]:
                setattr(module, name, torch.nn.Parameter(torch.empty(module.normalized_shape)))
        elif isinstance(module, torch.nn.Linear):
            module.in_features, module.out_features = (
                less(module.in_features), less(module.out_features))
            module.weight = torch.nn.Parameter(
                torch.empty(module.out_features, module.in_features))
            if module.bias is not None:
                module.bias = torch.nn.Parameter(torch.empty(module.out_features))
    for name, parameter in list(model.named_parameters()):
        if name.endswith("layer_scale"):
            path, _, last = name.rpartition(".")
            setattr(model.get_submodule(path), last,
                    torch.nn.Parameter(torch.empty(less(parameter.shape[0]), 1, 1)))
    return model


def without(model, name):
    """The features: what the module called `name` reads."""
    return lambda x: model.get_submodule(name).register_forward_pre_hook(
        lambda module, inputs: setattr(model, "caught", inputs[0])) and (model(x), model.caught)[1]


def networks():
    """Names, then functions that give state dictionary, features, size of images, other facts."""
    import torchvision.models as models

    def convolutional(name, head, size, divisor, title, classes=3, without_head=False,
                      rename=lambda name: name):
        def build():
            model = narrowed(getattr(models, name)(weights=None), divisor)
            last = model.get_submodule(head)
            last.weight = torch.nn.Parameter(torch.empty(classes, last.weight.shape[1]))
            last.bias = torch.nn.Parameter(torch.empty(classes))
            return model, without(model, head), size, {
                "title": title, "rename": rename,
                "left_out": head + "." if without_head else None}
        return build

    for name, title, divisor in [
        ("resnet18", "torchvision ResNet-18", 8), ("resnet34", "torchvision ResNet-34", 8),
        ("resnet50", "torchvision ResNet-50", 8), ("resnet101", "torchvision ResNet-101", 16),
        ("resnet152", "torchvision ResNet-152", 16),
        ("wide_resnet50_2", "torchvision Wide ResNet-50-2", 16),
        ("resnext50_32x4d", "torchvision ResNeXt-50 4x4d", 8),
    ]:
        yield name, convolutional(name, "fc", 64, divisor, title)
    yield "resnet50_without_head", convolutional(
        "resnet50", "fc", (64, 96), 8, "torchvision ResNet-50", without_head=True)
    yield "moco_resnet50", convolutional(
        "resnet50", "fc", 64, 8, "torchvision ResNet-50", classes=16,
        rename=lambda name: "module.encoder_q." + name)


def scale_branches(state):
    """Residual branches small beside what they are added to, as in trained networks."""


def make(name, build):
    model, features, size, facts = build()
    model.eval()
    state = {facts["rename"](key): list(tensor.shape) for key, tensor in model.state_dict().items()
             if not (facts.get("left_out") and key.startswith(facts["left_out"]))}
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            if tensor.dtype == torch.float32:
                tensor.copy_(torch.from_numpy(value(facts["rename"](key), list(tensor.shape))))
    height, width = size if isinstance(size, tuple) else (size, size)
    images = uniform("images", EXAMPLES * height * width * 3).astype(np.float32)
    images = torch.from_numpy(images.reshape(EXAMPLES, height, width, 3)).permute(0, 3, 1, 2)
    with torch.no_grad():
        single = features(images).flatten(1).numpy()
        model.double()
        result = features(images.double()).flatten(1).numpy()
    spread = np.abs(single - result).max() / np.abs(result).max()
    print(f"{name}: {result.shape[1]} features up to {np.abs(result).max():.2g}, "
          f"single precision {spread:.1e} from double, example 0 and 1 differ by "
          f"{np.abs(result[0] - result[1]).max() / np.abs(result).max():.1e}")
    fixture = {
        "versions": versions(), "title": facts["title"], "size": [height, width],
        "arrays": [[key, *shape] for key, shape in state.items()],
        "width": result.shape[1],
        "features": [float(np.float32(x)) for x in result.ravel()],
    } | facts.get("more", {})
    text = json.dumps(fixture, separators=(",", ":"))
    (HERE / f"{name}.json").write_text(text.replace("],[", "],\n[") + "\n")


def versions():
    from importlib.metadata import version
    return {package: version(package) for package in
            ["torch", "torchvision", "timm", "open_clip_torch", "transformers", "numpy"]}


for name, build in networks():
    if len(sys.argv) == 1 or any(word in name for word in sys.argv[1:]):
        make(name, build)
