public import Files

/// Which class of one set is which class of another; classes without a place are left out.
///
/// Built in, by name:
///
/// | name | maps |
/// | --- | --- |
/// | `cifar10` | STL-10's classes to those of CIFAR-10; the monkey is left out, the frog has no example |
/// | `imagenet` | WordNet IDs, or the numbers 0 to 999, to the 1000 outputs of an ImageNet network |
/// | `domainnet-40` | DomainNet's classes to the 40 of Tan et al., by name |
/// | `living-17`, `entity-30` | ImageNet classes to BREEDS' groups; `/source` or `/target` after the name takes that half |
///
/// Others come from a file, see ``init(reading:)``.
public struct ClassMap: Hashable, Sendable {
  /// What it is called: the built-in name, or the file.
  public let name: String

  /// The new class of each old one, by the old one's name, or its number in digits.
  public let targets: [String: Int]

  /// What the new classes are called, when that is known.
  public let classNames: [String]?

  /// How many new classes there are.
  public let classCount: Int

  private init(name: String, targets: [String: Int], classNames: [String]?, classCount: Int) {
    self.name = name
    self.targets = targets
    self.classNames = classNames
    self.classCount = classCount
  }

  /// The new class of `name`, which is class number `label` of its set.
  public func target(of label: Int, named name: String?) -> Int? {
    name.flatMap { targets[$0] } ?? targets[String(label)]
  }

  /// Whether every old class has to be there: halves of a benchmark are not what they are called
  /// without one of their classes.
  var needsEveryClass: Bool { BreedsGroups.all.contains { name.hasPrefix($0.name) } }
}

extension ClassMap {
  /// The classes of CIFAR-10, in the order of their labels.
  public static let cifar10Classes = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]

  /// The names that ``init(builtIn:)`` knows.
  public static let builtInNames: [String] =
    ["cifar10", "domainnet-40", "imagenet"]
    + BreedsGroups.all.flatMap { [$0.name, "\($0.name)/source", "\($0.name)/target"] }

  /// The map of this name, `nil` when there is none.
  public init?(builtIn name: String) {
    func numbered(_ names: [String]) -> [String: Int] {
      Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }
    switch name {
    case "cifar10":
      var targets = numbered(Self.cifar10Classes)
      targets["car"] = 1
      self.init(name: name, targets: targets, classNames: Self.cifar10Classes, classCount: 10)
    case "domainnet-40":
      let classes = DomainNetClasses.common40
      self.init(
        name: name, targets: numbered(classes), classNames: classes, classCount: classes.count)
    case "imagenet":
      let identifiers = ImageNetClasses.identifiers
      let numbers = numbered(identifiers.indices.map { String($0) })
      self.init(
        name: name, targets: numbered(identifiers).merging(numbers) { first, _ in first },
        classNames: identifiers, classCount: identifiers.count)
    default:
      let parts = name.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count <= 2, let set = BreedsGroups.all.first(where: { $0.name == parts[0] }),
        parts.count == 1 || parts[1] == "source" || parts[1] == "target"
      else { return nil }
      let half = parts.count == 2 ? parts[1] : nil
      var targets: [String: Int] = [:]
      for (number, group) in set.groups.enumerated() {
        let classes =
          (half == "target" ? [] : group.source) + (half == "source" ? [] : group.target)
        for name in classes { targets[name] = number }
      }
      self.init(
        name: name, targets: targets, classNames: set.groups.map(\.name),
        classCount: set.groups.count)
    }
  }

  /// Reads a map: a line for each old class with its name or number, a tab, the number of the new
  /// class, and, if wanted, another tab and the new class's name. Empty lines and lines that begin
  /// with `#` say nothing; classes that do not appear are left out.
  ///
  /// - Throws: ``Files/FileError`` with the line at fault.
  public init(reading path: String) throws {
    var targets: [String: Int] = [:]
    var names: [Int: String] = [:]
    let lines = try TextFile.text(of: path).split(omittingEmptySubsequences: false) {
      $0.isNewline
    }
    for (index, line) in lines.enumerated() where !line.isEmpty && line.first != "#" {
      func wrong(_ reason: String) -> FileError {
        FileError(path: path, object: "line \(index + 1)", reason: reason)
      }
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard (2...3).contains(fields.count), let target = Int(fields[1]),
        (0..<Labels.mostClasses).contains(target)
      else { throw wrong("not a class, a tab, and the number of a class") }
      guard targets.updateValue(target, forKey: String(fields[0])) == nil else {
        throw wrong("'\(fields[0])' has a class already")
      }
      guard fields.count == 3 else { continue }
      let name = String(fields[2])
      guard names.updateValue(name, forKey: target) ?? name == name else {
        throw wrong("class \(target) has another name already")
      }
    }
    guard let largest = targets.values.max() else {
      throw FileError(path: path, reason: "maps no class")
    }
    let count = largest + 1
    self.init(
      name: path, targets: targets,
      classNames: names.isEmpty ? nil : (0..<count).map { names[$0] ?? String($0) },
      classCount: count)
  }
}

extension ExampleSet {
  /// The examples whose class has a place in `map`, with their new classes.
  ///
  /// - Throws: ``Files/FileError`` when the set has no labels, or none of its classes has a place.
  public func mapped(by map: ClassMap) throws(FileError) -> ExampleSet {
    let setName = SetName(parsing: name)
    guard let labels else {
      throw FileError(
        path: setName.file, object: setName.object,
        reason: "has no labels that \(map.name) could map")
    }
    var changed: [Int: Int?] = [:]
    var rows: [Int] = []
    var newLabels: [Int] = []
    for (row, label) in labels.enumerated() {
      let name = classNames.flatMap { $0.indices.contains(label) ? $0[label] : nil }
      let target = changed[label] ?? map.target(of: label, named: name)
      changed[label] = .some(target)
      guard let target else { continue }
      rows.append(row)
      newLabels.append(target)
    }
    guard !rows.isEmpty else {
      throw FileError(
        path: setName.file, object: setName.object,
        reason: "none of its classes has a place in \(map.name)")
    }
    var set = rows.count == count ? self : subset(rows)
    set.labels = newLabels
    set.classCount = map.classCount
    set.classNames = map.classNames
    return set
  }

  /// The classes that some example has, in order.
  public var presentClasses: [Int]? { labels.map { Set($0).sorted() } }
}
