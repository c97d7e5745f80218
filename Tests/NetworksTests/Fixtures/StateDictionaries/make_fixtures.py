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
import re
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


def value(name, shape, variance=1):
    """The array called `name`, by what its name and rank say it is.

    `variance` is about which running variances lie: less than 1 where gates make values small.
    """
    last = name.split(".")[-1]
    numbers = uniform(name, math.prod(shape))
    if last == "running_var":
        numbers = variance * (1 + 0.5 * numbers)
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
                      rename=lambda name: name, change=lambda model: model, **more):
        def build():
            model = narrowed(change(getattr(models, name)(weights=None)), divisor)
            last = model.get_submodule(head)
            last.weight = torch.nn.Parameter(torch.empty(classes, last.weight.shape[1]))
            last.bias = torch.nn.Parameter(torch.empty(classes))
            return model, without(model, head), size, {
                "title": title, "rename": rename, "more": more,
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
    # The children of a ResNet in torch.nn.Sequential, without and with the pooling among them.
    def children(first, names):
        places = {name: str(place) for place, name in names.items()}
        return lambda name: first + places.get(name.split(".")[0], name.split(".")[0]) + name[
            len(name.split(".")[0]):]

    yield "resnet18_children", convolutional(
        "resnet18", "fc", 64, 8, "torchvision ResNet-18", without_head="fc", rename=children(
            "online_network.encoder.", {0: "conv1", 1: "bn1", 4: "layer1", 5: "layer2",
                                        6: "layer3", 7: "layer4"}))

    def small_stem(model):
        model.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        model.maxpool = torch.nn.Identity()
        return model

    yield "resnet18_children_small", convolutional(
        "resnet18", "fc", 32, 8, "torchvision ResNet-18", without_head="fc", change=small_stem,
        rename=children("f.", {0: "conv1", 1: "bn1", 3: "layer1", 4: "layer2", 5: "layer3",
                               6: "layer4"}))
    yield "resnet34_shortcuts", convolutional(
        "resnet34", "fc", 32, 8, "torchvision ResNet-34", change=small_stem,
        rename=lambda name: "encoder." + name.replace("downsample", "shortcut").replace(
            "fc.", "linear."))
    for name, title, head, size, divisor in [
        ("vgg11", "torchvision VGG-11", "classifier.6", 64, 16),
        ("vgg16_bn", "torchvision VGG-16 BN", "classifier.6", (224, 224), 32),
        ("densenet121", "torchvision DenseNet-121", "classifier", 64, 8),
        ("mobilenet_v2", "torchvision MobileNetV2", "classifier.1", (64, 80), 8),
        ("mobilenet_v3_small", "torchvision MobileNetV3-Small", "classifier.3", 64, 8),
        ("mobilenet_v3_large", "torchvision MobileNetV3-Large", "classifier.3", 64, 8),
        ("efficientnet_b0", "torchvision EfficientNet-B0", "classifier.1", 64, 8),
        ("efficientnet_b5", "torchvision EfficientNet-B5", "classifier.1", 64, 16),
        ("efficientnet_v2_s", "torchvision EfficientNet-V2-S", "classifier.1", 64, 16),
        ("convnext_tiny", "torchvision ConvNeXt-T", "classifier.2", 64, 16),
    ]:
        # Gates make values small; smaller variances make up for it.
        variance = 0.5 if "efficientnet" in name else 0.7 if "v3" in name else 1
        yield name, convolutional(name, head, size, divisor, title, variance=variance)
    yield "densenet169_old_names", convolutional(
        "densenet169", "classifier", 64, 16, "torchvision DenseNet-169",
        rename=lambda name: re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)", r"\1.\2", name))

    yield from transformers()


def transformers():
    import open_clip
    import timm
    import transformers as hf
    from torchvision.models.vision_transformer import VisionTransformer

    def network(title, model, features, size=32, rename=lambda name: name, left_out=None, **more):
        def build():
            torch.manual_seed(0)
            built = model()
            return built, lambda x: features(built, x), size, {
                "title": title, "rename": rename, "left_out": left_out, "more": more}
        return build

    def torchvision_vit():
        return VisionTransformer(
            image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=128, mlp_dim=160,
            num_classes=3)

    def torchvision_features(model, x):
        model.heads = torch.nn.Identity()
        return model(x)

    yield "torchvision_vit", network(
        "torchvision ViT-128/8", torchvision_vit, torchvision_features)
    yield "torchvision_vit_old_names", network(
        "torchvision ViT-128/8", torchvision_vit, torchvision_features,
        rename=lambda name: name.replace("mlp.0.", "mlp.linear_1.").replace(
            "mlp.3.", "mlp.linear_2."))

    def timm_vit(**settings):
        return lambda: timm.models.VisionTransformer(
            img_size=32, patch_size=8, embed_dim=128, depth=2, num_heads=2, num_classes=3,
            **settings)

    def timm_features(model, x):
        return model.forward_head(model.forward_features(x), pre_logits=True)

    for name, settings in [
        ("token", {}), ("mean", {"global_pool": "avg"}),
        ("without_token", {"global_pool": "avg", "class_token": False}),
        ("scaled", {"init_values": 0.1, "no_embed_class": True}),
    ]:
        yield f"timm_vit_{name}", network("timm ViT-128/8", timm_vit(**settings), timm_features)
    yield "dino_vit", network(
        "timm ViT-128/8", timm_vit(), timm_features, left_out="head.",
        rename=lambda name: "teacher.backbone." + name)

    def resampled(model, x):
        grid = model.pos_embed[:, 1:].reshape(1, 4, 4, -1).permute(0, 3, 1, 2)
        grid = torch.nn.functional.interpolate(
            grid, size=(3, 5), mode="bicubic", align_corners=False)
        positions = torch.cat(
            [model.pos_embed[:, :1], grid.permute(0, 2, 3, 1).reshape(1, 15, -1)], dim=1)
        x = model.patch_embed.proj(x).flatten(2).transpose(1, 2)
        x = torch.cat([model.cls_token.expand(len(x), -1, -1), x], dim=1) + positions
        return model.norm(model.blocks(x))[:, 0]

    yield "timm_vit_interpolated", network(
        "timm ViT-128/8", timm_vit(), resampled, size=(24, 40), interpolate=True)

    def clip(gelu=True):
        return lambda: open_clip.model.CLIP(
            embed_dim=24, quick_gelu=not gelu,
            vision_cfg=open_clip.CLIPVisionCfg(
                layers=2, width=128, head_width=64, patch_size=8, image_size=32),
            text_cfg=open_clip.CLIPTextCfg(
                context_length=8, vocab_size=16, width=16, heads=2, layers=1))

    def image_features(model, x):
        return model.encode_image(x)

    def unprojected(model, x):
        model.visual.proj = None
        return model.visual(x)

    yield "clip_vit", network("OpenAI CLIP ViT-128/8", clip(gelu=False), image_features)
    yield "clip_vit_unprojected", network(
        "OpenAI CLIP ViT-128/8", clip(gelu=False), unprojected, projection=False)
    yield "open_clip_vit", network(
        "open_clip ViT-128/8", clip(), image_features, family="clip-vit-gelu")

    def clip_resnet():
        return open_clip.model.CLIP(
            embed_dim=24, quick_gelu=True,
            vision_cfg=open_clip.CLIPVisionCfg(
                layers=(3, 4, 6, 3), width=8, head_width=64, image_size=64),
            text_cfg=open_clip.CLIPTextCfg(
                context_length=8, vocab_size=16, width=16, heads=2, layers=1))

    yield "clip_rn50", network("OpenAI CLIP RN50", clip_resnet, image_features, size=64)

    def hf_clip():
        return hf.CLIPVisionModelWithProjection(hf.CLIPVisionConfig(
            hidden_size=128, intermediate_size=160, num_attention_heads=2, num_hidden_layers=2,
            patch_size=8, image_size=32, projection_dim=24))

    yield "transformers_clip", network(
        "transformers CLIP ViT-128/8", hf_clip, lambda model, x: model(x).image_embeds)

    def hf_vit():
        return hf.ViTForImageClassification(hf.ViTConfig(
            hidden_size=128, intermediate_size=160, num_attention_heads=2, num_hidden_layers=2,
            patch_size=8, image_size=32))

    def hf_features(model, x):
        return model.vit(x).last_hidden_state[:, 0]

    # Convolutional networks under timm's names.
    def timm_convolutional(build, title, size=64, **more):
        def features(model, x):
            return model.forward_head(model.forward_features(x), pre_logits=True)
        return network(title, build, features, size, **more)

    def timm_narrowed(name, divisor, **settings):
        def build():
            model = narrowed(
                timm.create_model(name, pretrained=False, num_classes=3, **settings), divisor)
            head = model.get_classifier()
            model.set_submodule(
                next(name for name, module in model.named_modules() if module is head),
                torch.nn.Linear(head.in_features, 3))
            return model
        return build

    yield "timm_resnet26d", timm_convolutional(
        timm_narrowed("resnet26d", 8), "timm ResNet of 2, 2, 2, 2 bottlenecks", (72, 64))
    yield "timm_resnet50d", timm_convolutional(timm_narrowed("resnet50d", 8), "timm ResNet-50-D")
    yield "timm_mobilenetv2", timm_convolutional(
        timm_narrowed("mobilenetv2_100", 8), "torchvision MobileNetV2", (64, 80))
    yield "timm_convnext", timm_convolutional(
        lambda: timm.models.ConvNeXt(
            depths=(3, 3, 9, 3), dims=(6, 12, 24, 48), num_classes=3),
        "torchvision ConvNeXt-T")
    yield "transformers_vit", network("transformers ViT-128/8", hf_vit, hf_features)
    in_files = [
        ("vit.layers.", "vit.encoder.layer."), ("attention.q_proj", "attention.attention.query"),
        ("attention.k_proj", "attention.attention.key"),
        ("attention.v_proj", "attention.attention.value"),
        ("attention.o_proj", "attention.output.dense"), ("mlp.fc1", "intermediate.dense"),
        ("mlp.fc2", "output.dense"),
    ]

    def name_in_files(name):
        for new, old in in_files:
            name = name.replace(new, old)
        return name

    yield "transformers_vit_in_files", network(
        "transformers ViT-128/8", hf_vit, hf_features, rename=name_in_files)


def make(name, build):
    model, features, size, facts = build()
    model.eval()
    state = {facts["rename"](key): list(tensor.shape) for key, tensor in model.state_dict().items()
             if not (facts.get("left_out") and key.startswith(facts["left_out"]))}
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            if tensor.dtype == torch.float32:
                tensor.copy_(torch.from_numpy(value(
                    facts["rename"](key), list(tensor.shape),
                    facts.get("more", {}).get("variance", 1))))
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


if __name__ == "__main__":
    for name, build in networks():
        if len(sys.argv) == 1 or any(word in name for word in sys.argv[1:]):
            make(name, build)
