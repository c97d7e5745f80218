import CHDF5

/// An HDF5 identifier that is closed exactly once, when it goes out of scope.
struct Identifier: ~Copyable, Sendable {
  let raw: hid_t
  private let close: @convention(c) @Sendable (hid_t) -> herr_t

  /// Adopts the result of an HDF5 call that opens or creates something.
  ///
  /// Returns `nil` for the negative value HDF5 uses to report failure.
  init?(_ raw: hid_t, closedBy close: @convention(c) @Sendable (hid_t) -> herr_t) {
    guard raw >= 0 else { return nil }
    self.raw = raw
    self.close = close
  }

  /// Nothing in the library: objects that a catalogue describes have no identifier there.
  static var none: Identifier { Identifier(unchecked: -1) }

  private init(unchecked raw: hid_t) {
    self.raw = raw
    self.close = { _ in 0 }
  }

  deinit {
    guard raw >= 0 else { return }
    Library.closing { _ = close(raw) }
  }
}
