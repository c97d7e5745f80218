/// Scaled dot products between rows, for several heads side by side:
/// `softmax(scale · Q Kᵀ) V` for each head, the heads' results next to each other.
///
/// Vaswani et al., "Attention Is All You Need", NIPS 2017, eq. 1. The projections before and after
/// are dense operations of their own. One input of n × 3w holds queries, keys and values side by
/// side, each with the heads next to each other; three inputs are queries n × w, keys m × w and
/// values m × u. Head h reads columns h·w/heads up to (h + 1)·w/heads.
public struct Attention: Hashable, Sendable {
  /// The number of heads.
  public var heads: Int
  /// What the dot products are multiplied by; 1/√(w/heads) when `nil`.
  public var scale: Float?
  /// Whether a row sees only itself and the rows before it.
  public var isCausal: Bool

  /// Attention with so many heads.
  public init(heads: Int, scale: Float? = nil, isCausal: Bool = false) {
    self.heads = heads
    self.scale = scale
    self.isCausal = isCausal
  }
}
