import Checkpoints

extension StateDictionaryFamily {
  /// What stands beside the image tower in a checkpoint of CLIP.
  private static let textTower: [(part: String, what: String)] = [
    "transformer.", "token_embedding", "ln_final.", "positional_embedding", "text_projection",
    "logit_scale", "logit_bias", "text.", "text_model.", "input_resolution", "context_length",
    "vocab_size", "attn_mask",
  ].map { ($0, "the text tower") }

  private static let unknownAttention: [(part: String, reason: String)] = [
    ("dist_token", "the distillation token of a distilled vision transformer is not supported"),
    ("head_dist", "the second head of a distilled vision transformer is not supported"),
    ("reg_token", "register tokens are not supported"),
    ("register_tokens", "register tokens are not supported"),
    (".q_norm", "normalised queries and keys are not supported"),
    (".k_norm", "normalised queries and keys are not supported"),
    (
      "norm_pre",
      "a normalisation before the blocks is not supported under timm's names, which do "
        + "not tell its activation; save the network under OpenAI's names"
    ),
    ("attn_pool", "attention pooling of patches is not supported"),
    (".w12", "gated perceptrons (SwiGLU) are not supported"),
    (".fc1_g", "gated perceptrons (SwiGLU) are not supported"),
    ("relative_position_bias_table", "relative position biases are not supported"),
    (".rope", "rotary position embeddings are not supported"),
    ("conv_proj.", "a stem of several convolutions is not supported"),
  ]

  /// The image tower of OpenAI's CLIP, and of open_clip's networks with the same activation.
  ///
  /// Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021.
  static let clipVisionTransformer = clip("clip-vit", activation: .geluSigmoid)

  /// The same with the activation that open_clip's own networks use.
  static let clipVisionTransformerGELU = clip("clip-vit-gelu", activation: .gelu)

  private static func clip(_ name: String, activation: Activation) -> StateDictionaryFamily {
    StateDictionaryFamily(
      name,
      signatures: [
        [
          "class_embedding", "conv1.weight", "positional_embedding", "ln_pre.weight",
          "transformer.resblocks.0.attn.in_proj_weight",
        ]
      ],
      modules: [
        "", "conv#", "ln_pre", "ln_post", "transformer.resblocks.#.ln_#",
        "transformer.resblocks.#.attn", "transformer.resblocks.#.attn.out_proj",
        "transformer.resblocks.#.mlp.c_fc", "transformer.resblocks.#.mlp.c_proj",
      ],
      reasons: unknownAttention, beside: textTower
    ) { shapes, options throws(NetworkError) in
      var network = try VisionTransformer(
        shapes: shapes, title: activation == .gelu ? "open_clip ViT" : "OpenAI CLIP ViT",
        patches: "conv1", classToken: "class_embedding", positions: "positional_embedding",
        firstNormalization: "ln_pre", blocks: "transformer.resblocks.",
        blockCount: shapes.count(of: "transformer.resblocks"), normalizations: ("ln_1", "ln_2"),
        projections: .together(weight: "attn.in_proj_weight", bias: "attn.in_proj_bias"),
        attentionOutput: "attn.out_proj", perceptron: ("mlp.c_fc", "mlp.c_proj"),
        scales: ("ls_1.gamma", "ls_2.gamma"), lastNormalization: "ln_post",
        projectionMatrix: "proj", head: "head", epsilon: 1e-5, activation: activation,
        preprocessing: { .clip($0) }
      ).network(options)
      if activation != .gelu {
        network.notes.append(
          "activation x/(1 + exp(−1.702 x)), as OpenAI's networks have it; for a network of "
            + "open_clip that was trained with GELU, ask for the family clip-vit-gelu")
      }
      return network
    }
  }

  /// torchvision's vision transformers.
  static let torchvisionVisionTransformer = StateDictionaryFamily(
    "torchvision-vit",
    signatures: [["class_token", "encoder.pos_embedding", "encoder.ln.weight"]],
    modules: [
      "conv_proj", "encoder", "encoder.ln", "encoder.layers.encoder_layer_#.ln_#",
      "encoder.layers.encoder_layer_#.self_attention",
      "encoder.layers.encoder_layer_#.self_attention.out_proj",
      "encoder.layers.encoder_layer_#.mlp.#", "heads.head",
    ],
    reasons: unknownAttention, ignored: [("heads.", "the head of several layers")]
  ) { shapes, options throws(NetworkError) in
    let first = "encoder.layers.encoder_layer_"
    // Files of torchvision before 0.13 call the two layers of the perceptron differently.
    let isOld = shapes.contains("\(first)0.mlp.linear_1.weight")
    var count = 0
    while shapes.contains("\(first)\(count).ln_1.weight") { count += 1 }
    return try VisionTransformer(
      shapes: shapes, title: "torchvision ViT", patches: "conv_proj", classToken: "class_token",
      positions: "encoder.pos_embedding", blocks: first, blockCount: count,
      normalizations: ("ln_1", "ln_2"),
      projections: .together(
        weight: "self_attention.in_proj_weight", bias: "self_attention.in_proj_bias"),
      attentionOutput: "self_attention.out_proj",
      perceptron: isOld ? ("mlp.linear_1", "mlp.linear_2") : ("mlp.0", "mlp.3"),
      lastNormalization: "encoder.ln", preLogits: "heads.pre_logits", head: "heads.head",
      epsilon: 1e-6, activation: .gelu,
      preprocessing: { crop in
        // The networks for larger images were trained on them without a margin.
        let side = min(crop.height, crop.width)
        return side == 224
          ? .torchvision(crop: crop)
          : .torchvision(resize: side, usual: side, crop: crop, .bicubic)
      }
    ).network(options)
  }

  /// timm's vision transformers, and those that use its names: DINO, DINOv2, MAE.
  static let timmVisionTransformer = StateDictionaryFamily(
    "timm-vit",
    signatures: [["patch_embed.proj.weight", "pos_embed", "blocks.0.attn.qkv.weight"]],
    modules: [
      "patch_embed.proj", "blocks.#.norm#", "blocks.#.attn.qkv", "blocks.#.attn.proj",
      "blocks.#.mlp.fc#", "blocks.#.ls#", "norm", "fc_norm", "head",
    ],
    reasons: unknownAttention,
    ignored: [
      ("mask_token", "the token of masked patches"), ("decoder", "the decoder"),
      ("head.mlp.", "the projection head"), ("head.last_layer", "the projection head"),
    ]
  ) { shapes, options throws(NetworkError) in
    let averages = shapes.contains("fc_norm.weight") || !shapes.contains("cls_token")
    var network = try VisionTransformer(
      shapes: shapes, title: "timm ViT", patches: "patch_embed.proj",
      classToken: shapes.contains("cls_token") ? "cls_token" : nil, positions: "pos_embed",
      blocks: "blocks.", blockCount: shapes.count(of: "blocks"),
      normalizations: ("norm1", "norm2"),
      projections: .together(weight: "attn.qkv.weight", bias: "attn.qkv.bias"),
      attentionOutput: "attn.proj", perceptron: ("mlp.fc1", "mlp.fc2"),
      scales: ("ls1.gamma", "ls2.gamma"),
      lastNormalization: shapes.contains("fc_norm.weight") ? "fc_norm" : "norm",
      averagesPatches: averages, preLogits: "pre_logits.fc", head: "head", epsilon: 1e-6,
      activation: .gelu, preprocessing: { .timm($0) }
    ).network(options)
    if averages {
      network.notes.append(
        "features are the mean over patches, for want of a norm for "
          + "the class token")
    }
    return network
  }

  /// The image towers of `CLIPVisionModel` and `CLIPModel` of transformers.
  static let transformersCLIP = StateDictionaryFamily(
    "transformers-clip",
    signatures: [
      ["vision_model.embeddings.class_embedding", "vision_model.pre_layrnorm.weight"],
      ["embeddings.class_embedding", "pre_layrnorm.weight"],
    ],
    modules: [
      "embeddings", "embeddings.patch_embedding", "embeddings.position_embedding", "pre_layrnorm",
      "encoder.layers.#.layer_norm#", "encoder.layers.#.self_attn.q_proj",
      "encoder.layers.#.self_attn.k_proj", "encoder.layers.#.self_attn.v_proj",
      "encoder.layers.#.self_attn.out_proj", "encoder.layers.#.mlp.fc#", "post_layernorm",
    ],
    reasons: unknownAttention,
    ignored: textTower.filter { $0.part.hasPrefix("text") || $0.part.hasPrefix("logit") }
  ) { shapes, options throws(NetworkError) in
    let base = shapes.containsPrefix("vision_model.") ? "vision_model." : ""
    return try VisionTransformer(
      shapes: shapes, title: "transformers CLIP ViT",
      patches: "\(base)embeddings.patch_embedding", classToken: "\(base)embeddings.class_embedding",
      positions: "\(base)embeddings.position_embedding.weight",
      firstNormalization: "\(base)pre_layrnorm", blocks: "\(base)encoder.layers.",
      blockCount: shapes.count(of: "\(base)encoder.layers"),
      normalizations: ("layer_norm1", "layer_norm2"),
      projections: .apart(
        queries: "self_attn.q_proj", keys: "self_attn.k_proj", values: "self_attn.v_proj"),
      attentionOutput: "self_attn.out_proj", perceptron: ("mlp.fc1", "mlp.fc2"),
      lastNormalization: "\(base)post_layernorm", projectionLayer: "visual_projection",
      head: "classifier", epsilon: 1e-5, activation: .geluSigmoid,
      preprocessing: { .clip($0) }
    ).network(options)
  }

  /// `ViTModel` and `ViTForImageClassification` of transformers, as files name their arrays and as
  /// version 5 does in memory.
  static let transformersVisionTransformer = StateDictionaryFamily(
    "transformers-vit",
    signatures: [
      ["vit.embeddings.cls_token", "vit.embeddings.patch_embeddings.projection.weight"],
      ["embeddings.cls_token", "embeddings.patch_embeddings.projection.weight"],
    ],
    modules: [
      "embeddings", "embeddings.patch_embeddings.projection", "encoder.layer.#.layernorm_before",
      "encoder.layer.#.layernorm_after", "encoder.layer.#.attention.attention.query",
      "encoder.layer.#.attention.attention.key", "encoder.layer.#.attention.attention.value",
      "encoder.layer.#.attention.output.dense", "encoder.layer.#.intermediate.dense",
      "encoder.layer.#.output.dense", "layernorm",
    ],
    reasons: unknownAttention,
    ignored: [
      ("pooler.", "the pooler"), ("vit.pooler.", "the pooler"),
      ("embeddings.mask_token", "the token of masked patches"),
      ("vit.embeddings.mask_token", "the token of masked patches"),
    ]
  ) { shapes, options throws(NetworkError) in
    let base = shapes.containsPrefix("vit.") ? "vit." : ""
    let isNew = shapes.containsPrefix("\(base)layers.0.")
    let blocks = isNew ? "\(base)layers" : "\(base)encoder.layer"
    return try VisionTransformer(
      shapes: shapes, title: "transformers ViT",
      patches: "\(base)embeddings.patch_embeddings.projection",
      classToken: "\(base)embeddings.cls_token",
      positions: "\(base)embeddings.position_embeddings", blocks: "\(blocks).",
      blockCount: shapes.count(of: blocks),
      normalizations: ("layernorm_before", "layernorm_after"),
      projections: isNew
        ? .apart(queries: "attention.q_proj", keys: "attention.k_proj", values: "attention.v_proj")
        : .apart(
          queries: "attention.attention.query", keys: "attention.attention.key",
          values: "attention.attention.value"),
      attentionOutput: isNew ? "attention.o_proj" : "attention.output.dense",
      perceptron: isNew ? ("mlp.fc1", "mlp.fc2") : ("intermediate.dense", "output.dense"),
      lastNormalization: "\(base)layernorm", head: "classifier", epsilon: 1e-12, activation: .gelu,
      preprocessing: { .timm($0) }
    ).network(options)
  }
}
