import CLAPACK
import Dispatch
import Synchronization

/// A product of blocks of rows that is added to sums: `leftᵀ right`.
public struct RowProduct: Sendable {
  let left: Matrix
  let right: Matrix
  let isGram: Bool

  /// The product `leftᵀ right`.
  ///
  /// - Precondition: both have the same number of rows.
  public init(_ left: Matrix, _ right: Matrix) {
    precondition(left.rows == right.rows, "\(left.rows) and \(right.rows) rows")
    (self.left, self.right, isGram) = (left, right, false)
  }

  /// The product `rowsᵀ rows`.
  public init(gramOf rows: Matrix) { (left, right, isGram) = (rows, rows, true) }
}

extension UpperTriangle {
  /// Adds the upper triangles of products to `triangles`, and a whole product to a matrix, by as many
  /// threads as there are processors.
  ///
  /// Each panel is summed by one thread, so that the same blocks give the same bits on any number of
  /// processors.
  ///
  /// - Precondition: one product for each triangle, of its size; the matrix has the shape of its
  ///   product.
  public static func add(
    _ products: [RowProduct], to triangles: inout [UpperTriangle],
    and whole: RowProduct? = nil, to matrix: inout Matrix
  ) {
    precondition(products.count == triangles.count, "\(products.count) for \(triangles.count)")
    for (product, triangle) in zip(products, triangles) {
      precondition(
        product.left.columns == triangle.size && product.right.columns == triangle.size,
        "\(product.left.columns)×\(product.right.columns) is not of size \(triangle.size)")
    }
    if let whole {
      precondition(
        whole.left.columns == matrix.rows && whole.right.columns == matrix.columns,
        "\(whole.left.columns)×\(whole.right.columns) is not \(matrix.rows)×\(matrix.columns)")
    }
    var work: [PanelProduct] = []
    func next(_ place: Int) {
      guard place < triangles.count else {
        matrix.values.withUnsafeMutableBufferPointer { values in
          if let whole, let base = values.baseAddress {
            work += PanelProduct.panels(of: whole, in: base)
          }
          run(work)
        }
        return
      }
      let size = triangles[place].size
      // Taken out, so that the array is not written while its element is.
      var entries: [Double] = []
      swap(&entries, &triangles[place].entries)
      entries.withUnsafeMutableBufferPointer { values in
        if let base = values.baseAddress {
          for panel in 0..<panels(of: size) {
            work.append(PanelProduct(products[place], panel: panel, size: size, in: base))
          }
        }
        next(place + 1)
      }
      swap(&entries, &triangles[place].entries)
    }
    next(0)
  }

  /// The costliest first, so that the others fill the gaps.
  private static func run(_ work: [PanelProduct]) {
    let order = work.sorted { $0.cost > $1.cost }
    guard work.reduce(0, { $0 + $1.cost }) > 1 << 22 else {
      for part in order { part.add() }
      return
    }
    nonisolated(unsafe) let parts = order
    let next = Atomic<Int>(0)
    // One body a thread: it takes what is left until nothing is.
    DispatchQueue.concurrentPerform(iterations: min(parts.count, 64)) { _ in
      while true {
        let place = next.add(1, ordering: .relaxed).oldValue
        guard place < parts.count else { return }
        parts[place].add()
      }
    }
  }
}

/// The part of a product that one panel of sums takes.
private struct PanelProduct {
  let product: RowProduct
  let rows: Range<Int>
  let columns: Range<Int>
  /// Whether the first columns and the rows are the same, and only the upper triangle is wanted.
  let beginsInTriangle: Bool
  let target: UnsafeMutablePointer<Double>

  init(
    _ product: RowProduct, panel: Int, size: Int, in entries: UnsafeMutablePointer<Double>
  ) {
    let (offset, _, rows) = UpperTriangle.extent(panel, size)
    self.product = product
    self.rows = rows
    columns = rows.lowerBound..<size
    beginsInTriangle = product.isGram
    target = entries + offset
  }

  private init(
    _ product: RowProduct, rows: Range<Int>, in values: UnsafeMutablePointer<Double>
  ) {
    self.product = product
    self.rows = rows
    columns = 0..<product.right.columns
    beginsInTriangle = false
    target = values + rows.lowerBound * product.right.columns
  }

  static func panels(
    of whole: RowProduct, in values: UnsafeMutablePointer<Double>
  ) -> [PanelProduct] {
    let height = whole.left.columns
    return stride(from: 0, to: height, by: UpperTriangle.panelHeight).map { start in
      PanelProduct(
        whole, rows: start..<min(start + UpperTriangle.panelHeight, height), in: values)
    }
  }

  var cost: Int { product.left.rows * columns.count * rows.count }

  func add() {
    let (count, left, right) = (product.left.rows, product.left.columns, product.right.columns)
    guard count > 0, !rows.isEmpty, !columns.isEmpty else { return }
    let stride = blasSize(columns.count)
    let triangle = beginsInTriangle ? rows.count : 0
    let beside = columns.count - triangle
    product.left.values.withUnsafeBufferPointer { a in
      product.right.values.withUnsafeBufferPointer { b in
        guard let a = a.baseAddress, let b = b.baseAddress else { return }
        if triangle > 0 {
          cblas_dsyrk(
            CblasRowMajor, CblasUpper, CblasTrans, blasSize(triangle), blasSize(count), 1,
            a + rows.lowerBound, blasSize(left), 1, target, stride)
        }
        if beside > 0 {
          cblas_dgemm(
            CblasRowMajor, CblasTrans, CblasNoTrans, blasSize(rows.count), blasSize(beside),
            blasSize(count), 1, a + rows.lowerBound, blasSize(left),
            b + columns.lowerBound + triangle, blasSize(right), 1, target + triangle, stride)
        }
      }
    }
  }
}
