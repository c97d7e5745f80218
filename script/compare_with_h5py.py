"""Compares what the package read of the files in a folder with what h5py reads.

    python compare_with_h5py.py FOLDER VALUES [TABLE.tsv]

VALUES is the folder that `script/compare-with-h5py` had filled. Each file is opened in a process of
its own with a limit of time, as some of them stop the library or keep it busy.
"""

import collections
import multiprocessing
import os
import sys

import h5py
import numpy as np


def datasets(group, seen, depth=0):
    """Every dataset below `group`, by hard links only, a group that holds itself once."""
    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            continue
        try:
            thing = group[name]
        except Exception as error:
            yield group.name.rstrip("/") + "/" + name, None, error
            continue
        if isinstance(thing, h5py.Group):
            key = h5py.h5o.get_info(thing.id).addr
            if key not in seen and depth < 50:
                yield from datasets(thing, seen | {key}, depth + 1)
        elif isinstance(thing, h5py.Dataset):
            yield thing.name, thing, None


def text(value):
    return value if isinstance(value, bytes) else str(value).encode()


def same(dataset, kind, place):
    """Whether the values in the file `place` are those of `dataset`."""
    values = dataset[()]
    with open(place, "rb") as f:
        stored = f.read()
    if kind == "text":
        mine = [part for part in stored.split(b"\0")[:-1]]
        theirs = [text(v).rstrip(b"\0") for v in np.asarray(values).reshape(-1)]
        if h5py.check_string_dtype(dataset.dtype) and dataset.id.get_type().get_strpad() == 2:
            theirs = [v.rstrip(b" ") for v in theirs]
        return mine == [v.split(b"\0")[0] for v in theirs]
    mine = np.frombuffer(stored, {"i8": "<i8", "u8": "<u8", "u1": "u1", "f8": "<f8"}[kind])
    theirs = np.asarray(values)
    if theirs.dtype.kind == "V":
        theirs = (theirs.view("<u2").astype("<u4") << 16).view("<f4")
    theirs = theirs.astype(mine.dtype).reshape(-1)
    return mine.shape == theirs.shape and np.array_equal(mine, theirs, equal_nan=kind == "f8")


def examine(path, read, results):
    """What h5py makes of the datasets of `path` beside what `read` says of them."""
    try:
        with h5py.File(path, "r") as f:
            for name, dataset, error in datasets(f, {h5py.h5o.get_info(f.id).addr}):
                if error is None:
                    try:
                        dataset[()]
                        outcome = "read"
                    except Exception as failure:
                        outcome, error = "refused", failure
                else:
                    outcome = "refused"
                kind, what = read.get(name, ("not listed", ""))
                if outcome == "refused":
                    verdict = "refused by both" if kind in ("refused", "not listed") else "read here only"
                elif kind in ("refused", "null", "not listed"):
                    verdict = {"refused": "refused here", "null": "no values"}.get(kind, kind)
                else:
                    verdict = "same values" if same(dataset, kind, what) else "OTHER VALUES"
                detail = what if kind == "refused" else ""
                facts = ""
                if dataset is not None:
                    facts = f"{dataset.shape} {dataset.dtype}"
                results.append((name, facts, verdict, detail))
    except Exception as error:
        results.append(("", "", "not opened", str(error).split("\n")[0]))


def main():
    folder, values = sys.argv[1:3]
    table = sys.argv[3] if len(sys.argv) > 3 else None
    read = collections.defaultdict(dict)
    with open(os.path.join(values, "index.tsv")) as f:
        for line in f:
            name, path, kind, what = line.rstrip("\n").split("\t")
            read[name][path] = (kind, what)
    counts = collections.Counter()
    lines = []
    for name in sorted(read):
        here = read[name].get("", ("", ""))
        with multiprocessing.Manager() as manager:
            results = manager.list()
            process = multiprocessing.Process(
                target=examine, args=(os.path.join(folder, name), read[name], results))
            process.start()
            process.join(20)
            stopped = process.is_alive()
            if stopped:
                process.kill()
            process.join()
            found = list(results)
            if stopped or process.exitcode:
                found.append(("", "", "h5py stopped", f"status {process.exitcode}"))
        for path, facts, verdict, detail in found:
            if verdict in ("refused here", "not listed") and here[0] == "refused":
                verdict, detail = "file refused here", here[1]
            if verdict == "not opened":
                verdict = "not opened by either" if here[0] == "refused" else "opened here only"
                detail = f"h5py: {detail}; here: {here[1]}"
            counts[verdict] += 1
            lines.append((name, path, facts, verdict, detail))
            if verdict in ("OTHER VALUES", "not listed"):
                print("\t".join((name, path, facts, verdict, detail)))
    for verdict, count in counts.most_common():
        print(f"{count:6d}  {verdict}")
    if table:
        with open(table, "w") as f:
            f.write("file\tdataset\tshape and type\toutcome\tdetail\n")
            for line in lines:
                f.write("\t".join(part.replace("\n", " ") for part in line) + "\n")
    sys.exit(1 if counts["OTHER VALUES"] else 0)


main()
