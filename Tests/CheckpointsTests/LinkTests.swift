import Checkpoints
import Files
import Foundation
import TestSupport
import Testing

/// Links in HDF5 files, read in this process: those inside the file are followed, the others named.
@Suite struct LinkTests {
  @Test(arguments: [
    (
      "links_external.h5", "/fc.bias", "an external link to /secret in elsewhere.h5, which is never"
    ),
    ("links_external_only.h5", "/fc.weight", "an external link to /secret in elsewhere.h5"),
    ("links_external_model.h5", "/model_weights", "an external link to /secret in elsewhere.h5"),
    ("links_external.weights.h5", "/layers/dense_1", "an external link to /secret in elsewhere.h5"),
    (
      "links_external_variable.weights.h5", "/layers/dense/vars/1",
      "an external link to /secret in elsewhere.h5"
    ),
    ("links_user_defined.h5", "/user_defined", "a link of a user-defined kind, which is never"),
    ("links_dangling.h5", "/head.weight", "a soft link to /body.weight, which the file does not"),
    ("links_soft_circle.h5", "/body/inner", "a link to /body, which is around it: a circle"),
  ])
  func `links that lead elsewhere, to nothing or in a circle are refused by name`(
    name: String, object: String, words: String
  ) throws {
    let error = try #require(throws: FileError.self) { try Checkpoint.open(fixture(name)) }
    #expect(error.path == fixture(name) && error.object == object)
    #expect(error.reason.hasPrefix(words), "\(error)")
    // What to do follows.
    #expect(error.reason.contains("; save "))
  }

  @Test(arguments: ["links_circle.h5", "links_circle.weights.h5"])
  func `groups that hold themselves end the walk`(name: String) throws {
    let error = try #require(throws: FileError.self) { try Checkpoint.open(fixture(name)) }
    #expect(error.reason.contains("holding themselves"), "\(error)")
  }

  @Test func `a million ways to one array are not all gone`() throws {
    let error = try #require(throws: FileError.self) {
      try Checkpoint.open(fixture("links_many_ways.h5"))
    }
    #expect(error.reason.hasPrefix("more than 65536 objects behind links"))
  }

  @Test func `tied weights are parameters of both layers`() throws {
    let dictionary = try Checkpoint.open(fixture("links_tied.h5"))
    #expect(dictionary.parameters.map(\.name) == ["fc.weight", "head.weight"])
    #expect(dictionary.notes.isEmpty && dictionary.omissions.isEmpty)
    let keras = try Checkpoint.open(fixture("links_tied.weights.h5"))
    #expect(keras.layers.map(\.name) == ["dense", "dense_1"])
    for checkpoint in [dictionary, keras] {
      for parameter in checkpoint.parameters {
        #expect(try checkpoint.values(parameter) == [0, 1, 2, 3, 4, 5])
      }
    }
  }

  @Test func `an empty layer name does not stand for all layers`() throws {
    let error = try #require(throws: FileError.self) {
      try Checkpoint.open(fixture("unnamed_layer.h5"))
    }
    #expect(error.object == "/" && error.reason.contains("names a layer ''"))
  }
}
