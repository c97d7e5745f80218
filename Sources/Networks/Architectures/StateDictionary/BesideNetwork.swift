/// What checkpoints of training hold beside the network whose features are wanted: heads of
/// self-supervised learning, queues, the state of the training loop.
///
/// Names are told by components. Within the network only those are known that no backbone has;
/// outside its prefix also heads and the normalisations behind them.
enum BesideNetwork {
  private static let loop = "the state of the training loop"
  private static let projection = "the projection head"
  private static let prediction = "the prediction head"
  private static let classifier = "the classifier head beside the network"

  /// Whole components that no network's layer is called.
  private static let wholeAnywhere: [String: String] = {
    let words = [
      "epoch", "epochs", "step", "steps", "global_step", "iter", "iteration", "iterations",
      "best_acc", "best_acc1", "best_prec1", "best_metric", "arch", "args", "config", "cfg", "meta",
      "hparams", "hyper_parameters", "callbacks", "loops", "message_hub", "rng_state", "amp",
    ]
    return Dictionary(words.map { ($0, loop) }) { first, _ in first }
      .merging(["loss": "the loss"]) { first, _ in first }
  }()

  /// Beginnings of components that no network's layer is called.
  private static let beginningAnywhere: [(part: String, what: String)] = [
    ("optim", loop), ("lr_sched", loop), ("scheduler", loop), ("scaler", loop),
    ("grad_scaler", loop), ("native_amp_scaling", loop), ("queue", "the queue of keys"),
    ("projector", projection), ("projection_head", projection), ("contrastive_head", projection),
    ("predictor", prediction), ("prediction_head", prediction), ("prototypes", "the prototypes"),
    ("criterion", "the loss"),
  ]

  /// Whole components that are heads when they are no part of the network.
  private static let wholeOutside: [String: String] = [
    "g": projection, "mlp_head": projection, "bn": "the normalisation behind the projection head",
    "batch_norm": "the normalisation behind the projection head",
    "batchnorm": "the normalisation behind the projection head", "head": classifier,
    "heads": classifier, "fc": classifier, "linear": classifier, "cls_head": classifier,
    "linear_head": classifier, "linear_probe": classifier, "lincls": classifier,
    "last_layer": classifier, "online_finetuner": classifier, "non_linear_evaluator": classifier,
    "student": "the student",
  ]

  /// Beginnings of components that are heads when they are no part of the network; the first is
  /// also what one implementation of BYOL writes for a projection.
  private static let beginningOutside: [(part: String, what: String)] = [
    ("proj", projection), ("pred", prediction), ("classifier", classifier),
    ("center", "the centre of the teacher"),
  ]

  /// What stands before the names of heads of a network's moving average or its partner.
  private static let partners = ["momentum_", "target_", "online_", "teacher_", "student_", "ema_"]

  /// What an array within the network's prefix is, by its first component.
  static func kind(inside name: String) -> String? {
    anywhere(String(name.prefix { $0 != "." }).lowercased())
  }

  /// What an array with another prefix is.
  ///
  /// - Parameter networks: The prefixes of the networks in the file: `module.encoder_q.`. Heads stand
  ///   beside one of them: `module.fc`.
  static func kind(outside name: String, networks: [String]) -> String? {
    let components = name.split(separator: ".").map { $0.lowercased() }
    if let known = components.lazy.compactMap(anywhere).first { return known }
    if components.contains("student") { return "the student" }
    for network in networks {
      let parts = network.split(separator: ".").map { $0.lowercased() }
      let common = zip(components, parts).prefix { $0 == $1 }.count
      if let first = components.dropFirst(common).first, let kind = outside(first) { return kind }
    }
    return nil
  }

  private static func anywhere(_ component: String) -> String? {
    wholeAnywhere[component]
      ?? beginningAnywhere.first { component.hasPrefix($0.part) }?.what
  }

  private static func outside(_ component: String) -> String? {
    var word = component[...].drop { $0 == "_" }
    if let partner = partners.first(where: word.hasPrefix) { word = word.dropFirst(partner.count) }
    let name = String(word)
    return wholeOutside[name] ?? anywhere(name)
      ?? beginningOutside.first { name.hasPrefix($0.part) }?.what
  }
}
