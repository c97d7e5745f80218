/// Two lists of parameters that are paired layer by layer.
///
/// A layer is paired with one layer of the other list, or with several that share its parameters
/// out among them (Caffe keeps the scale of a batch normalisation in a layer of its own); so the
/// parameters of a layer never go to layers that have other partners.
struct LayerAlignment {
  /// How a pair was found.
  enum Way { case map, values, name, unprefixed, order, moved, unordered }

  /// One of the two lists.
  struct Side {
    /// A layer.
    struct Layer {
      var name: Substring
      /// The last part of its name.
      var lastPart: Substring
      /// Its parameters.
      var places: [Int] = []
      /// The layers of the other list that its parameters are in.
      var joined: [Int] = []
    }

    let identities: [Identity]
    /// The layers in the order of their first parameters.
    var layers: [Layer] = []
    /// The layer of each parameter.
    var layerOf: [Int] = []
    /// The partner of each parameter.
    var partners: [Int?]

    init(_ identities: [Identity]) {
      self.identities = identities
      partners = [Int?](repeating: nil, count: identities.count)
      var numbers: [String: Int] = [:]
      for (place, identity) in identities.enumerated() {
        let name = identity.key.layer
        let number = numbers[name] ?? layers.count
        if number == layers.count {
          numbers[name] = number
          let last = name.lastIndex(of: ".").map { name[name.index(after: $0)...] } ?? name[...]
          layers.append(Layer(name: name[...], lastPart: last))
        }
        layers[number].places.append(place)
        layerOf.append(number)
      }
    }

    /// The parameters of a layer that have no partner.
    func rest(_ layer: Int) -> [Int] { layers[layer].places.filter { partners[$0] == nil } }

    /// The layers with parameters that have no partner.
    var restLayers: [Int] { layers.indices.filter { !rest($0).isEmpty } }
  }

  private(set) var first: Side
  private(set) var second: Side
  /// How each parameter of the first that has a partner got it.
  private(set) var ways: [Int: Way] = [:]

  init(_ first: [Identity], _ second: [Identity]) {
    (self.first, self.second) = (Side(first), Side(second))
  }

  /// Makes two parameters a pair, which says nothing of others in their layers.
  mutating func pair(_ i: Int, _ j: Int, _ way: Way) {
    (first.partners[i], second.partners[j], ways[i]) = (j, i, way)
  }

  /// Pairs what two layers have in common, if anything.
  mutating func join(_ p: Int, _ q: Int, _ way: Way) {
    let links = links(p, q)
    for (i, j) in links { pair(i, j, way) }
    guard !links.isEmpty, !first.layers[p].joined.contains(q) else { return }
    first.layers[p].joined.append(q)
    second.layers[q].joined.append(p)
  }

  /// The parameters of two layers that would become pairs: by name and role where the layers have one
  /// name, else by role and shape, the first of a kind with the first.
  func links(_ p: Int, _ q: Int) -> [(Int, Int)] {
    guard mayJoin(p, q) else { return [] }
    var free = second.rest(q)
    var links: [(Int, Int)] = []
    var left: [Int] = []
    for i in first.rest(p) {
      if let place = free.firstIndex(where: {
        second.identities[$0].key == first.identities[i].key
      }) {
        links.append((i, free.remove(at: place)))
      } else {
        left.append(i)
      }
    }
    for i in left {
      if let place = free.firstIndex(where: {
        second.identities[$0].kind == first.identities[i].kind
      }) {
        links.append((i, free.remove(at: place)))
      }
    }
    return links
  }

  /// Whether a layer is not paired with others, or is shared out and the other is not paired.
  func mayJoin(_ p: Int, _ q: Int) -> Bool {
    let (mine, others) = (first.layers[p].joined, second.layers[q].joined)
    if mine.isEmpty && others.isEmpty || mine.contains(q) { return true }
    if others.isEmpty { return mine.allSatisfy { second.layers[$0].joined == [p] } }
    if mine.isEmpty { return others.allSatisfy { first.layers[$0].joined == [q] } }
    return false
  }
}

extension Identity {
  /// What parameters of layers of other names must share to become a pair.
  struct Kind: Hashable {
    var role: Role
    var shape: [Int]
  }

  /// Role and shape; a pointwise kernel is a kernel where it is a layer of its own.
  var kind: Kind { Kind(role: key.role == .pointwiseKernel ? .kernel : key.role, shape: shape) }
}
