import ArgumentParser
import Files
import Geometry
import HDF5
import Hypothesis
import LinearAlgebra
import Networks
import Training

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Runs `body`; what cannot be done with a file becomes one line on standard error and status 2.
func reporting(_ body: () throws -> Void) throws {
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

/// `text` with every control character shown as `�`: what a file says of itself must not move the
/// cursor, colour the screen or look like a second line.
func oneLine(_ text: String) -> String {
  var result = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    result.append(isControl ? "\u{FFFD}" : scalar)
  }
  return String(result)
}

/// Standard output, where a command's result goes and nothing else.
enum StandardOutput {
  /// Writes all of `text`.
  ///
  /// A reader that has seen enough, as `head` does, closes the pipe: that is no error, and the
  /// rest is dropped.
  ///
  /// - Throws: `FileError` for any other failure, such as a full disk.
  static func write(_ text: String) throws(FileError) {
    signal(SIGPIPE, SIG_IGN)
    let bytes = Array(text.utf8)
    var offset = 0
    while offset < bytes.count {
      let written = bytes.withUnsafeBytes { buffer in
        #if canImport(Darwin)
          Darwin.write(
            STDOUT_FILENO, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
        #else
          Glibc.write(
            STDOUT_FILENO, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
        #endif
      }
      if written < 0 {
        if errno == EINTR { continue }
        if errno == EPIPE { return }
        throw FileError.system("standard output")
      }
      offset += written
    }
  }
}
