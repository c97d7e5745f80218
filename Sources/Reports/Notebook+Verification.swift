extension Notebook {
  /// The notebook of a run of `verify`.
  ///
  /// - Parameters:
  ///   - record: What `run.json` says.
  ///   - tables: The folder of the tables, as seen from the notebook.
  static func verification(record: JSONText, tables: String) -> Notebook {
    let experiments = record["experiments"]?.elements ?? []
    let names = experiments.map { escaped($0, "name") }.joined(separator: ", ")
    let list = experiments.map { experiment in
      let seeds = experiment["seeds"]?.elements?.count ?? 0
      return "- **\(escaped(experiment, "name"))**, \(seeds) seed\(seeds == 1 ? "" : "s"): "
        + escaped(experiment, "title")
    }.joined(separator: "\n")
    let head = Cell.markdown(
      """
      # What fine-tuning changes: \(names)

      \(list)

      Tables and notebook are from a run of `anamorph verify`, version \(escaped(record, "version")). Each seed pretrains
      a network (or reads one), then adapts it by a linear probe (LP), by fine-tuning (FT), and by fine-tuning from the
      linear probe (LP-FT). Everything below is computed from the tables beside this notebook.
      """)
    return Notebook(
      [head, setup(tables: tables), verificationSetup] + verdictsAndAccuracy + weightsOfMethods
        + featuresOfMethods + listOfTables)
  }

  private static let verificationSetup = Cell.code(
    #"""
    METHODS = ["LP", "FT", "LP-FT", "FT, rate of LP-FT", "FT, oracle stop", "FT, 0 steps"]
    COLOURS = dict(zip(METHODS, ["#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#7F7F7F"]))
    MARKERS = dict(zip(METHODS, ["o", "s", "D", "^", "v", "x"]))


    def methods_in(frame, without=("FT, 0 steps",)):
        """The methods that a table has rows of, in the usual order."""
        return [m for m in METHODS if m in set(frame.method) and m not in without]


    def seed_dots(axes, x, values, method):
        """A small dot for each seed."""
        axes.plot(
            [x] * len(values), values, MARKERS[method], color=COLOURS[method], markersize=3.5,
            alpha=0.45, markeredgewidth=0,
        )


    def legend(axes, methods):
        """What the colours mean, beside the plot."""
        handles = [
            plt.Line2D([], [], color=COLOURS[m], marker=MARKERS[m], linestyle="none", label=m)
            for m in methods
        ]
        axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1, 0.5))


    def band(axes, groups, colour, label=None):
        """The median of each group as a line, the whole range as a band."""
        middle, low, high = groups.median(), groups.min(), groups.max()
        axes.fill_between(middle.index, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(middle.index, middle, color=colour, label=label)
    """#)

  /// Verdicts, and accuracy by set and method.
  private static let verdictsAndAccuracy: [Cell] = [
    .markdown(
      #"""
      ## Verdicts

      One claim of the theory per row. *Supported*: every measurement agrees beyond its 95 % interval. *Mixed*: they disagree, or
      an interval includes zero. *Unsupported*: all contradict the claim. *Not testable*: the evidence says why. Intervals are
      t-intervals over seeds, of differences paired by seed.
      """#),
    .code(
      #"""
      show(read("verdicts")[["experiment", "claim", "verdict", "evidence"]])
      """#),
    .markdown(
      #"""
      ## Accuracy

      The share of test examples classified correctly, by set and method. The shaded set is in-distribution (ID), the others are
      out-of-distribution (OOD). Small dots are seeds, large markers their means with 95 % t-intervals. The theory expects
      fine-tuning (FT) above the linear probe (LP) on ID and below it on OOD. *FT, rate of LP-FT* has the learning rate that LP-FT
      chose. *FT, oracle stop* was stopped at the epoch best on its OOD set, which nobody could have known. *FT, 0 steps* still has
      its random head and is left out.
      """#),
    .code(
      #"""
      accuracy = read("accuracy")
      summary = read("summary")
      EXPERIMENTS = list(dict.fromkeys(summary.experiment))
      SETS = {e: list(dict.fromkeys(accuracy.set[accuracy.experiment == e])) for e in EXPERIMENTS}
      # The OOD set on which heads are re-fitted and the oracle stops.
      refitted = summary[summary.quantity == "accuracy of a re-fitted head"]
      PRIMARY = dict(zip(refitted.experiment, refitted.set))


      def axes_of_sets(experiment, label, height):
          figure, axes = plt.subplots(figsize=(3 + 1.2 * len(SETS[experiment]), height))
          axes.axvspan(-0.5, 0.5, color="0.95", zorder=0)
          axes.set_xticks(range(len(SETS[experiment])), SETS[experiment])
          axes.set_xlim(-0.5, len(SETS[experiment]) - 0.5)
          axes.grid(axis="x", visible=False)
          axes.set_ylabel(label)
          axes.set_title(experiment)
          return axes


      for experiment in EXPERIMENTS:
          seeds = accuracy[accuracy.experiment == experiment]
          means = summary[(summary.experiment == experiment) & (summary.quantity == "accuracy")]
          methods = methods_in(seeds)
          axes = axes_of_sets(experiment, "accuracy (%)", height=4.2)
          for place, method in enumerate(methods):
              offset = (place - (len(methods) - 1) / 2) * 0.17
              for x, name in enumerate(SETS[experiment]):
                  own = seeds[(seeds.method == method) & (seeds.set == name)]
                  seed_dots(axes, x + offset - 0.04, 100 * own.accuracy, method)
                  for row in means[(means.method == method) & (means.set == name)].to_dict("records"):
                      mean, low, high = 100 * row["mean"], 100 * row["lower"], 100 * row["upper"]
                      axes.errorbar(
                          x + offset + 0.03, mean, [[mean - low], [high - mean]],
                          fmt=MARKERS[method], color=COLOURS[method], markersize=6, capsize=2,
                      )
          legend(axes, methods)
          plt.show()
      """#),
    .markdown(
      #"""
      ## Differences, seed by seed

      The same accuracies less that of FT on the same seed, in percentage points: what the verdicts on accuracy rest on. Dots are
      seeds, bars their means. Above zero the method beats FT.
      """#),
    .code(
      #"""
      for experiment in EXPERIMENTS:
          seeds = accuracy[accuracy.experiment == experiment]
          wide = 100 * seeds.pivot_table(index=["set", "seed"], columns="method", values="accuracy")
          methods = ["LP", "LP-FT"]
          axes = axes_of_sets(experiment, "accuracy less that of FT\n(percentage points)", height=3.4)
          axes.axhline(0, color="0.4", linewidth=1)
          for place, method in enumerate(methods):
              offset = (place - 0.5) * 0.3
              for x, name in enumerate(SETS[experiment]):
                  difference = (wide[method] - wide["FT"]).loc[name]
                  seed_dots(axes, x + offset, difference, method)
                  axes.hlines(
                      difference.mean(), x + offset - 0.1, x + offset + 0.1, COLOURS[method], linewidth=2
                  )
          legend(axes, methods)
          plt.show()
      """#),
    .markdown(
      #"""
      ## What was chosen

      Learning rate, epoch and the linear probe's regularisation are chosen on ID validation examples, on each seed: the median
      over seeds, with the range where there is one.
      """#),
    .code(
      #"""
      chosen = read("methods")
      quantities = ["learning_rate", "epoch", "regularisation"]
      groups = chosen.groupby(["experiment", "method"], sort=False)[quantities]
      median, low, high = groups.median(), groups.min(), groups.max()
      for quantity in quantities:
          median[quantity] = [
              "" if pd.isna(m) else number(m) if a == b else f"{number(m)} ({number(a)} to {number(b)})"
              for m, a, b in zip(median[quantity], low[quantity], high[quantity])
          ]
      show(median.reset_index())
      """#),
  ]
}
