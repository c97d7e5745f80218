import ArgumentParser
import Hypothesis
import LinearAlgebra
import Reports

struct Theory: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Hold the two-layer linear model against what is proved about it.",
    discussion: """
      Makes regression problems with known answers, pretrained features at chosen distances from the \
      true ones, and inputs in a subspace; then probes (LP), fine-tunes (FT) and does both in turn \
      (LP-FT) by gradient flow in all coordinates. Prints errors on in-distribution (ID) and \
      out-of-distribution (OOD) inputs beside their bounds, where the features moved, and controls \
      that break the theory's premise.

      Two lower bounds are proved here for any number of features, one of them in closed form. The \
      one that the main text of Kumar et al., ICLR 2022, prints stands beside them; it can fail for \
      three features or fewer, for example with

        anamorph theory --rank 1 --dimension 10 --signal-norm 0.2 --head-scale 0.001

      Exit status: 0 when the proved bounds on FT and LP and the lemma that features stay \
      outside the span of the ID inputs held in every simulated case, 1 when one did not, 2 when the \
      simulation could not be done.
      """)

  @Option(help: "The number of input coordinates, d.")
  var dimension = LinearProblemSettings().dimension

  @Option(help: "The number of features, k.")
  var rank = LinearProblemSettings().rank

  @Option(name: .customLong("id-dimension"), help: "The dimension of the span of the ID inputs, m.")
  var spanDimension = LinearProblemSettings().spanDimension

  @Option(help: "The number of training examples, n.")
  var examples = LinearProblemSettings().exampleCount

  @Option(
    parsing: .upToNextOption,
    help: "Distances of the pretrained features from the true ones, between 0 and 1.414.")
  var distance = LinearTheory.Settings().distances

  @Option(help: "The length of what is to be learned.")
  var signalNorm = LinearProblemSettings().signalNorm

  @Option(
    help: ArgumentHelp(
      "The standard deviation of the random head's weights (default: 1 / square root of the rank).",
      valueName: "scale"))
  var headScale: Double?

  @Option(help: "The number of seeds.")
  var seeds = LinearTheory.Settings().seedCount

  @Option(help: "The first seed.")
  var seed = LinearTheory.Settings().firstSeed

  @Option(
    help: "text for people; csv with a row for each training of each seed; json with everything.")
  var format = OutputFormat.text

  @Flag(help: "No progress on standard error.")
  var quiet = false

  private var settings: LinearTheory.Settings {
    var settings = LinearTheory.Settings()
    settings.problem.dimension = dimension
    settings.problem.rank = rank
    settings.problem.spanDimension = spanDimension
    settings.problem.exampleCount = examples
    settings.problem.signalNorm = signalNorm
    settings.problem.headScale = headScale
    settings.distances = distance
    settings.firstSeed = seed
    settings.seedCount = seeds
    return settings
  }

  func validate() throws {
    do {
      try settings.validate()
    } catch {
      throw ValidationError(error.reason)
    }
  }

  func run() throws {
    // The same sums whatever the number of cores; the matrices are too small to share anyway.
    LinearAlgebraThreads.use(1)
    let progress = Progress(
      "theory", total: settings.problemCount, unit: "problems", isQuiet: quiet)
    let theory: LinearTheory
    do {
      defer { progress.finish() }
      theory = try LinearTheory(settings) { progress.advance() }
    } catch let error as LinearAlgebraError {
      throw ExitCode.trouble("theory: \(error)")
    }
    switch format {
    case .text: print(theory.report(style: .standardOutput()), terminator: "")
    case .csv: print(theory.runTable.csv, terminator: "")
    case .json: print(theory.json.rendered())
    }
    if !theory.holds { throw ExitCode(1) }
  }
}
