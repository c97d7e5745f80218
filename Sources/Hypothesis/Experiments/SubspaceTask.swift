import LinearAlgebra
package import Randomness
import Training

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Inputs that live in a random subspace S, and the same turned out of it by an angle.
///
/// A teacher z = relu(A x) with A ~ 3 N(0, 1)/√d gives `targets` linear combinations of its features
/// to pretrain on, for x ~ N(0, I). The downstream teacher is `√(1 − ε²) A + ε A′`, so that the
/// pretrained features are good but imperfect; classes are the largest of U z + offset, balanced on
/// N(0, I). In-distribution inputs are x = F_S z with the standard deviations of z falling from 1.5 to
/// 0.5 (times √(d/m), so that they are as long as full-dimensional ones). An out-of-distribution set
/// at angle θ is `cos θ F_S z + sin θ F_P z`, where the columns of F_P are orthogonal to S: at 90°
/// its inputs have no part in S at all. The set `full` is N(0, I).
public struct SubspaceTask {
  /// The numbers that define the task.
  public struct Settings: Codable, Equatable, Sendable {
    /// d, the dimension of the inputs.
    public var dimension: Int

    /// m, the dimension of S.
    public var idDimension: Int

    /// k, the number of the teacher's features.
    public var teacherFeatures: Int

    /// How many linear combinations of them pretraining predicts.
    public var targets: Int

    /// ε, how far the downstream teacher is from the pretraining teacher.
    public var teacherShift: Double

    /// The number of classes.
    public var classes: Int

    /// Standard deviation of noise added to ID inputs in all directions.
    public var noise: Double

    /// The angles, in degrees, of the OOD sets.
    public var angles: [Double]

    /// How many ID training examples there are.
    public var training: Int

    /// How many ID validation examples there are.
    public var validation: Int

    /// How many examples each test set has.
    public var test: Int
  }

  private let settings: Settings
  private let seed: UInt64
  private let pretrainingTeacher: Matrix
  private let pretrainingHead: Matrix
  private let teacher: Matrix
  private let classHead: Matrix
  private let offset: [Double]
  private let inside: Matrix
  private let outside: Matrix

  package init(_ settings: Settings, seed: UInt64) throws {
    try settings.check()
    self.settings = settings
    self.seed = seed
    let (d, k, m) = (settings.dimension, settings.teacherFeatures, settings.idDimension)
    var generator = SeededGenerator(seed: seed, "subspace task")
    func normal(_ rows: Int, _ columns: Int, scale: Double) -> Matrix {
      Matrix(
        rows: rows, columns: columns, values: generator.normals(rows * columns).map { $0 * scale })
    }
    let scale = 3 / Double(d).squareRoot()
    pretrainingTeacher = normal(d, k, scale: scale)
    pretrainingHead = normal(k, settings.targets, scale: 1 / Double(k).squareRoot())
    let basis = try Matrix.randomOrthogonal(d, using: &generator)
    inside = basis[columns: 0..<m]
    outside = basis[columns: m..<2 * m]
    let other = normal(d, k, scale: scale)
    let shift = settings.teacherShift
    let kept = (1 - shift * shift).squareRoot()
    teacher = Matrix(
      rows: d, columns: k,
      values: zip(pretrainingTeacher.values, other.values).map { kept * $0 + shift * $1 })
    var head = normal(k, settings.classes, scale: 1 / Double(k).squareRoot())
    for c in 0..<settings.classes {
      let mean = (0..<k).reduce(0.0) { $0 + head[$1, c] } / Double(k)
      for feature in 0..<k { head[feature, c] -= mean }
    }
    classHead = head
    let scores = Self.scores(normal(4000, d, scale: 1), teacher, head)
    offset = (0..<settings.classes).map { c in
      -(0..<scores.rows).reduce(0.0) { $0 + scores[$1, c] } / Double(scores.rows)
    }
  }

  /// d.
  var dimension: Int { settings.dimension }

  /// The number of values that pretraining predicts.
  var pretrainingOutputs: Int { settings.targets }

  /// A batch of pretraining inputs and their targets.
  package func pretrainingBatch(
    _ count: Int, using generator: inout SeededGenerator
  ) -> (inputs: [Float], targets: [Float]) {
    let inputs = Matrix(
      rows: count, columns: settings.dimension,
      values: generator.normals(count * settings.dimension))
    let targets = Self.scores(inputs, pretrainingTeacher, pretrainingHead)
    return (inputs.values.map { Float($0) }, targets.values.map { Float($0) })
  }

  /// The data of the downstream task.
  package func transfer() -> TransferData {
    TransferData(
      classes: settings.classes,
      training: sample(settings.training, degrees: 0, noise: settings.noise, "training"),
      validation: sample(settings.validation, degrees: 0, noise: settings.noise, "validation"),
      id: sample(settings.test, degrees: 0, noise: settings.noise, "ID test"),
      ood: zip(settings.oodNames, settings.angles).map { name, angle in
        .init(
          name: name,
          examples: sample(settings.test, degrees: angle, noise: settings.noise, name))
      } + [.init(name: SubspaceTask.Settings.isotropicName, examples: isotropic())])
  }

  private func sample(
    _ count: Int, degrees: Double, noise: Double, _ name: String
  ) -> Examples {
    var generator = SeededGenerator(seed: seed, "subspace task: \(name)")
    let (d, m) = (settings.dimension, settings.idDimension)
    let stretch = (Double(d) / Double(m)).squareRoot()
    var latent = Matrix(rows: count, columns: m, values: generator.normals(count * m))
    for row in 0..<count {
      for j in 0..<m {
        let deviation = m == 1 ? 1 : 1.5 - Double(j) / Double(m - 1)
        latent[row, j] *= deviation * stretch
      }
    }
    let (cosine, sine) = Self.cosineAndSine(degrees: degrees)
    var inputs = latent.timesTransposed(inside)
    let turned = latent.timesTransposed(outside)
    for index in inputs.values.indices {
      inputs.values[index] = cosine * inputs.values[index] + sine * turned.values[index]
      if noise > 0 { inputs.values[index] += noise * generator.normal() }
    }
    return labelled(inputs)
  }

  private func isotropic() -> Examples {
    var generator = SeededGenerator(seed: seed, "subspace task: full")
    return labelled(
      Matrix(
        rows: settings.test, columns: settings.dimension,
        values: generator.normals(settings.test * settings.dimension)))
  }

  private func labelled(_ inputs: Matrix) -> Examples {
    let scores = Self.scores(inputs, teacher, classHead)
    let labels = (0..<inputs.rows).map { row in
      (0..<settings.classes).map { scores[row, $0] + offset[$0] }.indexOfLargest
    }
    return Examples(
      shape: [settings.dimension], inputs: inputs.values.map { Float($0) }, labels: labels)
  }

  /// relu(x A) U.
  private static func scores(_ inputs: Matrix, _ teacher: Matrix, _ head: Matrix) -> Matrix {
    var features = inputs * teacher
    for index in features.values.indices { features.values[index] = max(features.values[index], 0) }
    return features * head
  }

  /// Exact at right angles, where rounding would leave a trace of S.
  private static func cosineAndSine(degrees: Double) -> (Double, Double) {
    switch degrees {
    case 0: (1, 0)
    case 90: (0, 1)
    default: (cos(degrees * .pi / 180), sin(degrees * .pi / 180))
    }
  }
}

extension SubspaceTask.Settings {
  /// What the set of inputs from N(0, I) is called.
  static let isotropicName = "full"

  /// The names of the OOD sets: the angles in order, then the inputs from N(0, I).
  var oodNames: [String] { angles.map { "\($0.formatted)°" } + [Self.isotropicName] }

  func check() throws {
    let positive = [
      dimension, idDimension, teacherFeatures, targets, classes, training, validation, test,
    ]
    guard positive.allSatisfy({ $0 > 0 }), classes > 1 else {
      throw ExperimentError("every count of a subspace task must be positive, and classes above 1")
    }
    // Far above what these experiments are for, and far below what memory or Int would not hold.
    let largest = 1 << 20
    guard positive.allSatisfy({ $0 <= largest }), dimension <= 4096, targets <= 4096,
      teacherFeatures <= 4096, classes <= 4096, angles.count <= 360
    else {
      throw ExperimentError(
        "a subspace task has at most 4096 dimensions, features, targets and classes, 360 angles, "
          + "and \(largest) examples in a set")
    }
    guard 2 * idDimension <= dimension else {
      throw ExperimentError(
        "idDimension \(idDimension) needs a dimension of at least \(2 * idDimension), "
          + "so that inputs can be turned out of their span; it is \(dimension)")
    }
    guard (0...1).contains(teacherShift), noise >= 0 else {
      throw ExperimentError("teacherShift must be in 0…1 and noise not negative")
    }
  }
}

extension Double {
  /// The shortest text that reads as this number, without a trailing `.0`.
  fileprivate var formatted: String {
    let text = description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
