extension Notebook {
  /// The cell that all other cells of a run's notebook need.
  ///
  /// - Parameter tables: The folder of the tables, as seen from the notebook.
  static func setup(tables: String) -> Cell {
    .code(
      #"""
      from pathlib import Path

      import matplotlib.pyplot as plt
      import numpy as np
      import pandas as pd
      from IPython.display import HTML, display

      %matplotlib inline

      TABLES = Path(\#(JSONText.text(tables).rendered()))
      plt.rcParams.update({
          "axes.grid": True, "axes.spines.right": False, "axes.spines.top": False,
          "figure.constrained_layout.use": True, "figure.dpi": 80, "font.size": 10, "grid.color": "0.9",
          "legend.fontsize": 9, "legend.frameon": False,
      })
      # Colours that people with colour-blindness tell apart (Okabe and Ito).
      ROLES = {"ID": "#0072B2", "OOD": "#D55E00"}


      def read(name):
          """A table of the run. Only an empty field is a missing value."""
          return pd.read_csv(TABLES / f"{name}.csv", keep_default_na=False, na_values=[""])


      def show(frame):
          """A table without the index, with its text in full."""
          with pd.option_context("display.max_colwidth", None):
              display(HTML(frame.to_html(index=False, na_rep="", justify="left", border=0)))


      def number(value):
          """Three significant digits."""
          return f"{value:.3g}"


      def with_interval(value, lower, upper):
          """A number with its interval, where there are such."""
          if pd.isna(value):
              return "undefined"
          interval = "" if pd.isna(lower) else f" [{number(lower)}, {number(upper)}]"
          return number(value) + interval


      def some(names, most=9):
          """The different names in order; evenly spaced ones among them when there are many."""
          names = list(dict.fromkeys(names))
          places = np.linspace(0, len(names) - 1, min(len(names), most)).round().astype(int)
          return [names[place] for place in places]


      def panels(count, width=3.4, height=3.0, columns=3, sharey=False):
          """A figure with that many axes, in rows of at most `columns`."""
          columns = min(count, columns)
          rows = -(-count // columns)
          figure, grid = plt.subplots(
              rows, columns, figsize=(width * columns, 0.4 + height * rows), squeeze=False,
              sharey=sharey,
          )
          for unused in grid.flat[count:]:
              unused.set_visible(False)
          return figure, list(grid.flat[:count])


      def null_band(axes, rows):
          """The share of a random change by k/d, with the band of 95 % of random rotations."""
          null = rows.groupby("fraction")[["null_lower", "null_upper"]].mean().sort_index()
          # Nothing and everything are no matter of chance.
          x = [0, *null.index, 1]
          axes.fill_between(
              x, [0, *100 * null.null_lower, 100], [0, *100 * null.null_upper, 100], color="0.88",
              linewidth=0,
          )
          axes.plot([0, 1], [0, 100], color="0.5", linewidth=1)
          axes.set_xlabel("k/d")
      """#)
  }

  /// The cells that end a run's notebook.
  static let listOfTables: [Cell] = [
    .markdown(
      #"""
      ## All tables

      `dictionary.csv` and `README.md` beside the tables say what every column means.
      """#),
    .code(
      #"""
      show(pd.DataFrame([
          {"table": path.name, "rows": len(read(path.stem))} for path in sorted(TABLES.glob("*.csv"))
      ]))
      """#),
  ]

  /// `text` as Markdown that shows it, in one line.
  static func escaped(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
        result.append(" ")
      } else {
        if "\\`*_{}[]<>#|&~$".unicodeScalars.contains(scalar) { result.append("\\") }
        result.append(scalar)
      }
    }
    return String(result)
  }

  /// What a record says under `name`, as Markdown.
  static func escaped(_ record: JSONText?, _ name: String) -> String {
    escaped(record?[name]?.text ?? "unknown")
  }
}
