public import Reports

/// The tidy tables of what changed: one observation per row, every column explained.
///
/// `distortion` writes them for one pair of checkpoints. `verify` writes them for every method and
/// seed, with leading columns that say which.
public struct DistortionTables {
  private var features: Table
  private var statistics: Table
  private var directions: Table
  private var angles: Table
  private var layers: Table
  private var spans: Table
  private var visible: Table
  private var inputs: Table

  /// Empty tables, each row of which begins with the cells of `leading`.
  public init(leading: [Column] = []) {
    features = Table(
      "features", caption: "How far features moved, by set and measure.",
      columns: leading + [
        Column("tap", meaning: "The layer whose output was compared."), .set, .role,
        Column("examples", .integer, meaning: "How many examples were compared."),
        Column(
          "measure",
          convention: FeatureMeasure.allCases.map { "\($0.rawValue): \($0.convention)" }
            .joined(separator: "; "),
          meaning: "What was measured, before against after."),
        Column("value", .number(significantDigits: 4), meaning: "The number.", hasReason: true),
        Column(
          "lower", .number(significantDigits: 4),
          convention: "delete-block jackknife over 20 blocks of examples, t with 19 degrees of "
            + "freedom, on Fisher's z for CKA",
          meaning: "The lower end of its 95 % interval."),
        Column(
          "upper", .number(significantDigits: 4), meaning: "The upper end of its 95 % interval."),
        .null,
      ])
    statistics = Table(
      "feature_statistics", caption: "What the features of each set are like, before and after.",
      columns: leading + [
        Column("tap", meaning: "The layer whose output the features are."), .set, .role,
        Column("network", meaning: "Which network computed them: before or after."),
        Column("examples", .integer, meaning: "How many examples there are, n."),
        Column("width", .integer, meaning: "How many features an example has, d."),
        Column(
          "mean_square", .number(significantDigits: 4), convention: "1/n",
          meaning: "The mean over examples of ‖f‖².", hasReason: true),
        Column(
          "variance", .number(significantDigits: 4), convention: "1/n, centred",
          meaning: "The sum over features of their variances."),
        Column(
          "effective_rank", .number(significantDigits: 4),
          convention: "exponential of the entropy of the normalised singular values, centred "
            + "(Roy and Vetterli 2007)",
          meaning: "How many directions the features use.", hasReason: true),
        Column(
          "participation_ratio", .number(significantDigits: 4),
          convention: "(Σλ)²/Σλ² over eigenvalues of the covariance",
          meaning: "How many directions carry the variance.", hasReason: true),
        Column(
          "stable_rank", .number(significantDigits: 4), convention: "Σλ/λ₁",
          meaning: "The variance over that of the strongest direction.", hasReason: true),
      ])
    directions = Table(
      "feature_directions",
      caption: "Change of features along each eigenvector of the ID feature covariance before.",
      columns: leading + [
        Column("tap", meaning: "The layer whose output was compared."), .direction,
        Column(
          "id_variance", .number(significantDigits: 4), convention: "1/n, centred",
          meaning: "The variance of ID features before along the direction."),
        Column(
          "ood_variance", .number(significantDigits: 4), convention: "1/n, centred, all OOD sets",
          meaning: "The variance of OOD features before along the direction.", hasReason: true),
        Column(
          "id_change", .number(significantDigits: 4), convention: "1/n, uncentred",
          meaning: "The mean squared change of ID features along the direction."),
        Column(
          "ood_change", .number(significantDigits: 4), convention: "1/n, uncentred, all OOD sets",
          meaning: "The mean squared change of OOD features along the direction.", hasReason: true),
        Column(
          "relative_id_change", .number(significantDigits: 4),
          meaning: "id_change over id_variance.", hasReason: true),
        Column(
          "relative_ood_change", .number(significantDigits: 4),
          meaning: "ood_change over ood_variance.", hasReason: true),
        Column(
          "id_variance_lower", .number(significantDigits: 4),
          convention: "95 %, over examples, the direction held fixed",
          meaning: "The lower end of the interval of id_variance."),
        Column(
          "id_variance_upper", .number(significantDigits: 4),
          meaning: "The upper end of the interval of id_variance."),
        Column(
          "ood_variance_lower", .number(significantDigits: 4),
          convention: "95 %, over examples, the direction held fixed",
          meaning: "The lower end of the interval of ood_variance."),
        Column(
          "ood_variance_upper", .number(significantDigits: 4),
          meaning: "The upper end of the interval of ood_variance."),
        Column(
          "id_change_lower", .number(significantDigits: 4),
          convention: "95 %, over examples, the direction held fixed",
          meaning: "The lower end of the interval of id_change."),
        Column(
          "id_change_upper", .number(significantDigits: 4),
          meaning: "The upper end of the interval of id_change."),
        Column(
          "ood_change_lower", .number(significantDigits: 4),
          convention: "95 %, over examples, the direction held fixed",
          meaning: "The lower end of the interval of ood_change."),
        Column(
          "ood_change_upper", .number(significantDigits: 4),
          meaning: "The upper end of the interval of ood_change."),
        Column(
          "relative_id_change_lower", .number(significantDigits: 4),
          convention: "95 %, over examples, the direction held fixed",
          meaning: "The lower end of the interval of relative_id_change."),
        Column(
          "relative_id_change_upper", .number(significantDigits: 4),
          meaning: "The upper end of the interval of relative_id_change."),
        Column(
          "relative_ood_change_lower", .number(significantDigits: 4),
          convention: "95 %, over examples, the direction held fixed",
          meaning: "The lower end of the interval of relative_ood_change."),
        Column(
          "relative_ood_change_upper", .number(significantDigits: 4),
          meaning: "The upper end of the interval of relative_ood_change."),
      ])
    angles = Table(
      "feature_angles",
      caption:
        "How far the leading directions of features turned, beside what sampling alone does.",
      columns: leading + [
        Column("tap", meaning: "The layer whose output was compared."), .set, .role,
        Column("rule", meaning: "The rule that chose how many directions, on the features before."),
        Column("directions", .integer, meaning: "How many directions, k, before and after alike."),
        Column(
          "largest_angle", .number(significantDigits: 4), unit: "rad",
          meaning: "The largest principal angle between the spans.", hasReason: true),
        Column(
          "mean_angle", .number(significantDigits: 4), unit: "rad",
          meaning: "The mean of the principal angles."),
        Column(
          "geodesic", .number(significantDigits: 4), unit: "rad",
          meaning: "The root of the sum of their squares."),
        Column(
          "floor", .number(significantDigits: 4), unit: "rad",
          meaning: "The largest angle between the spans of two halves of the examples, before.",
          hasReason: true),
        Column(
          "gap", .number(significantDigits: 4), convention: "covariance before, 1/n",
          meaning: "The k-th eigenvalue less the next."),
        Column(
          "sine_bound", .number(significantDigits: 4),
          convention: "Yu, Wang and Samworth 2015, theorem 2",
          meaning: "No more than this can ‖sin Θ‖ be for covariances that differ as these do.",
          hasReason: true),
        Column(
          "is_informative", .truth,
          meaning: "Whether the bound is below √k; otherwise do not interpret the subspace."),
      ])
    layers = Table(
      "weights",
      caption: "Change ΔW of each layer's kernel, inside and orthogonal to the span of the layer's "
        + "ID inputs (at the network before, uncentred, numerical rank).",
      columns: leading + [
        .layer, Column("ordinal", .integer, meaning: "The place among the weight layers, from 1."),
        Column("is_head", .truth, meaning: "Whether the layer is the classifier head."),
        Column(
          "fan_in", .integer,
          meaning: "The dimension d of the layer's input space; a patch's for "
            + "a convolution."),
        Column("rank", .integer, meaning: "The dimension of the span of the layer's ID inputs."),
        Column("weight_norm", .number(significantDigits: 4), meaning: "‖W₀‖, Frobenius."),
        Column("change_norm", .number(significantDigits: 4), meaning: "‖ΔW‖, Frobenius."),
        Column(
          "inside_change", .number(significantDigits: 4),
          meaning: "‖PΔW‖/‖PW₀‖, P projecting on the span of the ID inputs.", hasReason: true),
        Column(
          "orthogonal_change", .number(significantDigits: 4),
          meaning: "‖(I−P)ΔW‖/‖(I−P)W₀‖.", hasReason: true),
        Column(
          "orthogonal_share", .number(significantDigits: 4),
          meaning: "‖(I−P)ΔW‖/‖ΔW‖; zero to rounding for the first layer under gradient descent "
            + "without weight decay.",
          hasReason: true),
        Column(
          "orthogonal_share_null", .number(significantDigits: 4),
          meaning: "√((d−rank)/d): the share for a ΔW in random directions."),
        Column(
          "rank_correlation", .number(significantDigits: 4), convention: "Spearman; null 0",
          meaning: "Over directions u in the span of the ID inputs, of their energy and ‖ΔWᵀu‖.",
          hasReason: true),
        Column(
          "positions", .integer,
          meaning: "How many inputs of the layer an example has: 1, or a convolution's patches."),
        Column(
          "positions_used", .integer,
          meaning: "How many of them were looked at; fewer only where --sample-positions asks."),
        Column(
          "sampling_error", .number(significantDigits: 2),
          convention: "standard error over value, from the spread within examples",
          meaning: "What looking at some positions adds to the error of the mean of ‖a‖² over ID "
            + "inputs a; 0 where all were looked at.", hasReason: true),
      ])
    spans = Table(
      "weight_spans",
      caption: "The share of ‖ΔW‖² in the leading directions of each layer's ID inputs.",
      columns: leading + [
        .layer, Column("rule", meaning: "The rule that chose how many directions."),
        Column("directions", .integer, meaning: "How many directions the rule chose, k."),
        Column(
          "share", .number(significantDigits: 4), meaning: "‖P_kΔW‖²/‖ΔW‖².", hasReason: true),
        .null,
        Column(
          "null_lower", .number(significantDigits: 4),
          meaning: "The 2.5 % quantile of the share over random rotations of the span."),
        Column(
          "null_upper", .number(significantDigits: 4),
          meaning: "The 97.5 % quantile of the share over random rotations of the span."),
      ])
    visible = Table(
      "weight_visibility",
      caption: "How strongly each layer's ΔW answers the inputs of each set, against W₀.",
      columns: leading + [
        .layer, .set, .role,
        Column(
          "visible_change", .number(significantDigits: 4),
          convention: "inputs at the network "
            + "before, uncentred",
          meaning: "The mean of ‖ΔWᵀa‖² over the mean of ‖W₀ᵀa‖².", hasReason: true),
      ])
    inputs = Table(
      "input_directions",
      caption: "Change of each layer's kernel along each direction of its ID inputs.",
      columns: leading + [
        .layer, .direction,
        Column(
          "id_energy", .number(significantDigits: 4), convention: "1/n, uncentred",
          meaning:
            "The mean squared ID input along the direction; 0 beyond the numerical rank, where "
            + "directions are the axes of the OOD inputs, then of ΔW."),
        Column(
          "ood_energy", .number(significantDigits: 4), convention: "1/n, uncentred, all OOD sets",
          meaning: "The mean squared OOD input along the direction."),
        Column("change", .number(significantDigits: 4), meaning: "‖ΔWᵀu‖."),
        Column(
          "relative_change", .number(significantDigits: 4), meaning: "‖ΔWᵀu‖/‖W₀ᵀu‖.",
          hasReason: true),
      ])
  }

  /// Adds everything one comparison measured.
  public mutating func append(_ distortion: Distortion, leading: [Cell] = []) {
    for row in distortion.features {
      features.append(
        leading + [
          .text(row.tap), .text(row.set), .role(isID: row.isID), .integer(row.examples),
          .text(row.measure.rawValue),
        ] + row.measurement.cells)
    }
    for row in distortion.statistics {
      statistics.append(
        leading + [
          .text(row.tap), .text(row.set), .role(isID: row.isID),
          .text(row.isAfter ? "after" : "before"), .integer(row.examples), .integer(row.width),
          row.meanSquare.cell, .number(row.variance), row.effectiveRank.cell,
          row.participationRatio.cell, row.stableRank.cell,
        ])
    }
    for row in distortion.featureDirections {
      directions.append(
        leading + [
          .text(row.tap), .integer(row.direction), .number(row.idVariance),
          row.oodVariance.cell, .number(row.idChange), row.oodChange.cell,
          row.relativeIDChange.cell, row.relativeOODChange.cell,
        ]
          + [
            row.idVarianceInterval, row.oodVariance, row.idChangeInterval, row.oodChange,
            row.relativeIDChange, row.relativeOODChange,
          ].flatMap { [Cell.number($0?.lower, otherwise: ""), .number($0?.upper, otherwise: "")] })
    }
    for row in distortion.featureAngles ?? [] {
      angles.append(
        leading + [
          .text(row.tap), .text(row.set), .role(isID: row.isID), .text(row.rule),
          .integer(row.directions), row.largest.cell, .number(row.mean.value, otherwise: ""),
          .number(row.geodesic.value, otherwise: ""), row.floor.cell,
          .number(row.gap, otherwise: ""),
          row.bound.cell, .truth(row.isInformative),
        ])
    }
    for row in distortion.layers {
      layers.append(
        leading + [
          .text(row.layer), .integer(row.ordinal), .truth(row.isHead), .integer(row.fanIn),
          .integer(row.rank), .number(row.weightNorm), .number(row.changeNorm),
          row.insideChange.cell, row.orthogonalChange.cell, row.orthogonalShare.cell,
          .number(row.orthogonalShare.null, otherwise: ""),
          row.rankCorrelation?.cell ?? .undefined("not measured by the version that wrote it"),
          row.positions.map { .integer($0) } ?? .undefined(""),
          (row.sampledPositions ?? row.positions).map { .integer($0) } ?? .undefined(""),
          row.sampledPositions == nil
            ? .number(0) : .number(row.samplingError, otherwise: "one position of each example"),
        ])
      for span in row.spans {
        spans.append(
          leading + [
            .text(row.layer), .text(span.rule), .integer(span.directions), span.share.cell,
            .number(span.share.null, otherwise: ""), .number(span.share.lower, otherwise: ""),
            .number(span.share.upper, otherwise: ""),
          ])
      }
      for set in row.visible {
        visible.append(
          leading + [
            .text(row.layer), .text(set.set), .role(isID: set.isID), set.measurement.cell,
          ])
      }
    }
    for row in distortion.inputDirections {
      inputs.append(
        leading + [
          .text(row.layer), .integer(row.direction), .number(row.idEnergy),
          .number(row.oodEnergy), .number(row.change), row.relativeChange.cell,
        ])
    }
  }

  /// Every table.
  public var all: [Table] {
    [features, statistics, directions, angles, layers, spans, visible, inputs]
  }
}

extension Column {
  static let set = Column("set", meaning: "The set of examples.")
  static let role = Column("role", meaning: "Whether the set is in-distribution: ID or OOD.")
  static let layer = Column("layer", meaning: "The layer's name in the network.")
  fileprivate static let direction = Column(
    "direction", .integer, meaning: "The direction's place, from 1, by falling ID energy.")
  fileprivate static let null = Column(
    "null", .number(significantDigits: 4), meaning: "What the number would be by chance.")
}

extension Cell {
  static func role(isID: Bool) -> Cell { .text(isID ? "ID" : "OOD") }
}

extension Measurement {
  fileprivate var cell: Cell { .number(value, otherwise: reason ?? "") }

  fileprivate var cells: [Cell] {
    [
      cell, .number(lower, otherwise: ""), .number(upper, otherwise: ""),
      .number(null, otherwise: ""),
    ]
  }
}
