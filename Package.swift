// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

// Fetched and compiled only for `DOCS=1 swift package generate-documentation`.
let documentation: [Package.Dependency] =
  Context.environment["DOCS"] == nil
  ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0")]

// Built only by `script/fuzz`, which sets ANAMORPH_FUZZ: the first needs libFuzzer's runtime.
let fuzzing: [Target] =
  Context.environment["ANAMORPH_FUZZ"] == nil
  ? []
  : [
    .executableTarget(
      name: "fuzzing", dependencies: ["Checkpoints", "Datasets", "HDF5", "CDeflate", "Files"],
      path: "Tests/Fuzzing", swiftSettings: strict),
    .executableTarget(
      name: "mutating", dependencies: ["Checkpoints", "HDF5", "Files", "TestSupport"],
      path: "Tests/Mutating", swiftSettings: strict),
  ]

let package = Package(
  name: "anamorph",
  products: [
    .library(name: "HDF5", targets: ["HDF5"]),
    .library(name: "Checkpoints", targets: ["Checkpoints"]),
    .library(name: "Networks", targets: ["Networks"]),
    .library(name: "Datasets", targets: ["Datasets"]),
    .library(name: "Geometry", targets: ["Geometry"]),
    .library(name: "Training", targets: ["Training"]),
    .library(name: "Hypothesis", targets: ["Hypothesis"]),
    .executable(name: "anamorph", targets: ["anamorph"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ] + documentation,
  targets: [
    // MARK: C libraries
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(
      name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .target(name: "CImages", dependencies: ["CJPEG", "CPNG"]),

    // MARK: C of our own
    .target(name: "CTransformer"),
    .target(name: "CChangeSums"),
    // Loads OpenBLAS and LAPACKE when they are first called (liblapacke-dev, libopenblas-dev).
    .target(
      name: "CLAPACK",
      linkerSettings: [
        .linkedLibrary("dl", .when(platforms: [.linux])),
        .linkedLibrary("openblas", .when(platforms: [.macOS])),
      ]),

    // MARK: Libraries, in the order data flows
    .target(name: "Files", swiftSettings: strict),
    .target(name: "Randomness", swiftSettings: strict),
    .target(name: "HDF5", dependencies: ["CHDF5", "CDeflate", "Files"], swiftSettings: strict),
    .target(
      name: "LinearAlgebra", dependencies: ["CLAPACK", "Randomness"], swiftSettings: strict),
    .target(
      name: "Checkpoints", dependencies: ["HDF5", "CChangeSums", "CDeflate", "CZlib", "Files"],
      swiftSettings: strict),
    .target(
      name: "Networks",
      dependencies: ["COneDNN", "CTransformer", "Checkpoints", "Randomness", "Files"],
      swiftSettings: strict),
    .target(
      name: "Datasets",
      dependencies: ["HDF5", "Checkpoints", "CDeflate", "CImages", "Files", "Randomness"],
      swiftSettings: strict),
    .target(
      name: "Geometry", dependencies: ["LinearAlgebra", "Randomness"], swiftSettings: strict),
    .target(
      name: "Training",
      dependencies: [
        "Networks", "Checkpoints", "Datasets", "LinearAlgebra", "Randomness", "Files",
      ],
      swiftSettings: strict),
    .target(
      name: "Hypothesis",
      dependencies: [
        "Training", "Networks", "Checkpoints", "Datasets", "Geometry", "HDF5", "LinearAlgebra",
        "Randomness", "Reports", "Files",
      ],
      swiftSettings: strict),
    .target(name: "Reports", dependencies: ["Files"], swiftSettings: strict),

    // MARK: Command
    .executableTarget(
      name: "anamorph",
      dependencies: [
        "Hypothesis", "Training", "Networks", "Checkpoints", "Datasets", "Geometry",
        "LinearAlgebra", "Reports", "HDF5", "Files", "Randomness",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    // MARK: Speed, measured by script/bench-networks and script/bench
    .executableTarget(
      name: "network-speed", dependencies: ["Networks", "Checkpoints"],
      path: "Benchmarks/NetworkSpeed", swiftSettings: strict),
    .executableTarget(
      name: "geometry-speed",
      dependencies: [
        "Hypothesis", "Networks", "Checkpoints", "Geometry", "LinearAlgebra", "Randomness",
      ],
      path: "Benchmarks/GeometrySpeed", swiftSettings: strict),

    // MARK: How often claims, intervals and nulls are wrong, simulated by script/calibrate
    .target(
      name: "Calibration",
      dependencies: [
        "Hypothesis", "Training", "Geometry", "LinearAlgebra", "Randomness", "Reports",
      ],
      path: "Benchmarks/Calibration", swiftSettings: strict),
    .executableTarget(
      name: "calibrate", dependencies: ["Calibration", "LinearAlgebra", "Reports"],
      path: "Benchmarks/Calibrate", swiftSettings: strict),

    // MARK: Tests
    .target(
      name: "TestSupport", dependencies: ["Randomness"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .testTarget(name: "FilesTests", dependencies: ["Files", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "RandomnessTests", dependencies: ["Randomness"], swiftSettings: strict),
    .testTarget(
      name: "HDF5Tests", dependencies: ["HDF5", "Files", "TestSupport"],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "LinearAlgebraTests", dependencies: ["LinearAlgebra", "TestSupport", "Randomness"],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "CheckpointsTests",
      dependencies: [
        "Checkpoints", "CChangeSums", "CDeflate", "HDF5", "Files", "Randomness", "TestSupport",
      ],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "NetworksTests",
      dependencies: [
        "Networks", "CTransformer", "Checkpoints", "Files", "Randomness", "TestSupport",
      ],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "DatasetsTests",
      dependencies: ["Datasets", "HDF5", "CDeflate", "Files", "Randomness", "TestSupport"],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "GeometryTests",
      dependencies: ["Geometry", "LinearAlgebra", "Randomness", "TestSupport"],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Training", "Networks", "Checkpoints", "Datasets", "LinearAlgebra", "Randomness", "Files",
        "TestSupport",
      ],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "HypothesisTests",
      dependencies: [
        "Hypothesis", "Training", "Networks", "Checkpoints", "Datasets", "Geometry",
        "LinearAlgebra", "Randomness", "Reports", "HDF5", "Files", "TestSupport", "Calibration",
      ],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "ReportsTests", dependencies: ["Reports", "Files", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "anamorph", "HDF5", "Checkpoints", "Networks", "Datasets", "Files", "Randomness",
        "Reports", "TestSupport",
      ],
      exclude: ["Fixtures"], swiftSettings: strict),
  ] + fuzzing
)
