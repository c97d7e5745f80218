import Reports
import Synchronization
import Testing

/// A clock and a screen that a test can hold.
private final class Stage: Sendable {
  let time = Mutex(0.0)
  let screen = Mutex("")

  func progress(total: Int?, width: Int? = nil) -> Progress {
    Progress(
      "features", total: total, unit: "images", width: width,
      now: { self.time.withLock { $0 } },
      output: { text in self.screen.withLock { $0 = text } })
  }

  func wait(_ seconds: Double) { time.withLock { $0 += seconds } }
  var shown: String { screen.withLock { $0 } }
}

@Suite struct ProgressTests {
  @Test func `the line tells how far, how fast and how long still`() {
    let stage = Stage()
    let progress = stage.progress(total: 10_000)
    stage.wait(2)
    progress.advance(by: 2500)
    #expect(
      stage.shown == "\r\u{1B}[Kfeatures: 2,500 of 10,000 images (25%), 1250 images/s, 6.0 s left")
    progress.finish()
    #expect(stage.shown == "\r\u{1B}[K")
  }

  @Test func `without a total there is no remaining time`() {
    let stage = Stage()
    let progress = stage.progress(total: nil)
    stage.wait(2)
    progress.advance(by: 3)
    #expect(stage.shown == "\r\u{1B}[Kfeatures: 3 images, 1.50 images/s")
  }

  @Test func `the line is redrawn at most ten times per second`() {
    let stage = Stage()
    let progress = stage.progress(total: 100)
    progress.advance()
    let first = stage.shown
    stage.wait(0.05)
    progress.advance()
    #expect(stage.shown == first)
    stage.wait(0.06)
    progress.advance()
    #expect(stage.shown.contains("3 of 100"))
  }

  @Test func `a narrow terminal cuts the line before it wraps`() {
    let stage = Stage()
    let progress = stage.progress(total: 100, width: 20)
    stage.wait(1)
    progress.advance()
    #expect(stage.shown == "\r\u{1B}[Kfeatures: 1 of 100…")
  }

  @Test func `many threads may advance it`() async {
    let stage = Stage()
    let progress = stage.progress(total: 8000)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 { group.addTask { for _ in 0..<1000 { progress.advance() } } }
    }
    #expect(progress.done == 8000)
  }
}
