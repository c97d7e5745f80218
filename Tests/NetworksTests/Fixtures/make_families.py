"""Makes the fixtures of the families of keras.applications, small ones with the families' own blocks.

    python make_families.py     # Keras 2 (tensorflow 2.15), writes families2.json; Keras 3: families3.json

A fixture holds a configuration, a few outputs and no parameters: these are a formula of the layer's
name, the role and the position, which the tests compute too.
"""

import json
import os
import platform

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
layers = keras.layers
applications = keras.applications


def numbers(name, count):
    """Numbers in 0 to 1 that follow from a name: the finaliser of MurmurHash3 over FNV-1a."""
    seed = 2166136261
    for byte in name.encode():
        seed = ((seed ^ byte) * 16777619) & 0xFFFFFFFF
    h = (np.arange(count, dtype=np.uint64) * 0x9E3779B9 + seed) & 0xFFFFFFFF
    h ^= h >> 16
    h = (h * 0x85EBCA6B) & 0xFFFFFFFF
    h ^= h >> 13
    h = (h * 0xC2B2AE35) & 0xFFFFFFFF
    h ^= h >> 16
    return h / 2.0**32


def parameter(layer, role, shape):
    u = numbers(layer + "/" + role, int(np.prod(shape)))
    if len(shape) >= 2:
        fan_in = np.prod(shape[:2]) if role == "depthwise_kernel" else np.prod(shape[:-1])
        u = (u - 0.5) * np.sqrt(18 / fan_in)
    elif role in ("moving_variance", "variance", "gamma"):
        u = 0.5 + u
    else:
        u = (u - 0.5) * 0.4
    return u.astype(np.float32).reshape(shape)


def roles(layer):
    depthwise = layer.__class__.__name__ == "DepthwiseConv2D"
    for weight in layer.weights:
        role = weight.name.split("/")[-1].split(":")[0]
        if layer.__class__.__name__ == "LayerScale":
            role = "gamma"
        yield weight, "depthwise_kernel" if depthwise and role == "kernel" else role


def leaves(model):
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from leaves(layer)
        else:
            yield layer


def plain(config):
    """The configuration without what only training needs."""
    if isinstance(config, dict):
        return {k: plain(v) for k, v in config.items()
                if not k.endswith(("initializer", "regularizer", "constraint", "build_config"))
                and k not in ("registered_name", "trainable")}
    if isinstance(config, list):
        return [plain(v) for v in config]
    return config


def families():
    size = {"input_shape": (32, 32, 3), "weights": None, "classes": 5}
    yield "VGG", keras.Sequential([
        layers.InputLayer(**{("shape" if keras.__version__[0] == "3" else "input_shape"): (16, 16, 3)}),
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.Conv2D(8, 3, padding="same", activation="relu"), layers.MaxPooling2D(2, 2),
        layers.Conv2D(12, 3, padding="same", activation="relu"), layers.MaxPooling2D(2, 2),
        layers.Flatten(), layers.Dense(16, activation="relu"), layers.Dense(5, activation="softmax")])
    yield "MobileNet", applications.MobileNet(alpha=0.1, **size)
    yield "MobileNetV2", applications.MobileNetV2(alpha=0.1, **size)
    yield "MobileNetV3Small", applications.MobileNetV3Small(alpha=0.1, **size)
    yield "MobileNetV3Minimal", applications.MobileNetV3Small(alpha=0.1, minimalistic=True, **size)
    net = module("resnet")
    blocks = {"weights": None, "input_shape": (32, 32, 3), "classes": 5}
    name = "stack_residual_blocks_v1" if hasattr(net, "stack_residual_blocks_v1") else "stack1"
    one = getattr(net, name)
    two = getattr(net, name.replace("v1", "v2").replace("stack1", "stack2"))
    key = "model_name" if name == "stack1" else "name"
    call = {key: "resnet", **blocks}
    yield "ResNet", net.ResNet(
        lambda x: one(one(x, 4, 2, **stride(name), name="conv2"), 8, 2, name="conv3"),
        False, True, **call)
    yield "ResNetV2", net.ResNet(
        lambda x: two(two(x, 4, 2, name="conv2"), 8, 2, **stride(name), name="conv3"),
        True, True, **call)
    dense = module("densenet")
    yield "DenseNet", dense.DenseNet([1, 2, 1, 1], **blocks)
    efficient = module("efficientnet")
    extra = {key: "efficientnet"}
    yield "EfficientNet", efficient.EfficientNet(0.2, 0.3, 32, **extra, **blocks)
    yield "NASNet", module("nasnet").NASNet(
        penultimate_filters=96, num_blocks=1, stem_block_filters=8, input_shape=(32, 32, 3),
        weights=None, classes=5, skip_reduction=False, default_size=32)
    yield "ConvNeXt", module("convnext").ConvNeXt(
        [1, 1, 1, 1], [8, 8, 16, 16], default_size=32, input_shape=(32, 32, 3), weights=None,
        classes=5, classifier_activation="softmax", **{key: "convnext"})


def stride(name):
    return {"stride1": 1}


def module(name):
    import importlib
    for root in ("keras.src.applications.", "keras.applications."):
        try:
            return importlib.import_module(root + name)
        except ImportError:
            continue
    raise ImportError(name)


def main():
    version = keras.__version__
    content = {"versions": {"python": platform.python_version(), "numpy": np.__version__,
                            "keras": version}, "families": {}}
    for name, model in families():
        for layer in leaves(model):
            for weight, role in roles(layer):
                weight.assign(parameter(layer.name, role, tuple(weight.shape)))
            # A normalization computes with copies of its weights.
            if hasattr(layer, "finalize_state"):
                layer.finalize_state()
        shape = (2,) + tuple(model.input_shape[1:])
        inputs = numbers("inputs", int(np.prod(shape))).astype(np.float32).reshape(shape)
        if any(layer.__class__.__name__ in ("Rescaling", "Normalization") for layer in leaves(model)):
            inputs = inputs * np.float32(255)
        last = [layer for layer in model.layers if layer.weights][-1]
        both = keras.Model(model.inputs, [last.input, model.outputs[0]])
        features, outputs = [np.asarray(v) for v in both.predict(inputs, verbose=0)]
        content["families"][name] = {
            "model_config": plain(json.loads(model.to_json())), "scale": float(inputs.max() > 2),
            "features": [float(str(v)) for v in features.astype(np.float32).ravel()],
            "outputs": [float(str(v)) for v in outputs.astype(np.float32).ravel()],
        }
        print(name, model.count_params(), float(np.abs(features).max()), float(np.abs(outputs).max()))
    with open(os.path.join(HERE, f"families{version[0]}.json"), "w") as file:
        json.dump(content, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
