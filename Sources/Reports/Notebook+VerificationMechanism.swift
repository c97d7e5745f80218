extension Notebook {
  /// Change of the weights by method.
  static let weightsOfMethods: [Cell] = [
    .markdown(
      #"""
      ## First layer: change of the weights

      The relative change of the first layer's kernel W within the span of its ID training inputs, ‖PΔW‖/‖PW₀‖, and orthogonal to
      it, ‖(I−P)ΔW‖/‖(I−P)W₀‖, in Frobenius norms, on a logarithmic scale. One dot per seed. The theory says that gradient descent
      without weight decay changes nothing orthogonal to the span; what is there is rounding, of the size of the dashed line, half
      a unit in the last place of Float32. Where the inputs span everything there is no orthogonal part, and no dot.
      """#),
    .code(
      #"""
      weights = read("weights")
      for experiment in EXPERIMENTS:
          first = weights[(weights.experiment == experiment) & (weights.ordinal == 1)]
          methods = methods_in(first)
          figure, axes = plt.subplots(figsize=(6.5, 0.9 + 0.5 * len(methods)))
          for y, method in enumerate(methods):
              own = first[first.method == method]
              for quantity, marker in [("inside_change", "o"), ("orthogonal_change", "D")]:
                  values = own[quantity][own[quantity] > 0]
                  axes.plot(values, [y] * len(values), marker, color=COLOURS[method], alpha=0.6)
          axes.axvline(2**-24, color="0.4", linestyle="--", linewidth=1)
          axes.set_xscale("log")
          axes.set_yticks(range(len(methods)), methods)
          axes.set_ylim(len(methods) - 0.5, -0.5)
          axes.set_xlabel("relative change of W (● within the span, ◆ orthogonal to it)")
          axes.set_title(experiment)
          plt.show()
      """#),
    .markdown(
      #"""
      ## Every layer: change along each direction of its inputs

      ‖ΔWᵀu‖/‖W₀ᵀu‖ after fine-tuning (FT), along each eigenvector u of the second-moment matrix of the layer's ID training inputs,
      strongest first. Lines are medians over seeds, bands the whole range. In the first layer the change falls to rounding where
      the inputs end (dotted: their largest rank over seeds). The inputs of deeper layers move during training and fill the space
      but for units that never fire; there the change is zero, or so small that the axis, which ends at 10⁻⁹, leaves it out.
      """#),
    .code(
      #"""
      inputs = read("input_directions")
      for experiment in EXPERIMENTS:
          rows = inputs[(inputs.experiment == experiment) & (inputs.method == "FT")]
          rows = rows[rows.relative_change > 0]
          layers = some(rows.layer)
          figure, grid = panels(len(layers), columns=4, sharey=True)
          grid[0].set_ylim(max(1e-9, rows.relative_change.min() / 3), rows.relative_change.max() * 3)
          for axes, layer in zip(grid, layers):
              own = weights[(weights.experiment == experiment) & (weights.layer == layer)]
              band(axes, rows[rows.layer == layer].groupby("direction").relative_change, COLOURS["FT"])
              if own["rank"].max() < own.fan_in.max():
                  axes.axvline(own["rank"].max() + 0.5, color="0.4", linestyle=":", linewidth=1)
              axes.set_yscale("log")
              axes.set_title(layer)
              axes.set_xlabel("direction")
          grid[0].set_ylabel("‖ΔWᵀu‖/‖W₀ᵀu‖")
          figure.suptitle(experiment)
          plt.show()
      """#),
    .markdown(
      #"""
      ## Every layer: share of ‖ΔW‖² in the leading directions

      ‖P_kΔW‖²/‖ΔW‖², where P_k projects on the k leading directions of the layer's ID training inputs, against k/d, the share of a
      random change (grey line; the band holds 95 % of random rotations). A marker per seed and rule for choosing k: 50, 90 and
      99 % of the energy, the effective rank, and ten. Above the band, the change prefers the leading directions: the claim
      *deeper-weights*, which is judged where they hold 90 % of the energy, in the layers between the first and the head.
      """#),
    .code(
      #"""
      keys = ["experiment", "seed", "method", "layer"]
      spans = read("weight_spans").merge(weights[keys + ["fan_in"]], on=keys)
      spans["fraction"] = spans.directions / spans.fan_in
      for experiment in EXPERIMENTS:
          methods = ["FT", "LP-FT"]
          rows = spans[(spans.experiment == experiment) & spans.method.isin(methods)]
          layers = some(rows.layer)
          figure, grid = panels(len(layers), columns=4)
          for axes, layer in zip(grid, layers):
              own = rows[rows.layer == layer]
              null_band(axes, own)
              for method in methods:
                  dots = own[own.method == method]
                  axes.plot(
                      dots.fraction, 100 * dots.share, MARKERS[method], color=COLOURS[method],
                      markersize=4, alpha=0.6, markeredgewidth=0,
                  )
              axes.set_title(layer)
          grid[0].set_ylabel("share of ‖ΔW‖² (%)")
          legend(grid[-1], methods)
          figure.suptitle(experiment)
          plt.show()
      """#),
  ]

  /// Change of the features by method, and what it does to heads.
  static let featuresOfMethods: [Cell] = [
    .markdown(
      #"""
      ## Features: how far they moved

      The displacement of features (inputs of the classifier head) from those of the pretrained network, by four measures with
      different normalisations, on logarithmic scales: filled on the ID test set, open on the primary OOD set, joined for each
      seed. The theory says that ID features move more, so lines fall. The claim *features* is supported only when all four
      measures agree.

      - mean squared difference: mean over examples and coordinates of (f₁−f₀)²
      - relative change: ‖F₁−F₀‖/‖F₀‖, Frobenius, uncentred
      - cosine distance: mean over examples of 1−cos(f₀,f₁), uncentred
      - relative change after rotation and scale: the least ‖sF₁R−F₀‖/‖F₀‖ over rotations R and scales s
      """#),
    .code(
      #"""
      features = read("features")
      DISPLACEMENTS = [
          "mean squared difference", "relative change", "cosine distance",
          "relative change after rotation and scale",
      ]
      for experiment in EXPERIMENTS:
          rows = features[(features.experiment == experiment) & (features.method != "FT, 0 steps")]
          methods = methods_in(rows)
          figure, grid = panels(len(DISPLACEMENTS), columns=4)
          for axes, measure in zip(grid, DISPLACEMENTS):
              for x, method in enumerate(methods):
                  own = rows[(rows.method == method) & (rows.measure == measure)]
                  wide = own.pivot_table(index="seed", columns="set", values="value")
                  for seed in wide.to_dict("records"):
                      pair = [seed["ID"], seed[PRIMARY[experiment]]]
                      axes.plot([x - 0.2, x + 0.2], pair, color=COLOURS[method], linewidth=1)
                      axes.plot(x - 0.2, pair[0], MARKERS[method], color=COLOURS[method], markersize=5)
                      axes.plot(
                          x + 0.2, pair[1], MARKERS[method], color=COLOURS[method], markersize=5,
                          markerfacecolor="white",
                      )
              axes.set_yscale("log")
              axes.set_xticks([])
              axes.set_xlim(-0.6, len(methods) - 0.4)
              axes.set_title(measure.replace(" after", "\nafter"))
          legend(grid[-1], methods)
          figure.suptitle(f"{experiment} (filled: ID, open: {PRIMARY[experiment]})")
          plt.show()
      """#),
    .markdown(
      #"""
      The other measures, as means over seeds with 95 % t-intervals. Linear CKA (centred) is 1 for features that are equal up to
      rotation and scale. The largest principal angle is in radians, between the spans that hold 90 % of the variance before and
      after.
      """#),
    .code(
      #"""
      others = summary[summary.quantity.isin(set(features.measure) - set(DISPLACEMENTS))]
      others = others[others.method != "FT, 0 steps"].copy()
      others["text"] = [with_interval(*row) for row in others[["mean", "lower", "upper"]].values]
      index = ["experiment", "quantity", "set"]
      table = others.pivot(index=index, columns="method", values="text")
      show(table.loc[list(dict.fromkeys(zip(*(others[i] for i in index))))].reset_index())
      """#),
    .markdown(
      #"""
      ## Features: along which directions

      Left: the variance of the pretrained features along each eigenvector of their ID covariance (1/n, centred), strongest first.
      Right: the mean squared change of features along the same directions after fine-tuning (FT). ID test examples against all
      OOD sets pooled. Lines are medians over seeds, bands the whole range. Directions without variance (below 10⁻¹⁰ of the
      largest: units that never fire) are left out.
      """#),
    .code(
      #"""
      directions = read("feature_directions")
      for experiment in EXPERIMENTS:
          rows = directions[(directions.experiment == experiment) & (directions.method == "FT")]
          rows = rows[rows.id_variance > 1e-10 * rows.id_variance.max()]
          figure, grid = panels(2, width=4.5)
          for axes, quantity in zip(grid, ["variance", "change"]):
              for role in ROLES:
                  column = f"{role.lower()}_{quantity}"
                  groups = rows[rows[column] > 0].groupby("direction")[column]
                  band(axes, groups, ROLES[role], label=role)
              axes.set_yscale("log")
              axes.set_xlabel("direction of ID features")
          grid[0].set_ylabel("variance before\n(squared feature units)")
          grid[1].set_ylabel("mean squared change\n(squared feature units)")
          grid[1].legend()
          figure.suptitle(experiment)
          plt.show()
      """#),
    .markdown(
      #"""
      ## Mismatched or damaged?

      Accuracy on the primary OOD set of the network's own head (filled, on the whole set) and of a head re-fitted on the features
      of half of that set (open, tested on its last third), joined for each seed. Where the re-fitted head is as good after FT as
      for LP, whose features are the pretrained ones, FT's features still hold the information: its own head no longer reads them.
      """#),
    .code(
      #"""
      for experiment in EXPERIMENTS:
          own = accuracy[(accuracy.experiment == experiment) & (accuracy.set == PRIMARY[experiment])]
          rows = chosen[chosen.experiment == experiment].merge(
              own[["seed", "method", "accuracy"]], on=["seed", "method"]
          )
          rows = rows[rows.refitted_accuracy.notna()]
          methods = methods_in(rows)
          figure, axes = plt.subplots(figsize=(5.5, 3.6))
          for x, method in enumerate(methods):
              for row in rows[rows.method == method].to_dict("records"):
                  pair = [100 * row["accuracy"], 100 * row["refitted_accuracy"]]
                  axes.plot([x - 0.15, x + 0.15], pair, color=COLOURS[method], linewidth=1)
                  axes.plot(x - 0.15, pair[0], MARKERS[method], color=COLOURS[method])
                  axes.plot(
                      x + 0.15, pair[1], MARKERS[method], color=COLOURS[method], markerfacecolor="white"
                  )
          axes.set_xticks(range(len(methods)), methods)
          axes.set_xlim(-0.5, len(methods) - 0.5)
          axes.grid(axis="x", visible=False)
          axes.set_ylabel(f"accuracy on {PRIMARY[experiment]} (%)")
          axes.set_title(f"{experiment} (filled: own head, open: re-fitted)")
          plt.show()
      """#),
  ]
}
