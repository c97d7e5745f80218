import Foundation

/// A sound file that tests damage.
public struct OriginalFile: Sendable {
  /// Where it is.
  public let path: String
  /// Its name without the folder.
  public let name: String
  /// Its content.
  public let bytes: [UInt8]
}

/// Small checkpoints of every layout that is read, made by the libraries that people use.
public enum CheckpointFixtures {
  /// A file of every layout, each followed by those beside it that it names.
  public static func ofEveryLayout() throws -> [[OriginalFile]] {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return try names.map { names in
      try names.map { name in
        let file = tests.appending(path: name)
        return OriginalFile(
          path: file.path(percentEncoded: false), name: file.lastPathComponent,
          bytes: [UInt8](try Data(contentsOf: file)))
      }
    }
  }

  private static let names: [[String]] =
    [
      ["keras2_conv_adam.h5"], ["keras2_conv_weights.h5"], ["keras3_legacy.h5"],
      ["keras2_nested_sgd.h5"], ["keras0.h5"], ["keras1_theano.h5"], ["chunked_names.h5"],
      ["base.h5"], ["keras3.weights.h5"], ["keras3_half.weights.h5"],
      ["keras3_odd.weights.h5"], ["keras3_recurrent.weights.h5"],
      ["tensorflow213.weights.h5"],
      [
        "keras3_sharded.weights.json", "keras3_sharded_00000.weights.h5",
        "keras3_sharded_00001.weights.h5",
      ], ["keras3_three_ways.keras"], ["keras2_three_ways.keras"], ["torch_flat.h5"],
      ["torch_groups.h5"], ["torch_prefixed.h5"], ["caffe.caffemodel.h5"], ["tf_model.h5"],
      ["torch.safetensors"], ["types.safetensors"],
      [
        "torch.safetensors.index.json", "part-00001-of-00002.safetensors",
        "part-00002-of-00002.safetensors",
      ], ["torch.npz"], ["torch_deflated.npz"], ["links_tied.h5"], ["links_tied.weights.h5"],
      ["keras3_bfloat16.h5"],
    ].map { $0.map { "CheckpointsTests/Fixtures/" + $0 } }
    + ["deflated.h5", "own.h5", "rare.h5"].map { ["CommandTests/Fixtures/" + $0] }
}
