import Checkpoints
import Files
import Foundation
import TestSupport
import Testing

/// Files from strangers through the commands, whose reader process describes them.
@Suite struct StrangerFileTests {
  @Test(arguments: [
    ("links_external.h5", "/fc.bias: an external link to /secret in elsewhere.h5, which is never"),
    ("links_external_only.h5", "/fc.weight: an external link to /secret in elsewhere.h5, which"),
    ("links_external_model.h5", "/model_weights: an external link to /secret in elsewhere.h5"),
    ("links_external.weights.h5", "/layers/dense_1: an external link to /secret in elsewhere.h5"),
    (
      "links_external_variable.weights.h5",
      "/layers/dense/vars/1: an external link to /secret in elsewhere.h5"
    ),
    ("links_user_defined.h5", "/user_defined: a link of a user-defined kind, which is never"),
    (
      "links_dangling.h5", "/head.weight: a soft link to /body.weight, which the file does not hold"
    ),
    ("links_soft_circle.h5", "/body/inner: a link to /body, which is around it: a circle"),
    ("links_circle.h5", "/body/inner: a group that holds itself, which is never followed"),
    ("links_circle.weights.h5", "/layers/dense/x: a group that holds itself, which is never"),
    ("links_many_ways.h5", "more than 65536 objects behind links; save it without links"),
    ("unnamed_layer.h5", "/: its attribute layer_names names a layer ''"),
    ("pytorch.pt", "a PyTorch file, a pickle that can hold code and is never loaded; save it as"),
    ("pytorch_old.pt", "a Python pickle, which can hold code and is never loaded; save it as"),
  ])
  func `what is not followed or loaded is named in one line`(name: String, words: String) throws {
    let path = stranger(name)
    try withTemporaryFolder { folder in
      for arguments in [["inspect", path], ["diff", path, path], ["convert", path, "out.h5"]] {
        let run = try MeasuredRun(arguments, folder: folder)
        #expect(run.status == 2)
        #expect(run.error.hasPrefix("anamorph: \(path): \(words)"), "\(run.error)")
        #expect(
          run.complaint(file: 30_000, constant: 320 << 20, seconds: 60, different: false) == nil)
      }
    }
  }

  @Test func `tied weights are read once for each name`() throws {
    for name in ["links_tied.h5", "links_tied.weights.h5"] {
      let result = try runAnamorph(["inspect", stranger(name)])
      #expect(result.status == 0)
      #expect(result.output.contains("total: 2 layers, 2 parameters, 12 values"))
      #expect(try runAnamorph(["diff", stranger(name), stranger(name)]).status == 0)
    }
  }

  @Test func `files are not called identical when arrays were not compared`() throws {
    let files = [stranger("unread_0.h5"), stranger("unread_1.h5")]
    for more in [[], [files[0]]] {
      let text = try runAnamorph(["diff"] + files + more)
      #expect(text.status == 2)
      #expect(!text.output.contains("Identical"))
      #expect(text.output.contains("c.weight, which holds compound, not numbers"))
      #expect(
        text.error == "anamorph: \(files[0]): c.weight: holds compound, not numbers, so it was not "
          + "compared; if it is no parameter, leave it out with --exclude 'c.weight'\n")
      let json = try runAnamorph(["diff", "--format", "json"] + files + more)
      #expect(json.status == 2)
      let parsed = try JSON(parsing: json.output)
      #expect(parsed["same"]?.isNull == true)
      #expect((parsed["notes_before"] ?? parsed["notes"]?[0])?.array?.count == 2)
      let excluded = try runAnamorph(["diff", "--exclude", "c.weight"] + files + more)
      #expect(excluded.status == 0 && excluded.error.isEmpty)
    }
    // A difference that is known is a difference.
    let other = try runAnamorph(["diff", files[0], stranger("links_tied.h5")])
    #expect(other.status == 1 && other.error.isEmpty)
  }

  @Test func `what a conversion does not take is said`() throws {
    try withTemporaryFolder { folder in
      let path = stranger("unread_0.h5")
      let result = try runAnamorph(["convert", path, "out.h5"], in: folder)
      #expect(result.status == 0 && result.output.isEmpty)
      #expect(
        result.error
          == "anamorph: note: \(path): c.weight: holds compound, not numbers, and is not written\n")
    }
  }

  /// 2 GiB of attribute, sparse: nothing of it is read.
  @Test func `an attribute of absurd length is refused before it is read`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/long.h5"
      let record = try JSON(
        parsing: String(contentsOfFile: stranger("strangers_links.json"), encoding: .utf8))
      let length = try #require(record["long_attribute_bytes"]?.int)
      let start = try Data(contentsOf: URL(filePath: stranger("long_attribute.h5.start")))
      try start.write(to: URL(filePath: path))
      let file = try FileHandle(forWritingTo: URL(filePath: path))
      try file.truncate(atOffset: UInt64(length))
      try file.close()
      let run = try MeasuredRun(["inspect", path], folder: folder)
      #expect(run.status == 2)
      #expect(
        run.error.hasPrefix(
          "anamorph: \(path): /: its attributes take 2147484392 bytes, more than"), "\(run.error)")
      // As for a small file, though this is a large one.
      #expect(
        run.complaint(file: 30_000, constant: 320 << 20, seconds: 30, different: false) == nil)
    }
  }

  @Test(arguments: [
    ("a.h5", "\u{93}NUMPY", "a NumPy array, which features and distortion take as a set"),
    ("a.h5", "\u{1F}\u{8B}", "packed with gzip; unpack it first"),
    ("a.h5", "\u{89}PNG", "a PNG image, which features and distortion take in a folder"),
    ("a.h5", "GGUF", "a GGUF file"), ("a.h5", "", "not an HDF5 file, but an empty one"),
    ("a.h5", "hello", "not an HDF5 file, but text; name the checkpoint itself"),
    ("a.h5", "\u{1}\u{2}", "not an HDF5 file, nor any other that is read; save the model as"),
    ("a.pth", "\u{1}\u{2}", ".pth checkpoints are not read; save the model's state_dict as"),
    ("a.json", "{\"weight_map\":{}}", "its weight_map is empty, so it holds no arrays"),
  ])
  func `other files are called what they are`(name: String, start: String, words: String) throws {
    try withTemporaryFolder { folder in
      let bytes = start.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
      try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)"))
      let result = try runAnamorph(["inspect", name], in: folder)
      #expect(result.status == 2)
      #expect(result.error.hasPrefix("anamorph: \(name): ") && result.error.contains(words))
    }
  }

  private func stranger(_ name: String) -> String {
    URL(filePath: checkpoint("x")).deletingLastPathComponent().appending(component: name)
      .path(percentEncoded: false)
  }
}
