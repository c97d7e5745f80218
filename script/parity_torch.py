#!/usr/bin/env python3
"""Compares `anamorph features` with PyTorch on full-size networks with random weights.

    script/parity_torch.py                       every network, as one table
    script/parity_torch.py resnet50 clip         those whose names contain one of the words
    script/parity_torch.py --list
    script/parity_torch.py efficientnet --images scenes
    script/parity_torch.py efficientnet --weights initial
    script/parity_torch.py efficientnet_b5 --draws 20 --float32

For each network: random weights and batch normalisations near what the layers see, written as
.safetensors (every third one as HDF5, through h5py); images of noise; the penultimate features of
both. The reference is what PyTorch computes in double precision: in deep networks its single precision
is no nearer to that than ours. The error is the largest difference over the largest value, with direct
kernels, with Winograd's algorithm where it is faster, and of PyTorch's own single precision; for
bfloat16, on processors that have it, it is the median of the differences over the values, ours and
PyTorch's own. With several draws of weights and images, each figure is the median over them: with some,
deep networks lose all digits, PyTorch's and ours. Needs torch, torchvision, timm, open_clip_torch,
transformers, safetensors, h5py; what is missing is said and its networks are left out. Exits with 1 when
an error is above the bound and above twice PyTorch's own.
"""

import argparse
import gc
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch

# With direct kernels, and with Winograd's algorithm, which is used unless --exact is given.
BOUND, WINOGRAD_BOUND = 1e-5, 2e-4
# The median in bfloat16, which is measured here beside Float64 and there beside Float32.
HALF_BOUND = 1.02e-2
# What `anamorph` says of bfloat16 where the processor has none.
REFUSED = "this processor does not multiply numbers"


def torchvision_networks():
    import torchvision.models as models

    def network(name, features):
        return lambda: (getattr(models, name)(weights=None), features, None, [])

    def pooled(model, x):
        return model.avgpool(model.features(x)).flatten(1)

    def resnet(model, x):
        fc, model.fc = model.fc, torch.nn.Identity()
        result = model(x)
        model.fc = fc
        return result

    def before_last(model, x):
        return model.classifier[:-1](model.avgpool(model.features(x)).flatten(1))

    def densenet(model, x):
        return torch.relu(model.features(x)).mean((2, 3))

    def mobilenet2(model, x):
        return model.features(x).mean((2, 3))

    def convnext(model, x):
        return model.classifier[:-1](model.avgpool(model.features(x)))

    def transformer(model, x):
        heads, model.heads = model.heads, torch.nn.Identity()
        result = model(x)
        model.heads = heads
        return result

    names = {
        resnet: [
            "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "wide_resnet50_2",
            "wide_resnet101_2", "resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d"],
        before_last: [
            "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn",
            "mobilenet_v3_small", "mobilenet_v3_large"],
        densenet: ["densenet121", "densenet161", "densenet169", "densenet201"],
        mobilenet2: ["mobilenet_v2"],
        pooled: [f"efficientnet_b{i}" for i in range(8)]
        + ["efficientnet_v2_s", "efficientnet_v2_m", "efficientnet_v2_l"],
        convnext: ["convnext_tiny", "convnext_small", "convnext_base", "convnext_large"],
        transformer: ["vit_b_16", "vit_b_32", "vit_l_16", "vit_l_32", "vit_h_14"],
    }
    for features, members in names.items():
        for name in members:
            yield f"torchvision {name}", network(name, features)


def timm_networks():
    import timm

    def features(model, x):
        return model.forward_head(model.forward_features(x), pre_logits=True)

    def network(name, **settings):
        return lambda: (timm.create_model(name, pretrained=False, **settings), features, None, [])

    for size in ["tiny", "small", "base", "large"]:
        yield f"timm vit_{size}_patch16_224", network(f"vit_{size}_patch16_224")
    yield "timm vit_base_patch32_224", network("vit_base_patch32_224")
    yield "timm vit_base_patch16_224 averaged", network("vit_base_patch16_224", global_pool="avg")
    yield "timm vit_base_patch16_224 without class token", network(
        "vit_base_patch16_224", class_token=False, global_pool="avg")
    yield "timm vit_small_patch14_dinov2", network("vit_small_patch14_dinov2")
    for name in ["resnet50", "resnet50d", "mobilenetv2_100", "convnext_tiny"]:
        yield f"timm {name}", network(name)


def clip_networks():
    import open_clip

    for name, size in [
        ("ViT-B-32-quickgelu", "ViT-B/32"), ("ViT-B-16-quickgelu", "ViT-B/16"),
        ("ViT-L-14-quickgelu", "ViT-L/14"), ("RN50-quickgelu", "RN50"),
        ("RN101-quickgelu", "RN101"),
    ]:
        def projected(name=name):
            model = open_clip.create_model(name, pretrained=None)
            return model, lambda model, x: model.encode_image(x), None, []

        def unprojected(name=name):
            model = open_clip.create_model(name, pretrained=None)

            def features(model, x):
                projection, model.visual.proj = model.visual.proj, None
                result = model.visual(x)
                model.visual.proj = projection
                return result

            return model, features, None, ["--without-projection"]

        yield f"CLIP {size}", projected
        if not size.startswith("RN"):
            yield f"CLIP {size} without projection", unprojected
    def gelu():
        model = open_clip.create_model("ViT-B-32", pretrained=None)
        return model, lambda model, x: model.encode_image(x), None, [
            "--family", "clip-vit-gelu"]
    yield "open_clip ViT-B/32 (GELU)", gelu


def transformers_networks():
    import transformers as hf

    def clip():
        model = hf.CLIPVisionModelWithProjection(hf.CLIPVisionConfig(
            hidden_size=768, intermediate_size=3072, num_attention_heads=12, num_hidden_layers=12,
            patch_size=16, image_size=224, projection_dim=512))
        return model, lambda model, x: model(x).image_embeds, None, []

    def clip_without_projection():
        model = hf.CLIPVisionModel(hf.CLIPVisionConfig(
            hidden_size=768, intermediate_size=3072, num_attention_heads=12, num_hidden_layers=12,
            patch_size=32, image_size=224))
        return model, lambda model, x: model(x).pooler_output, None, []

    def vit():
        model = hf.ViTForImageClassification(hf.ViTConfig(num_labels=10))
        return model, lambda model, x: model.vit(x).last_hidden_state[:, 0], None, []

    yield "transformers CLIPVisionModelWithProjection B/16", clip
    yield "transformers CLIPVisionModel B/32", clip_without_projection
    yield "transformers ViTForImageClassification B/16", vit


def self_supervised_networks():
    import torchvision.models as models

    def backbone(model, x):
        fc, model.fc = model.fc, torch.nn.Identity()
        result = model(x)
        model.fc = fc
        return result

    def moco():
        torch.manual_seed(1)
        model = models.resnet50(num_classes=128)
        model.fc = torch.nn.Sequential(
            torch.nn.Linear(2048, 2048), torch.nn.ReLU(), model.fc)

        def state(model):
            own = model.state_dict()
            names = {f"module.encoder_q.{k}": v for k, v in own.items()}
            names |= {f"module.encoder_k.{k}": v * 0.5 for k, v in own.items()}
            return names | {"module.queue": torch.zeros(128, 64),
                            "module.queue_ptr": torch.zeros(1, dtype=torch.int64)}

        return model, backbone, state, []

    def simclr():
        model = models.resnet50()

        def state(model):
            return {f"backbone.{k}": v for k, v in model.state_dict().items()
                    if not k.startswith("fc.")} | {"projector.0.weight": torch.zeros(8, 2048)}

        return model, backbone, state, []

    def moco3():
        torch.manual_seed(1)
        model = models.resnet50()

        def state(model):
            names = {f"module.base_encoder.{k}": v for k, v in model.state_dict().items()
                     if not k.startswith("fc.")}
            momentum = {k.replace("base", "momentum"): v * 0.5 for k, v in names.items()}
            heads = {f"module.{part}.{k}": torch.ones(8) for part in ["base_encoder.fc", "predictor"]
                     for k in ["0.weight", "1.weight", "1.bias", "1.running_mean", "3.weight"]}
            return names | momentum | heads

        return model, backbone, state, []

    def children():
        model = models.resnet50()
        places = {"conv1": 0, "bn1": 1, "layer1": 4, "layer2": 5, "layer3": 6, "layer4": 7}

        def state(model):
            return {f"backbone.{places[k.split('.')[0]]}.{k.split('.', 1)[1]}": v
                    for k, v in model.state_dict().items() if not k.startswith("fc.")}

        return model, backbone, state, []

    yield "MoCo v2 ResNet-50", moco
    yield "MoCo v3 ResNet-50", moco3
    yield "SimCLR ResNet-50 (children of Sequential)", children
    yield "SimCLR ResNet-50 (backbone.)", simclr


def noise(count, size):
    """Images whose pixels know nothing of each other."""
    return torch.randn(count, 3, size, size)


def scenes(count, size):
    """Images with noise at every scale, as photographs have it, and a brightness and colour each.

    Images of noise come to be all the same deep in a network: batch normalisations then divide by
    what little is left of their differences, and rounding errors grow with that.
    """
    images = torch.zeros(count, 3, size, size)
    side = size
    while side >= 1:
        images += torch.nn.functional.interpolate(
            torch.randn(count, 3, side, side), size=(size, size), mode="bilinear")
        side //= 2
    return images / images.std()


def prepare(model, size, images, weights):
    """Random batch normalisations near what the layers see; positions and scales that matter.

    With `initial` weights only the statistics of batch normalisations are not what the framework's own
    initialisation makes them.
    """
    model.train()
    norms = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    if weights == "hard":
        harden(model, norms)
    if norms:
        for norm in norms:
            norm.momentum = 1.0
        with torch.no_grad():
            getattr(model, "visual", model)(images(8 if images is scenes else 4, size))
        for norm in norms:
            norm.running_mean += 0.1 * norm.running_var.sqrt() * torch.randn_like(norm.running_mean)
            norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.7, 1.4)
    model.eval()


def harden(model, norms):
    """Scales, shifts, positions and tokens at random, far from where they begin."""
    for name, parameter in model.named_parameters():
        with torch.no_grad():
            if parameter.dim() == 1 and "weight" in name.split(".")[-1]:
                parameter.uniform_(0.6, 1.4)
            elif parameter.dim() == 1:
                parameter.normal_(0, 0.1)
            elif "layer_scale" in name or "gamma" in name.split(".")[-1]:
                parameter.uniform_(0.2, 0.6)
            elif "embed" in name or "token" in name:
                parameter.normal_(0, 0.3)
    # The branches of residual blocks come to be small beside what they are added to; without that,
    # a deep network at random multiplies rounding errors a thousandfold, PyTorch's own too.
    kinds = ("BasicBlock", "Bottleneck", "InvertedResidual", "MBConv", "FusedMBConv")
    blocks = [module for module in model.modules() if type(module).__name__ in kinds]
    for block in blocks:
        downsample = getattr(block, "downsample", None)
        beside = list(downsample.modules()) if downsample is not None else []
        last = [m for m in block.modules() if m in norms and m not in beside][-1]
        last.weight.data *= len(blocks) ** -0.5


def image_size(model, name):
    for place in [model, getattr(model, "visual", None), getattr(model, "patch_embed", None)]:
        for key in ["image_size", "img_size"]:
            size = getattr(place, key, None)
            if size:
                return size[0] if isinstance(size, (tuple, list)) else size
    efficientnet = [224, 240, 288, 300, 380, 456, 528, 600]
    for index, size in enumerate(efficientnet):
        if f"efficientnet_b{index}" in name:
            return size
    return {"efficientnet_v2_s": 384, "efficientnet_v2_m": 480, "efficientnet_v2_l": 480}.get(
        name.split()[-1], 224)


def write(state, path):
    state = {name: value.contiguous().clone() for name, value in state.items()}
    if path.suffix == ".h5":
        import h5py
        with h5py.File(path, "w") as file:
            for name, value in state.items():
                file[name] = value.numpy()
    else:
        from safetensors.torch import save_file
        save_file(state, path)


def largest(found, expected):
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def median(found, expected):
    return float(np.median(np.abs(found - expected) / np.abs(expected).clip(1e-30)))


def compare(command, name, build, folder, seed, examples, kind, weights, halves):
    import h5py
    torch.manual_seed(seed)
    model, features, state, arguments = build()
    size = image_size(model, name)
    # CLIP's ResNets pool with positions for one size.
    prepare(model, size if name.startswith("CLIP") else min(size, 160), kind, weights)
    checkpoint = folder / ("network.h5" if seed % 3 == 2 else "network.safetensors")
    write(state(model) if state else model.state_dict(), checkpoint)
    if kind is scenes:
        images = scenes(examples, size).permute(0, 2, 3, 1).contiguous().numpy()
    else:
        images = np.random.default_rng(seed).standard_normal(
            (examples, size, size, 3), np.float32)
    np.save(folder / "images.npy", images)
    with torch.no_grad():
        inputs = torch.from_numpy(images).permute(0, 3, 1, 2)
        reference = features(model, inputs).numpy()
        try:
            exact = features(model.double(), inputs.double()).numpy()
            own = largest(reference, exact)
        except RuntimeError:  # a layer that keeps to single precision
            exact, own = reference, None
        own_half = None
        if halves:
            try:
                half = features(model.bfloat16(), inputs.bfloat16()).float().numpy()
                own_half = median(half, exact)
            except RuntimeError:  # an operation that PyTorch has not in bfloat16
                pass
    parameters = sum(p.numel() for p in model.parameters())
    del model
    gc.collect()
    errors = []
    message = ""
    modes = [["--exact"], []] + ([["--precision", "bf16"]] if halves else [])
    for mode in modes:
        result = subprocess.run(
            [command, "features", checkpoint, "--data", folder / "images.npy",
             "-o", folder / "f.h5", "--batch-size", str(examples), *mode, *arguments],
            capture_output=True, text=True)
        if result.returncode != 0:
            # Only a processor without bfloat16 is no failure.
            if "bf16" not in mode or REFUSED not in result.stderr:
                message = result.stderr.strip() or f"ended with {result.returncode}"
            break
        with h5py.File(folder / "f.h5") as file:
            found = file["features"][:]
        (folder / "f.h5").unlink()
        if found.shape != reference.shape:
            message = f"{found.shape} features"
            break
        if "bf16" in mode:
            errors.append(median(found, exact))
        else:
            errors.append(largest(found, exact))
    checkpoint.unlink()
    return size, parameters, reference.shape[1], errors, (own, own_half), message


def middle(figures):
    """The median of the numbers that there are, if any."""
    figures = [figure for figure in figures if figure is not None]
    return float(np.median(figures)) if figures else None


def compare_draws(command, name, build, seeds, *settings):
    """The medians of what `compare` finds with each seed."""
    results = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            results.append(compare(command, name, build, pathlib.Path(folder), seed, *settings))
        gc.collect()
    pairs = [(errors[0], own) for _, _, _, errors, (own, _), _ in results if errors and own]
    if len(seeds) > 1 and pairs:
        ratio = np.exp(np.mean([np.log(ours / theirs) for ours, theirs in pairs]))
        above = [sum(errors > BOUND for errors in each) for each in zip(*pairs)]
        print(f"{name}: above the bound in {above[0]} of {len(pairs)} draws, PyTorch in {above[1]}; "
              f"geometric mean of the errors' ratios {ratio:.2f}", file=sys.stderr)
    size, parameters, width, errors, _, _ = results[0]
    errors = [middle(result[3][mode] if mode < len(result[3]) else None for result in results)
              for mode in range(len(errors))]
    own = tuple(middle(result[4][kind] for result in results) for kind in range(2))
    message = next((result[5] for result in results if result[5]), "")
    return size, parameters, width, errors, own, message


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("words", nargs="*", help="parts of the names of the networks wanted")
    arguments.add_argument("--list", action="store_true", help="only print the names")
    arguments.add_argument("--examples", type=int, default=2)
    arguments.add_argument(
        "--images", choices=["noise", "scenes"], default="noise",
        help="pixels without relation, or with noise at every scale, as photographs have it")
    arguments.add_argument(
        "--weights", choices=["hard", "initial"], default="hard",
        help="far from where training begins, or as the framework initialises them")
    arguments.add_argument(
        "--draws", type=int, default=1, help="draws of weights and images, of which to take medians")
    arguments.add_argument("--float32", action="store_true", help="leave out bfloat16")
    arguments.add_argument("--command", default=os.environ.get("ANAMORPH", ".build/release/anamorph"))
    arguments.add_argument("--start", type=int, default=0, help="the first network of the list")
    options = arguments.parse_args()
    if options.draws < 1:
        arguments.error(f"--draws {options.draws}: at least one is needed")
    networks = []
    for group in [torchvision_networks, clip_networks, timm_networks, transformers_networks,
                  self_supervised_networks]:
        try:
            networks += list(group())
        except ImportError as error:
            print(f"left out {group.__name__.removesuffix('_networks')}: {error}", file=sys.stderr)
    words = [word.lower() for word in options.words]
    failed = 0
    if not options.list:
        print("| network | input | parameters | features | --exact | Winograd allowed | PyTorch's own "
              "| bf16, median | PyTorch's own |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for index, (name, build) in enumerate(networks):
        if index < options.start or words and not any(word in name.lower() for word in words):
            continue
        if options.list:
            print(name)
            continue
        size, count, width, errors, (own, own_half), message = compare_draws(
            options.command, name, build, [index + 1000 * draw for draw in range(options.draws)],
            options.examples, {"noise": noise, "scenes": scenes}[options.images], options.weights,
            not options.float32)
        # Where PyTorch's own single precision is further off, twice its error.
        allowed = max(BOUND, 2 * (own or 0))
        bad = (bool(message) or len(errors) < 2 or not errors[0] <= allowed
               or not errors[1] <= max(WINOGRAD_BOUND, allowed)
               or len(errors) == 3 and not errors[2] <= HALF_BOUND)
        failed += bad
        figures = [f"{error:.1e}" for error in errors] + ["", "", ""]
        figures.insert(2, "" if own is None else f"{own:.1e}")
        figures = figures[:4] + ["" if own_half is None else f"{own_half:.1e}"]
        figures = message or " | ".join(figures)
        print(f"| {name}{' **above the bound**' if bad else ''} | {size}×{size} "
              f"| {count / 1e6:.1f} M | {width} | {figures} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
