import Checkpoints
import Files
import Foundation
import TestSupport
import Testing

@Suite struct ConvertTests {
  @Test func `a converted checkpoint is the same to diff, in either layout`() throws {
    try withTemporaryFolder { folder in
      for output in ["out.h5", "out.safetensors"] {
        let result = try runAnamorph(
          ["convert", checkpoint("keras2_nested_sgd"), output], in: folder)
        #expect(result.status == 0 && result.output.isEmpty && result.error.isEmpty)
        let difference = try runAnamorph(
          ["diff", checkpoint("keras2_nested_sgd"), output], in: folder)
        #expect(difference.status == 0)
        #expect(difference.output.contains("Identical: all 12 parameters hold the same values."))
      }
      #expect(try runAnamorph(["convert", "out.safetensors", "back.h5"], in: folder).status == 0)
      let digest = try Checkpoint.open(folder + "/out.h5").recordedDigest
      #expect(try Checkpoint.open(folder + "/back.h5").recordedDigest == digest)
      #expect(try Checkpoint.open(folder + "/back.h5").architecture != nil)
    }
  }

  @Test func `the layout is told by the name or by the option`() throws {
    try withTemporaryFolder { folder in
      let unknown = try runAnamorph(["convert", checkpoint("base"), "out.bin"], in: folder)
      #expect(unknown.status == 2)
      #expect(
        unknown.error
          == "anamorph: out.bin: neither .h5 nor .safetensors; say --to anamorph or safetensors\n")
      #expect(
        try runAnamorph(
          ["convert", checkpoint("base"), "out.bin", "--to", "safetensors"], in: folder
        ).status == 0)
      #expect(try Checkpoint.open(folder + "/out.bin").layout == .safeTensors)
      #expect(try runAnamorph(["convert", "missing.h5", "x.h5"], in: folder).status == 2)
      #expect(
        try runAnamorph(["convert", checkpoint("base"), "x.h5", "--to", "onnx"], in: folder).status
          == 64)
      #expect(try Folder.files(in: folder) == ["out.bin"])
    }
  }
}
