import HDF5

/// The way through the groups of a file: links inside it are followed, and what no walk should follow
/// is refused by name.
struct GroupWalk {
  /// A group on the way.
  struct Place {
    let group: Group
    /// The paths of it and of the groups around it.
    let around: [String]
    /// Whether a soft link, or a second name of a group, led here.
    let isLinked: Bool

    private init(_ group: Group, around: [String], isLinked: Bool) {
      (self.group, self.around, self.isLinked) = (group, around, isLinked)
    }

    /// Where a walk begins.
    init(_ root: Group) { self.init(root, around: [root.path], isLinked: false) }

    fileprivate func inner(_ group: Group, isLinked: Bool) -> Place {
      Place(group, around: around + [group.path], isLinked: self.isLinked || isLinked)
    }
  }

  /// Something in a group.
  enum Member {
    case group(Place)
    case dataset(Dataset)
    /// A type that has a name of its own, which holds no values.
    case namedType
  }

  /// How many objects were met, and how many of them behind links: the same objects can be met again
  /// and again there.
  private var (seen, linked) = (0, 0)
  private static let most = (seen: 1_000_000, linked: 65_536)

  /// What is in the group at `place`, by name in the order of HDF5.
  ///
  /// - Throws: `HDF5Error`, also for links to other files or to nothing, circles, groups nested
  ///   deeper than 64, and more objects than any checkpoint has.
  mutating func members(of place: Place) throws(HDF5Error) -> [(name: String, member: Member)] {
    let group = place.group
    func refusal(_ kind: HDF5Error.Kind, _ object: String?, _ reason: String) -> HDF5Error {
      HDF5Error(kind: kind, path: group.file.path, object: object, reason: reason)
    }
    guard place.around.count <= 65 else {
      throw refusal(
        .unsupported, group.path, "groups nested deeper than 64, or holding themselves; refused")
    }
    var members: [(name: String, member: Member)] = []
    for entry in try group.entries() {
      seen += 1
      if place.isLinked { linked += 1 }
      guard seen <= Self.most.seen, linked <= Self.most.linked else {
        throw refusal(
          .tooLarge, nil,
          place.isLinked
            ? "more than \(Self.most.linked) objects behind links; save it without links"
            : "more than a million objects, which no checkpoint has")
      }
      switch entry.kind {
      case .group:
        members.append(
          (entry.name, .group(place.inner(try group.group(entry.name), isLinked: false))))
      case .dataset: members.append((entry.name, .dataset(try group.dataset(entry.name))))
      case .namedType: members.append((entry.name, .namedType))
      case .softLink, .externalLink, .unknown:
        let (kind, path) = try group.destination(of: entry.name)
        switch kind {
        case .group:
          guard !place.around.contains(path) else {
            let object = group.path == "/" ? "/\(entry.name)" : "\(group.path)/\(entry.name)"
            throw refusal(
              .unsupported, object,
              "a link to \(path), which is around it: a circle, which is never followed; "
                + "save the file without that link")
          }
          members.append((entry.name, .group(place.inner(try group.group(path), isLinked: true))))
        case .dataset: members.append((entry.name, .dataset(try group.dataset(path))))
        default: members.append((entry.name, .namedType))
        }
      }
    }
    return members
  }
}
