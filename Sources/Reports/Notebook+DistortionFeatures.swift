extension Notebook {
  /// Change of the features, and what it does to heads.
  static let featuresAndHeads: [Cell] = [
    .markdown(
      #"""
      ## Features: how far they moved

      The displacement of features by four measures with different normalisations, by set, with 95 % intervals (delete-block
      jackknife over examples). The theory says that ID features move more. The claim *features* is supported only when all four
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
      for tap in dict.fromkeys(features.tap):
          figure, grid = panels(4, columns=2, width=4.8, height=1.2 + 0.25 * len(SETS), sharey=True)
          for axes, measure in zip(grid, DISPLACEMENTS):
              rows = features[(features.tap == tap) & (features.measure == measure)]
              for y, row in enumerate(rows.to_dict("records")):
                  axes.plot(row["value"], y, "o", color=ROLES[row["role"]])
                  axes.hlines(y, row["lower"], row["upper"], ROLES[row["role"]])
              axes.set_yticks(range(len(rows)), [f"{n} ({r})" for n, r in zip(rows.set, rows.role)])
              axes.set_ylim(len(rows) - 0.5, -0.5)
              axes.set_xlim(left=0)
              axes.locator_params(axis="x", nbins=5)
              axes.set_title(measure)
          figure.suptitle(tap)
          plt.show()
      """#),
    .markdown(
      #"""
      Every measure with its interval. Linear CKA (centred) is 1 for features that are equal up to rotation and scale. The largest
      principal angle is in radians, between the spans that hold 90 % of the variance before and after.
      """#),
    .code(
      #"""
      features["text"] = [with_interval(*row) for row in features[["value", "lower", "upper"]].values]
      index = ["tap", "measure"]
      table = features.pivot(index=index, columns="set", values="text")
      table = table.loc[list(dict.fromkeys(zip(*(features[i] for i in index)))), SETS]
      show(table.reset_index())
      """#),
    .markdown(
      #"""
      ## Features: along which directions

      Left: the variance of the features before along each eigenvector of their ID covariance (1/n, centred), strongest first.
      Right: the mean squared change of features along the same directions. ID examples against all OOD sets pooled. Directions
      without variance (below 10⁻¹⁰ of the largest: units that never fire) are left out.
      """#),
    .code(
      #"""
      directions = read("feature_directions")
      for tap in dict.fromkeys(directions.tap):
          rows = directions[directions.tap == tap]
          rows = rows[rows.id_variance > 1e-10 * rows.id_variance.max()]
          figure, grid = panels(2, width=4.5)
          for axes, quantity in zip(grid, ["variance", "change"]):
              for role in ROLES:
                  seen = rows[rows[f"{role.lower()}_{quantity}"] > 0]
                  axes.plot(
                      seen.direction, seen[f"{role.lower()}_{quantity}"], color=ROLES[role], label=role
                  )
              axes.set_yscale("log")
              axes.set_xlabel("direction of ID features")
          grid[0].set_ylabel("variance before\n(squared feature units)")
          grid[1].set_ylabel("mean squared change\n(squared feature units)")
          grid[1].legend()
          figure.suptitle(tap)
          plt.show()
      """#),
    .markdown(
      #"""
      ## Mismatched or damaged?

      Accuracy on the last third of each labelled set: the networks' own heads (filled) and heads re-fitted on the features of half
      of the set (open), before and after. Where the re-fitted head is as good after as before, the features still hold the
      information, and what the own head lost is a mismatch.
      """#),
    .code(
      #"""
      heads = read("heads") if (TABLES / "heads.csv").exists() else pd.DataFrame()
      if heads.empty:
          print("No set with labels.")
      else:
          figure, axes = plt.subplots(figsize=(3 + 1.6 * len(heads), 3.6))
          for x, row in enumerate(heads.to_dict("records")):
              colour = ROLES[row["role"]]
              for start, fill in [("", colour), ("refitted_", "white")]:
                  pair = [100 * row[f"{start}before"], 100 * row[f"{start}after"]]
                  place = x + (-0.18 if start == "" else 0.18)
                  axes.plot(
                      [place - 0.08, place + 0.08], pair, "o-", color=colour, markerfacecolor=fill
                  )
          axes.set_xticks(range(len(heads)), [f"{n} ({r})" for n, r in zip(heads.set, heads.role)])
          axes.set_xlim(-0.5, len(heads) - 0.5)
          axes.grid(axis="x", visible=False)
          axes.set_ylabel("accuracy (%)")
          axes.set_title("before → after (filled: own head, open: re-fitted)")
          plt.show()
      """#),
  ]
}
