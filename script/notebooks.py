"""What script/notebooks does to notebooks.

    notebooks.py NOTEBOOK…          executes each in place and keeps the outputs
    notebooks.py --check NOTEBOOK…  executes each and keeps nothing
    notebooks.py --same A B         fails unless the cells of both have the same source
    notebooks.py --picture A K P    writes the picture number K (from 0) of an executed notebook to P
"""
import base64
import pathlib
import sys

import nbformat


def execute(path):
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        sys.exit(f"notebooks: {path.name}: a cell fails:\n{error}")
    return notebook


def cleaned(notebook):
    """The notebook without what differs from one machine to another."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type != "code":
            continue
        outputs = []
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                sys.exit(f"notebooks: a cell warns: {output.text}")
            if output.output_type in ("display_data", "execute_result"):
                output.metadata = {}
                # Plots and tables say it all; their Python names are noise.
                if set(output.data) & {"image/png", "text/html"}:
                    output.data.pop("text/plain", None)
            outputs.append(output)
        cell.outputs = outputs
    return notebook


def same(first, second):
    a, b = (nbformat.read(path, as_version=4).cells for path in (first, second))
    if [(c.cell_type, c.source) for c in a] != [(c.cell_type, c.source) for c in b]:
        sys.exit(
            f"notebooks: {second} is not what the command exports now; run script/notebooks again"
        )


def picture(notebook, number, path):
    outputs = [
        output.data["image/png"]
        for cell in nbformat.read(notebook, as_version=4).cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    pathlib.Path(path).write_bytes(base64.b64decode(outputs[int(number)]))


arguments = sys.argv[1:]
if arguments[:1] == ["--same"]:
    same(*arguments[1:])
elif arguments[:1] == ["--picture"]:
    picture(*arguments[1:])
elif arguments[:1] == ["--check"]:
    for name in arguments[1:]:
        cleaned(execute(pathlib.Path(name)))
else:
    for name in arguments:
        path = pathlib.Path(name)
        nbformat.write(cleaned(execute(path)), path)
