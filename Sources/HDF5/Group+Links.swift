import CHDF5

extension Group {
  /// What a name is a link to.
  enum Link {
    case hard
    case soft(String)
    /// To another file: which, and what in it, in words.
    case external(String)
    case userDefined
  }

  /// The path of `name` from the top, soft links followed here so that no other file is touched.
  func resolve(_ name: String) throws(HDF5Error) -> String {
    var current = name.hasPrefix("/") ? "/" : path
    var pending = name.split(separator: "/").reversed().map(String.init)
    var followed = 0
    var last: FollowedLink?
    while let component = pending.popLast() {
      if component == "." { continue }
      let next = current == "/" ? "/" + component : current + "/" + component
      switch try link(component, in: current, at: next, behind: last, left: pending.count) {
      case .hard: current = next
      case .soft(let target):
        followed += 1
        guard followed <= 16 else {
          throw refusal(of: next, "soft links lead in a circle; save the file without them")
        }
        last = FollowedLink(path: next, target: target, left: pending.count)
        if target.hasPrefix("/") { current = "/" }
        pending += target.split(separator: "/").reversed().map(String.init)
      case .external(let target):
        throw refusal(
          of: next,
          "an external link to \(target), which is never followed; save what it leads to in this file"
        )
      case .userDefined:
        throw refusal(
          of: next,
          "a link of a user-defined kind, which is never followed; save what it leads to in this file"
        )
      }
    }
    return current
  }

  /// A soft link on the way, and how many names were left to go behind it.
  private struct FollowedLink {
    var path: String
    var target: String
    var left: Int
  }

  private func refusal(of object: String, _ reason: String) -> HDF5Error {
    HDF5Error(kind: .unsupported, path: file.path, object: object, reason: reason)
  }

  /// The link `component` in the group at `parent`; where it is missing, that is the fault of the soft
  /// link that led there, if one did.
  private func link(
    _ component: String, in parent: String, at next: String, behind last: FollowedLink?, left: Int
  ) throws(HDF5Error) -> Link {
    do throws(HDF5Error) {
      if let catalogue = file.catalogue {
        return try catalogue.link(component, in: parent, at: next)
      }
      return try Library.call { () throws(HDF5Error) in try self.link(at: next) }
    } catch {
      guard error.kind == .objectNotFound, let last, left >= last.left else { throw error }
      throw HDF5Error(
        kind: .objectNotFound, path: file.path, object: last.path,
        reason: "a soft link to \(last.target), which the file does not hold; "
          + "save what it should lead to, or leave the link out")
    }
  }

  /// The link at `path`; under `Library.call`.
  func link(at path: String) throws(HDF5Error) -> Link {
    guard !path.utf8.contains(0) else {
      throw HDF5Error(
        kind: .objectNotFound, path: file.path, object: self.path,
        reason: "a name holds a zero byte")
    }
    var type = H5L_TYPE_ERROR
    var size = 0
    guard chdf5_link_type(file.identifier.raw, path, &type, &size) >= 0 else {
      throw .library(path: file.path, object: path, "cannot be found")
    }
    switch type {
    case H5L_TYPE_HARD: return .hard
    case H5L_TYPE_SOFT:
      let target = try target(at: path, size)
      return .soft(String(decoding: target.prefix { $0 != 0 }, as: UTF8.self))
    case H5L_TYPE_EXTERNAL: return .external(Self.externalTarget(try target(at: path, size)))
    default: return .userDefined
    }
  }

  /// The bytes of the link at `path`, and a zero behind them; under `Library.call`.
  private func target(at path: String, _ size: Int) throws(HDF5Error) -> [UInt8] {
    guard size <= 65_536 else { throw refusal(of: path, "a link of \(size) bytes; refused") }
    var target = [UInt8](repeating: 0, count: size + 1)
    guard H5Lget_val(file.identifier.raw, path, &target, size, chdf5_default()) >= 0 else {
      throw .library(path: file.path, object: path, "its link cannot be read")
    }
    return target
  }

  /// `/weights in other.h5`, from a byte of flags, the name of a file and a path in it.
  private static func externalTarget(_ bytes: [UInt8]) -> String {
    let names = bytes.dropFirst().split(separator: 0, omittingEmptySubsequences: false)
    guard names.count >= 2 else { return "another file" }
    func text(_ name: ArraySlice<UInt8>) -> String {
      let text = String(decoding: name.prefix(200), as: UTF8.self)
      return name.count > 200 ? text + "…" : text
    }
    return "\(text(names[1])) in \(text(names[0]))"
  }
}
