import Testing
import Training

@Suite struct LBFGSTests {
  @Test func `it finds the minimum of Rosenbrock's valley`() {
    for start in [[-1.2, 1], [-3.0, -4], [8, -2]] {
      let result = LBFGS().minimize(from: start) { point, gradient in
        let (x, y) = (point[0], point[1])
        gradient = [-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)]
        return 100 * (y - x * x) * (y - x * x) + (1 - x) * (1 - x)
      }
      #expect(result.converged)
      #expect(abs(result.point[0] - 1) < 1e-6 && abs(result.point[1] - 1) < 1e-6)
      #expect(result.iterations < 120)
    }
  }

  @Test func `an ill-conditioned quadratic is solved`() {
    // Curvatures from 1 to 10⁶; the minimum is at i + 1.
    let scales = (0..<7).map { i in (0..<i).reduce(1.0) { product, _ in product * 10 } }
    let result = LBFGS().minimize(from: [Double](repeating: 0, count: 7)) { point, gradient in
      var value = 0.0
      for i in point.indices {
        let difference = point[i] - Double(i + 1)
        gradient[i] = scales[i] * difference
        value += 0.5 * scales[i] * difference * difference
      }
      return value
    }
    #expect(result.converged)
    for i in 0..<7 { #expect(abs(result.point[i] - Double(i + 1)) < 1e-6) }
  }

  @Test func `the same start gives the same bits`() {
    func solve() -> [Double] {
      LBFGS().minimize(from: [0.3, -0.7]) { point, gradient in
        gradient = [4 * point[0] * point[0] * point[0], 2 * point[1]]
        return point[0] * point[0] * point[0] * point[0] + point[1] * point[1]
      }.point
    }
    #expect(solve() == solve())
  }

  @Test func `at a minimum it stays, and a bound on iterations is kept`() {
    func bowl(_ point: [Double], _ gradient: inout [Double]) -> Double {
      gradient = [2 * point[0]]
      return point[0] * point[0]
    }
    let there = LBFGS().minimize(from: [0], bowl)
    #expect(there.iterations == 0 && there.converged)
    var limited = LBFGS()
    limited.maximumIterations = 1
    let cut = limited.minimize(from: [100]) { point, gradient in
      gradient = [4 * point[0] * point[0] * point[0]]
      return point[0] * point[0] * point[0] * point[0]
    }
    #expect(cut.iterations == 1 && !cut.converged)
  }

  @Test func `a step into the undefined is taken back`() {
    // −log(x) + x is infinite for x ≤ 0; its minimum is 1.
    let result = LBFGS().minimize(from: [50]) { point, gradient in
      guard point[0] > 0 else {
        gradient = [.nan]
        return .infinity
      }
      var logarithm = 0.0
      var rest = point[0]
      while rest > 2 { (rest, logarithm) = (rest / 2, logarithm + 0.6931471805599453) }
      while rest < 1 { (rest, logarithm) = (rest * 2, logarithm - 0.6931471805599453) }
      let s = (rest - 1) / (rest + 1)
      var power = s
      for k in 0..<40 {
        (logarithm, power) = (logarithm + 2 * power / Double(2 * k + 1), power * s * s)
      }
      gradient = [1 - 1 / point[0]]
      return point[0] - logarithm
    }
    #expect(abs(result.point[0] - 1) < 1e-6)
  }
}
