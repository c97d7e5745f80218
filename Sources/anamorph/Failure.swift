import ArgumentParser
import Files
import Geometry
import HDF5
import Hypothesis
import LinearAlgebra
import Networks
import Reports
import Training

/// Runs `body`; what cannot be done becomes one line on standard error and status 2.
///
/// Linear algebra runs on one thread per task, so that no sum depends on how many processors there
/// are.
func reporting(_ body: () throws -> Void) throws {
  LinearAlgebraThreads.use(1)
  do {
    try body()
  } catch let error as FileError {
    throw ExitCode.trouble("\(error)")
  } catch let error as HDF5Error {
    throw ExitCode.trouble("\(error)")
  } catch let error as ExperimentError {
    throw ExitCode.trouble("\(error)")
  } catch let error as TrainingError {
    throw ExitCode.trouble("\(error)")
  } catch let error as NetworkError {
    throw ExitCode.trouble("\(error)")
  } catch let error as GeometryError {
    throw ExitCode.trouble("\(error)")
  } catch let error as LinearAlgebraError {
    throw ExitCode.trouble("\(error)")
  }
}

/// Runs `body`; errors that know no file are told as errors of `path`.
func naming<R>(_ path: String, _ body: () throws -> R) throws -> R {
  do {
    return try body()
  } catch let error as NetworkError {
    throw FileError(path: path, reason: "\(error)")
  } catch let error as ExperimentError {
    throw FileError(path: path, reason: "\(error)")
  } catch let error as TrainingError {
    throw FileError(path: path, reason: "\(error)")
  } catch let error as GeometryError {
    throw FileError(path: path, reason: "\(error)")
  } catch let error as LinearAlgebraError {
    throw FileError(path: path, reason: "\(error)")
  }
}

extension ExitCode {
  /// Says on standard error, in one line, what could not be done; the command then ends with
  /// status 2.
  ///
  ///     throw ExitCode.trouble("\(error)")
  static func trouble(_ message: String) -> ExitCode {
    StandardError.say("anamorph: \(oneLine(message))")
    return ExitCode(2)
  }
}

/// `text` with every control character shown as `�`: what a file says of itself must not move the
/// cursor, colour the screen or look like a second line.
func oneLine(_ text: String) -> String { TextWidth.oneLine(text) }
