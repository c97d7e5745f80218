/// A recurrent layer over the steps of a value of steps × inputs, with Keras's order of gates.
///
/// Kernel inputs × (gates · units), recurrent kernel units × (gates · units), bias gates · units.
/// States begin at 0.
public struct Recurrence: Hashable, Sendable {
  /// What is computed at each step.
  public enum Cell: Hashable, Sendable {
    /// h ← f(x W + h U + b).
    case simple
    /// Gates i, f, c, o: c ← g(f) c + g(i) f(c̃), h ← g(o) f(c).
    ///
    /// Hochreiter, Schmidhuber 1997; f is the activation, g the recurrent activation.
    case longShortTermMemory
    /// Gates z, r, h: h ← g(z) h + (1 − g(z)) f(h̃); the reset gate multiplies the state before the
    /// product with its matrix or, when `resetsAfter`, that product (with a bias of its own: the bias
    /// is then 2 × 3 · units).
    ///
    /// Cho et al. 2014.
    case gatedUnit(resetsAfter: Bool)

    /// How many gates there are, the candidate counted.
    public var gates: Int {
      switch self {
      case .simple: 1
      case .longShortTermMemory: 4
      case .gatedUnit: 3
      }
    }
  }

  /// What is computed at each step.
  public var cell: Cell
  /// How long the state is.
  public var units: Int
  /// The function f; none is the identity.
  public var activation: Activation?
  /// The function g of the gates.
  public var recurrentActivation: Activation?
  /// Whether there are biases.
  public var hasBias: Bool
  /// Whether the steps are taken from the last to the first.
  public var goesBackwards: Bool
  /// Whether the result is the state after every step, in the order they were taken, or after the
  /// last one.
  public var returnsSequences: Bool

  /// A layer with Keras 2's functions.
  public init(
    _ cell: Cell, units: Int, activation: Activation? = .tanh,
    recurrentActivation: Activation? = .sigmoid, hasBias: Bool = true,
    goesBackwards: Bool = false, returnsSequences: Bool = false
  ) {
    self.cell = cell
    self.units = units
    self.activation = activation
    self.recurrentActivation = recurrentActivation
    self.hasBias = hasBias
    self.goesBackwards = goesBackwards
    self.returnsSequences = returnsSequences
  }
}
