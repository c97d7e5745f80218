extension Notebook {
  /// The notebook of a run of `distortion`.
  ///
  /// - Parameters:
  ///   - record: What `run.json` says.
  ///   - tables: The folder of the tables, as seen from the notebook.
  static func distortion(record: JSONText, tables: String) -> Notebook {
    let sets = (record["sets"]?.elements ?? []).map { set in
      "- \(escaped(set, "role")): \(escaped(set, "name")), \(set["examples"]?.integer ?? 0) examples"
    }.joined(separator: "\n")
    let head = Cell.markdown(
      """
      # What changed from one checkpoint to another

      - before: \(escaped(record["before"], "path"))
      - after: \(escaped(record["after"], "path")), optimizer: \(escaped(record, "optimizer"))
      \(sets)

      Tables and notebook are from a run of `anamorph distortion`, version \(escaped(record, "version")). Everything below
      is computed from the tables beside this notebook.
      """)
    return Notebook(
      [head, setup(tables: tables)] + verdictsAndWeights + featuresAndHeads + listOfTables)
  }

  /// Verdicts, and change of the weights by layer.
  private static let verdictsAndWeights: [Cell] = [
    .markdown(
      #"""
      ## Verdicts

      One claim of the theory per row. *Supported*: every measurement agrees beyond its 95 % interval. *Mixed*: they disagree, or
      an interval includes zero. *Unsupported*: all contradict the claim. *Not testable*: the evidence says why. Intervals are over
      examples: they say what other examples would show, not what another fine-tuning run would.
      """#),
    .code(
      #"""
      show(read("verdicts")[["claim", "verdict", "statement", "evidence"]])
      """#),
    .markdown(
      #"""
      ## Layers: change of the weights

      The relative change of each layer's kernel W within the span of the layer's ID inputs, ‖PΔW‖/‖PW₀‖, and orthogonal to it,
      ‖(I−P)ΔW‖/‖(I−P)W₀‖, in Frobenius norms, on a logarithmic scale; inputs are those at the network before, uncentred. In the
      first layer gradient descent without weight decay changes nothing orthogonal to the inputs of training; what is there is
      rounding (the dashed line is half a unit in the last place of Float32, for one update). In deeper layers only units that
      never fire leave directions without inputs. A layer whose inputs span everything has no orthogonal part. Changes below 10⁻⁹
      are left out.
      """#),
    .code(
      #"""
      weights = read("weights")
      figure, axes = plt.subplots(figsize=(7, 1.2 + 0.28 * len(weights)))
      for quantity, role, marker in [("inside_change", "ID", "o"), ("orthogonal_change", "OOD", "D")]:
          seen = weights[weights[quantity] > 1e-9]
          label = "within the span" if role == "ID" else "orthogonal to it"
          axes.plot(seen[quantity], seen.index, marker, color=ROLES[role], label=label)
      axes.axvline(2**-24, color="0.4", linestyle="--", linewidth=1)
      axes.set_xscale("log")
      axes.set_yticks(weights.index, weights.layer)
      axes.set_ylim(len(weights) - 0.5, -0.5)
      axes.set_xlabel("relative change of W")
      axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
      plt.show()
      """#),
    .markdown(
      #"""
      ## Layers: change along each direction of the inputs

      ‖ΔWᵀu‖/‖W₀ᵀu‖ along each eigenvector u of the second-moment matrix of the layer's ID inputs, strongest first; the dotted line is
      the rank of the inputs, where it is not full. The axis ends at 10⁻⁹. With many layers, nine of them.
      """#),
    .code(
      #"""
      inputs = read("input_directions")
      inputs = inputs[inputs.relative_change > 0]
      layers = some(inputs.layer)
      figure, grid = panels(len(layers), sharey=True)
      grid[0].set_ylim(max(1e-9, inputs.relative_change.min() / 3), inputs.relative_change.max() * 3)
      for axes, layer in zip(grid, layers):
          rows = inputs[inputs.layer == layer]
          own = weights[weights.layer == layer].iloc[0]
          axes.plot(rows.direction, rows.relative_change, color=ROLES["ID"])
          if own["rank"] < own["fan_in"]:
              axes.axvline(own["rank"] + 0.5, color="0.4", linestyle=":", linewidth=1)
          axes.set_yscale("log")
          axes.set_title(layer)
          axes.set_xlabel("direction")
      grid[0].set_ylabel("‖ΔWᵀu‖/‖W₀ᵀu‖")
      plt.show()
      """#),
    .markdown(
      #"""
      ## Layers: share of ‖ΔW‖² in the leading directions

      ‖P_kΔW‖²/‖ΔW‖², where P_k projects on the k leading directions of the layer's ID inputs, against k/d, the share of a random change
      (grey line; the band holds 95 % of random rotations). A marker per rule for choosing k: 50, 90 and 99 % of the energy, the
      effective rank, and ten. Above the band, the change prefers the leading directions: the claim *deeper-weights*, which is
      judged where they hold 90 % of the energy, in the layers between the first and the head.
      """#),
    .code(
      #"""
      spans = read("weight_spans").merge(weights[["layer", "fan_in"]], on="layer")
      spans["fraction"] = spans.directions / spans.fan_in
      figure, grid = panels(len(layers), sharey=True)
      for axes, layer in zip(grid, layers):
          rows = spans[spans.layer == layer]
          null_band(axes, rows)
          axes.plot(rows.fraction, 100 * rows.share, "o", color=ROLES["ID"])
          axes.set_title(layer)
      grid[0].set_ylabel("share of ‖ΔW‖² (%)")
      plt.show()
      """#),
    .markdown(
      #"""
      ## Layers: what the inputs of each set see of the change

      The mean of ‖ΔWᵀa‖² over the mean of ‖W₀ᵀa‖², over the inputs a that the layer gets from each set at the network before. OOD
      inputs see less of the change where they lie outside the directions that it is in.
      """#),
    .code(
      #"""
      visible = read("weight_visibility")
      visible = visible[visible.visible_change > 0]
      SETS = list(dict.fromkeys(visible.set))
      ROLE = dict(zip(visible.set, visible.role))
      SET_MARKERS = ["o", "s", "D", "^", "v", "P", "X", "*", "<", ">"]
      figure, axes = plt.subplots(figsize=(7, 1.2 + 0.28 * len(weights)))
      for place, name in enumerate(SETS):
          rows = visible[visible.set == name]
          axes.plot(
              rows.visible_change, [weights.layer.tolist().index(layer) for layer in rows.layer],
              SET_MARKERS[place % len(SET_MARKERS)], color=ROLES[ROLE[name]], alpha=0.7,
              label=f"{name} ({ROLE[name]})",
          )
      axes.set_xlim(left=0)
      axes.set_yticks(weights.index, weights.layer)
      axes.set_ylim(len(weights) - 0.5, -0.5)
      axes.set_xlabel("mean ‖ΔWᵀa‖² / mean ‖W₀ᵀa‖²")
      axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
      plt.show()
      """#),
  ]
}
