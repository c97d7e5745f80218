/// A Jupyter notebook for Python 3, not yet run.
///
/// Written as nbformat 4.5 asks: every cell has an identifier that is unique in the notebook, and
/// source is a list of lines that keep their line feeds.
public struct Notebook: Equatable, Sendable {
  /// One cell.
  public enum Cell: Equatable, Sendable {
    /// Words, in Markdown.
    case markdown(String)

    /// Python.
    case code(String)
  }

  /// The cells, top to bottom.
  public var cells: [Cell]

  /// A notebook with `cells`.
  public init(_ cells: [Cell] = []) { self.cells = cells }

  /// The notebook as JSON.
  public var json: JSONText {
    [
      "cells": .array(cells.enumerated().map { Notebook.json($1, number: $0 + 1) }),
      "metadata": [
        "kernelspec": ["display_name": "Python 3", "language": "python", "name": "python3"],
        "language_info": ["name": "python"],
      ],
      "nbformat": 4,
      "nbformat_minor": 5,
    ]
  }

  /// The content of the `.ipynb` file.
  public var text: String { json.rendered() + "\n" }

  private static func json(_ cell: Cell, number: Int) -> JSONText {
    switch cell {
    case .markdown(let source):
      [
        "cell_type": "markdown", "id": .text("cell-\(number)"), "metadata": [:],
        "source": lines(source),
      ]
    case .code(let source):
      [
        "cell_type": "code", "execution_count": nil, "id": .text("cell-\(number)"),
        "metadata": [:], "outputs": [], "source": lines(source),
      ]
    }
  }

  private static func lines(_ source: String) -> JSONText {
    var lines: [JSONText] = []
    var line = String.UnicodeScalarView()
    for scalar in source.unicodeScalars {
      line.append(scalar)
      if scalar == "\n" {
        lines.append(.text(String(line)))
        line = String.UnicodeScalarView()
      }
    }
    if !line.isEmpty { lines.append(.text(String(line))) }
    return .array(lines)
  }
}
