/// Classes of DomainNet (Peng et al., "Moment Matching for Multi-Source Domain Adaptation", ICCV 2019).
enum DomainNetClasses {
  /// The 40 classes with many images in each of Sketch, Real, Painting and Clipart, which Tan, Peng
  /// and Saenko chose ("Class-Imbalanced Domain Adaptation: An Empirical Odyssey", 2020), by the
  /// folders' names, in the order of their labels.
  ///
  /// These are the numbers in the lists that were published with Prabhu et al., "SENTRY: Selective
  /// Entropy Optimization via Committee Consistency for Unsupervised Domain Adaptation", ICCV 2021
  /// (`data/DomainNet/txt/*_mini.txt`; all eight agree), which "Fine-tuning can distort pretrained
  /// features" uses.
  static let common40 = [
    "airplane", "ambulance", "apple", "backpack", "banana", "bathtub", "bear", "bed", "bee",
    "bicycle", "bird", "book", "bridge", "bus", "cake", "calculator", "camera", "car", "cat",
    "chair", "clock", "cow", "dog", "dolphin", "duck", "elephant", "fence", "fork", "horse",
    "house", "rabbit", "scissors", "strawberry", "table", "telephone", "truck", "butterfly",
    "sheep", "drums", "donut",
  ]
}
