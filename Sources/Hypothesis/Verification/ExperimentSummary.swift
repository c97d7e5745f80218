import Geometry
public import Reports

/// Means over seeds, with intervals, of everything an experiment measured.
public struct ExperimentSummary: Sendable {
  /// One quantity of one method on one set.
  struct Entry: Sendable {
    var quantity: String
    var set: String
    var method: Method
    var isShare: Bool
    var mean: Double?
    var interval: Interval?
    var seeds: Int
    var reason: String
  }

  /// Measures that only the files carry, so that people see one of each kind.
  private static let detailed: Set<String> = Set(
    [
      FeatureMeasure.meanDistance, .meanShift, .afterRotation, .biasedCKA, .shareInIDSpan,
    ].map(\.rawValue))

  let name: String
  let entries: [Entry]

  init(name: String, outcomes: [SeedOutcome], primaryOOD: String) {
    self.name = name
    var entries: [Entry] = []
    func add(
      _ quantity: String, _ set: String, isShare: Bool = false, methods: [Method],
      _ read: (MethodOutcome) -> Measurement?
    ) {
      for method in methods {
        let measurements = outcomes.compactMap { $0[method].flatMap(read) }
        guard !measurements.isEmpty else { continue }
        let values = measurements.compactMap(\.value)
        let isComplete = values.count == measurements.count
        entries.append(
          Entry(
            quantity: quantity, set: set, method: method, isShare: isShare,
            mean: isComplete ? values.reduce(0, +) / Double(values.count) : nil,
            interval: isComplete ? Repetitions.mean(of: values).interval : nil, seeds: measurements.count,
            reason: measurements.compactMap(\.reason).first ?? ""))
      }
    }
    let sets = outcomes.first?.methods.first?.accuracies ?? []
    for set in sets {
      add("accuracy", set.set, isShare: true, methods: Method.allCases) {
        $0.accuracy(on: set.set).map { Measurement($0) }
      }
    }
    add("accuracy of a re-fitted head", primaryOOD, isShare: true, methods: Method.allCases) {
      $0.refittedAccuracy.map { Measurement($0) }
    }
    let moved: [Method] = [
      .fineTuning, .linearProbeFineTuning, .fineTuningAtEqualRate, .untrained,
    ]
    func first(_ outcome: MethodOutcome) -> LayerChange? {
      outcome.distortion?.layers.first(where: \.isFirst)
    }
    let id = sets.first(where: \.isID)?.set ?? "ID"
    add("ΔW in the ID span, first layer", id, methods: moved) { first($0)?.insideChange }
    add("ΔW orthogonal to it, first layer", id, methods: moved) { first($0)?.orthogonalChange }
    for measure in FeatureMeasure.allCases {
      for set in [id, primaryOOD] {
        add(measure.rawValue, set, methods: moved) { $0.distortion?.measurement(measure, on: set) }
      }
    }
    self.entries = entries
  }

  /// Rows are quantities, columns are methods: what people read.
  public var table: Table {
    let methods = Method.allCases.filter { method in entries.contains { $0.method == method } }
    var table = Table(
      "summary", caption: "Mean over seeds ± half the width of its 95 % interval.",
      columns: [
        Column("quantity", title: "", meaning: "What was measured."),
        Column("set", title: "set", meaning: "The set it was measured on."),
      ]
        + methods.map { method in
          Column(
            method.columnName, title: method.rawValue,
            meaning: "The mean over seeds for \(method.rawValue).")
        })
    var order: [(String, String)] = []
    for entry in entries
    where !Self.detailed.contains(entry.quantity) && !order.contains(where: { $0 == (entry.quantity, entry.set) }) {
      order.append((entry.quantity, entry.set))
    }
    for (quantity, set) in order {
      let row = entries.filter { $0.quantity == quantity && $0.set == set }
      table.append(
        [.text(quantity), .text(set)]
          + methods.map { method in
            .text(row.first { $0.method == method }?.text ?? "")
          })
    }
    return table
  }

  /// One observation per row: what programs read.
  static var emptyTable: Table {
    Table(
      "summary", caption: "Means over seeds with 95 % t-intervals, one quantity of one method on "
        + "one set per row.",
      columns: [
        .experiment, Column("quantity", meaning: "What was measured."), .set, .method,
        Column(
          "mean", .number(significantDigits: 4), meaning: "The mean over seeds.", hasReason: true),
        Column("lower", .number(significantDigits: 4), meaning: "The lower end of its interval."),
        Column("upper", .number(significantDigits: 4), meaning: "The upper end of its interval."),
        Column("seeds", .integer, meaning: "How many seeds the mean is over."),
      ])
  }

  func append(to table: inout Table) {
    for entry in entries {
      table.append([
        .text(name), .text(entry.quantity), .text(entry.set), .text(entry.method.rawValue),
        .number(entry.mean, otherwise: entry.reason),
        .number(entry.interval?.lower, otherwise: ""),
        .number(entry.interval?.upper, otherwise: ""),
        .integer(entry.seeds),
      ])
    }
  }
}

extension ExperimentSummary.Entry {
  fileprivate var text: String {
    guard let mean else { return "–" }
    let half = interval.map { ($0.upper - $0.lower) / 2 }
    if isShare {
      let spread = half.map { " ±" + NumberText.fixed(100 * $0, decimals: 1) } ?? ""
      return NumberText.fixed(100 * mean, decimals: 1) + spread
    }
    let spread = half.map { " ±" + NumberText.significant($0, digits: 2) } ?? ""
    return NumberText.significant(mean, digits: 3) + spread
  }
}

extension Method {
  /// The method's name as a column of a file.
  var columnName: String {
    switch self {
    case .linearProbe: "lp"
    case .fineTuning: "ft"
    case .linearProbeFineTuning: "lp_ft"
    case .fineTuningAtEqualRate: "ft_equal_rate"
    case .oracleStopped: "ft_oracle_stop"
    case .untrained: "ft_zero_steps"
    }
  }
}

extension Column {
  static let experiment = Column("experiment", meaning: "The experiment's name.")
  static let method = Column(
    "method",
    convention: "LP: linear probe; FT: fine-tuning; LP-FT: fine-tuning from the linear probe; FT, "
      + "rate of LP-FT: at equal learning rate; FT, oracle stop: the epoch best on the primary OOD "
      + "set; FT, 0 steps: before the first update",
    meaning: "How the pretrained network was adapted.")
  static let seed = Column("seed", .integer, meaning: "The seed of every random choice.")
}
