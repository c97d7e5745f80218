#!/usr/bin/env python3
"""Times networks of torchvision here and in the tools that people use, one batch of each in turn.

    networks.py BINARY FOLDER [--networks a,b] [--batches 16,32] [--rounds 7] [--threads 2]

BINARY is `network-speed`. Every tool runs in a process of its own and computes a batch when it is asked
to, so that noise of the machine meets all of them alike; medians are printed. A tool that is not
installed is left out with a word. FOLDER keeps random parameters, images, and PyTorch's features.
"""
import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import time

TOOLS = ["torch", "torch-compile", "onnxruntime", "openvino", "openvino-bf16"]
NETWORKS = ["resnet50", "vit_b_16", "mobilenet_v2"]


def network(name):
    """A network of torchvision with random parameters, the statistics included."""
    import torch
    import torchvision
    torch.manual_seed(1)
    model = getattr(torchvision.models, name)(weights=None).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.1)
        elif isinstance(module, torch.nn.MultiheadAttention):
            module.in_proj_bias.data.normal_(0, 0.02)
    if name == "vit_b_16":
        model.class_token.data.normal_(0, 0.02)
        model.encoder.pos_embedding.data.normal_(0, 0.02)
    return model


def without_head(name, model):
    import torch
    setattr(model, {"resnet50": "fc", "mobilenet_v2": "classifier", "vit_b_16": "heads"}[name],
            torch.nn.Identity())
    return model


def parameters(name, model):
    """The parameters in the order and arrangement of the graph that `network-speed` builds."""
    import torch

    def convolution(module):
        kernel = module.weight
        if module.groups > 1:
            return [kernel.permute(2, 3, 0, 1)]
        return [kernel.permute(2, 3, 1, 0)]

    def normalization(module):
        return [module.weight, module.bias, module.running_mean, module.running_var]

    found = []
    if name == "vit_b_16":
        found += [*convolution(model.conv_proj), model.conv_proj.bias, model.class_token,
                  model.encoder.pos_embedding]
        for block in model.encoder.layers:
            attention, mlp = block.self_attention, block.mlp
            found += [block.ln_1.weight, block.ln_1.bias, attention.in_proj_weight.t(),
                      attention.in_proj_bias, attention.out_proj.weight.t(),
                      attention.out_proj.bias, block.ln_2.weight, block.ln_2.bias,
                      mlp[0].weight.t(), mlp[0].bias, mlp[3].weight.t(), mlp[3].bias]
        found += [model.encoder.ln.weight, model.encoder.ln.bias]
        head = model.heads.head
    else:
        for module in model.modules():
            if isinstance(module, torch.nn.Conv2d):
                found += convolution(module)
            elif isinstance(module, torch.nn.BatchNorm2d):
                found += normalization(module)
        head = model.fc if name == "resnet50" else model.classifier[1]
    if name == "resnet50":
        found = in_block_order(model, convolution, normalization)
    return found + [head.weight.t(), head.bias]


def in_block_order(model, convolution, normalization):
    """torchvision registers convolutions and normalisations of a block apart from each other."""
    found = convolution(model.conv1) + normalization(model.bn1)
    for layer in (model.layer1, model.layer2, model.layer3, model.layer4):
        for block in layer:
            for number in (1, 2, 3):
                found += convolution(getattr(block, f"conv{number}"))
                found += normalization(getattr(block, f"bn{number}"))
            if block.downsample is not None:
                found += convolution(block.downsample[0]) + normalization(block.downsample[1])
    return found


def prepare(folder, names):
    import numpy as np
    import torch
    path = os.path.join(folder, "images.f32")
    generator = torch.Generator().manual_seed(2)
    images = torch.randn(4, 3, 224, 224, generator=generator)
    np.ascontiguousarray(images.permute(0, 2, 3, 1).numpy()).tofile(path)
    for name in names:
        model = network(name)
        with torch.no_grad():
            values = [p.detach().contiguous().numpy().ravel() for p in parameters(name, model)]
            np.concatenate(values).astype("f4").tofile(os.path.join(folder, f"{name}.parameters"))
            features = without_head(name, model)(images)
            features.numpy().tofile(os.path.join(folder, f"{name}.features"))


def serve(tool, name, batch, threads):
    """Computes a batch for every line `run` and prints its seconds."""
    import torch
    torch.set_num_threads(threads)
    model = without_head(name, network(name))
    images = torch.randn(batch, 3, 224, 224, generator=torch.Generator().manual_seed(3))
    if tool.startswith("torch"):
        images = images.to(memory_format=torch.channels_last)
        model = model.to(memory_format=torch.channels_last)
        if tool == "torch-compile":
            import torch._inductor.config
            torch._inductor.config.freezing = True
            model = torch.compile(model)

        def run():
            with torch.inference_mode() if tool == "torch" else torch.no_grad():
                model(images)
    else:
        path = f"{name}-{batch}-{os.getpid()}.onnx"

        def export(examples):
            torch.onnx.export(model, examples, path, input_names=["images"], dynamo=False)

        export(images)
        images = images.numpy()
        if tool == "onnxruntime":
            import onnxruntime
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            session = onnxruntime.InferenceSession(path, options,
                                                   providers=["CPUExecutionProvider"])

            def run():
                session.run(None, {"images": images})
        else:
            import openvino
            options = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_NUM_THREADS": threads,
                       "INFERENCE_PRECISION_HINT": "bf16" if tool.endswith("bf16") else "f32"}
            compiled = openvino.Core().compile_model(path, "CPU", options)
            # Throughput mode runs several requests side by side; the batch is shared between them.
            # A vision transformer's graph holds the batch size, so it is made anew for the parts.
            count = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
            if count > 1 and batch % count == 0:
                export(torch.from_numpy(images[:batch // count]))
                compiled = openvino.Core().compile_model(path, "CPU", options)
            else:
                count = 1
            requests = [compiled.create_infer_request() for _ in range(count)]
            parts = [images[i * batch // count:(i + 1) * batch // count] for i in range(count)]

            def run():
                for request, part in zip(requests, parts):
                    request.start_async({0: part})
                for request in requests:
                    request.wait()
    start = time.perf_counter()
    run()
    print("ready", time.perf_counter() - start, flush=True)
    if tool in ("onnxruntime", "openvino", "openvino-bf16"):
        for file in os.listdir("."):
            if file.startswith(path):
                os.remove(file)
    for line in sys.stdin:
        if line.strip() == "run":
            start = time.perf_counter()
            run()
            print(time.perf_counter() - start, flush=True)
        elif line.strip() == "memory":
            with open("/proc/self/status") as status:
                peak = next(line for line in status if line.startswith("VmHWM"))
            print(int(peak.split()[1]) // 1024, flush=True)
        else:
            break


class Served:
    """A tool in a process of its own."""

    def __init__(self, command, threads):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, env=environment)
        self.ready = None
        for line in self.process.stdout:
            if line.startswith("ready"):
                self.ready = [float(word) for word in line.split()[1:]]
                break

    def ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def end(self):
        try:
            self.process.communicate("end\n", timeout=10)
        except (subprocess.TimeoutExpired, BrokenPipeError, ValueError):
            self.process.kill()
            self.process.wait()


def measure(options, name, batch, tools):
    ours = ["f32", "exact", "bf16"] if name == "resnet50" else ["f32", "bf16"]
    commands = {f"anamorph {mode}": [options.binary, options.folder, name, mode, str(batch),
                                     str(options.threads)] for mode in ours}
    for tool in tools:
        commands[tool] = [sys.executable, __file__, "--serve", tool, name, str(batch),
                          str(options.threads)]
    served, times = {}, {}
    for tool, command in commands.items():
        served[tool] = Served(command, options.threads)
        if served[tool].ready is None:
            print(f"  {tool}: left out, it does not run here")
            served.pop(tool).end()
        else:
            times[tool] = []
    for round in range(options.rounds + 1):
        for tool, process in served.items():
            seconds = process.ask("run")
            if round > 0:
                times[tool].append(seconds)
    print(f"{name}, batch {batch}, {options.threads} threads, medians of {options.rounds}:")
    speed = {tool: batch / statistics.median(seconds) for tool, seconds in times.items()}
    for tool, process in served.items():
        note = ""
        if tool.startswith("anamorph"):
            start, error, median = process.ready
            note = f"   start {start:.2f} s, error {error:.1e}, median relative {median:.1e}"
        memory = process.ask("memory")
        print(f"  {tool:16} {speed[tool]:7.2f} images/s {memory:6.0f} MiB{note}")
        process.end()
    best = max((speed[tool] for tool in speed if tool in tools and tool != "openvino-bf16"),
               default=None)
    if best:
        print(f"  f32 / best of them in f32        {speed['anamorph f32'] / best:.2f}")
    if "openvino-bf16" in speed and "anamorph bf16" in speed:
        print(f"  bf16 / OpenVINO bf16             "
              f"{speed['anamorph bf16'] / speed['openvino-bf16']:.2f}")
    sys.stdout.flush()


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--serve":
        serve(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary")
    parser.add_argument("folder")
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--batches", default="16,32")
    parser.add_argument("--tools", default=",".join(TOOLS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    options.folder = os.path.abspath(options.folder)
    globals()["__file__"] = os.path.abspath(__file__)
    for package in ("torch", "torchvision"):
        if importlib.util.find_spec(package) is None:
            sys.exit(f"bench: networks are left out: {sys.executable} has no {package}")
    tools = []
    for tool in options.tools.split(","):
        package = tool.split("-")[0]
        if importlib.util.find_spec(package) is None:
            print(f"{tool}: left out, {package} is not installed")
        else:
            tools.append(tool)
    os.chdir(options.folder)
    names = options.networks.split(",")
    prepare(options.folder, names)
    for name in names:
        for batch in options.batches.split(","):
            measure(options, name, int(batch), tools)


main()
