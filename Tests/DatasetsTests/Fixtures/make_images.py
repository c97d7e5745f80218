#!/usr/bin/env python3
"""Writes images of every kind that is read, with what Pillow and torchvision make of them.

`images/` holds the files. `images.npz` holds, for each, Pillow's `convert("RGB")` under the file's name, and for
`rgb.jpg` what torchvision's transforms make of it, under names that say which; each array is 1 x height x width x 3.
`images.json` says who wrote them, and in which order torchvision's ImageFolder lists some names.
"""
import json
import os
import pathlib
import struct
import sys
import tempfile
import zlib

import numpy as np
import PIL
import torchvision
from PIL import Image, features
from torchvision import datasets, transforms
from torchvision.transforms import InterpolationMode

folder = pathlib.Path(__file__).parent
images = folder / "images"
rng = np.random.default_rng(7)
height, width = 29, 37
y, x = np.mgrid[0:height, 0:width]
smooth = np.stack([x * 6.9, y * 8.7, 255 - x * 3 - y * 4], -1)
rgb = np.clip(smooth + rng.normal(0, 25, smooth.shape), 0, 255).astype(np.uint8)
grey = rgb[..., 0]
picture = Image.fromarray(rgb)

picture.save(images / "rgb.jpg", quality=80)
picture.save(images / "rgb444.jpg", quality=95, subsampling=0)
picture.save(images / "rgb422.jpg", quality=70, subsampling=1)
picture.save(images / "progressive.jpg", quality=85, progressive=True)
picture.save(images / "keep_rgb.jpg", quality=85, keep_rgb=True)
Image.fromarray(grey).save(images / "grey.jpg", quality=80)
picture.convert("CMYK").save(images / "cmyk.jpg", quality=85)
exif = Image.Exif()
exif[0x0112] = 6
picture.save(images / "turned.jpg", quality=80, exif=exif)

picture.save(images / "rgb.png")
alpha = Image.fromarray(np.uint8(x * 7 % 256))
with_alpha = picture.copy()
with_alpha.putalpha(alpha)
with_alpha.save(images / "rgba.png")
Image.fromarray(grey).save(images / "grey.png")
Image.merge("LA", (Image.fromarray(grey), alpha)).save(images / "grey_alpha.png")
Image.fromarray(grey > 100).save(images / "one_bit.png")
picture.quantize(16).save(images / "palette.png")
picture.quantize(3).save(images / "palette_two_bits.png", bits=2)
picture.quantize(9).save(images / "palette_transparent.png", transparency=2)
picture.save(images / "colour_key.png", transparency=(10, 20, 30))
Image.fromarray(grey.astype(np.uint16) * 3).save(images / "grey16.png")


def png(name, depth, colour, rows, interlaced=False):
    """A PNG file from packed rows, for kinds that Pillow does not write."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    (images / name).write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b""))


deep = (rgb.astype(">u2") * 257 - rng.integers(0, 9, rgb.shape)).astype(">u2")
png("rgb16.png", 16, 2, [row.tobytes() for row in deep])
four = np.pad(grey // 16, ((0, 0), (0, 1)))
png("grey_four_bits.png", 4, 0, [(row[0::2] * 16 + row[1::2]).astype(np.uint8).tobytes() for row in four])
passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
png("interlaced.png", 8, 2, [row.tobytes() for a, b, c, d in passes for row in rgb[a::c, b::d]], True)

arrays = {}
for path in sorted(images.iterdir()):
    arrays[path.name] = np.asarray(Image.open(path).convert("RGB"))

bilinear, bicubic, nearest = InterpolationMode.BILINEAR, InterpolationMode.BICUBIC, InterpolationMode.NEAREST
source = Image.open(images / "rgb.jpg").convert("RGB")
steps = {
    "bilinear_20_crop_16": [transforms.Resize(20, bilinear), transforms.CenterCrop(16)],
    "bicubic_13_crop_13": [transforms.Resize(13, bicubic), transforms.CenterCrop(13)],
    "bilinear_61_crop_56": [transforms.Resize(61, bilinear), transforms.CenterCrop(56)],
    "bicubic_41": [transforms.Resize(41, bicubic)],
    "bicubic_11x48": [transforms.Resize((11, 48), bicubic)],
    "bilinear_29x12": [transforms.Resize((29, 12), bilinear)],
    "nearest_16x20": [transforms.Resize((16, 20), nearest)],
    "nearest_50x61": [transforms.Resize((50, 61), nearest)],
    "crop_14x21": [transforms.CenterCrop((14, 21))],
    "crop_40x20": [transforms.CenterCrop((40, 20))],
    "bilinear_9_crop_12": [transforms.Resize(9, bilinear), transforms.CenterCrop(12)],
}
for name, step in steps.items():
    arrays[name] = np.asarray(transforms.Compose(step)(source))
np.savez_compressed(folder / "images.npz", **{name: a[None] for name, a in arrays.items()})

names = ["B/2.jpg", "B/10.JPG", "B/a-b/1.png", "B/a/z.jpeg", "B/note.txt", "a/é.png", "a/z.png", "a/Z.png", "_/x.png", "Ä/q.png"]
with tempfile.TemporaryDirectory() as root:
    for name in names:
        os.makedirs(os.path.dirname(f"{root}/{name}"), exist_ok=True)
        pathlib.Path(f"{root}/{name}").write_bytes(b"")
    listed = datasets.ImageFolder(root)
    order = [[os.path.relpath(path, root), label] for path, label in listed.samples]

numbers = np.arange(2 * 3 * 3 * 3).reshape(2, 3, 3, 3).astype(np.uint8)
np.savez(folder / "stored.npz", images=numbers, labels=np.array([1, 0]), names=np.array(["a", "b"]))
np.savez_compressed(folder / "train_test.npz", x_train=numbers, y_train=np.array([[2], [0]]), x_test=numbers[:1], y_test=np.array([1]))

(folder / "images.json").write_text(json.dumps({
    "versions": {"python": sys.version.split()[0], "numpy": np.__version__, "pillow": PIL.__version__,
                 "libjpeg-turbo": features.version("libjpeg_turbo"), "torchvision": torchvision.__version__.split("+")[0]},
    "folder": {"names": names, "order": order},
}, indent=1, ensure_ascii=False) + "\n")
