// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours: Swift 6, warnings are errors, imports say what they use.
let settings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Targets that never touch a pointer also have the compiler refuse one.
let safe = settings + [.strictMemorySafety()]

let package = Package(
  name: "orrery",
  products: [
    .executable(name: "orrery", targets: ["orrery"]),
    .library(
      name: "Orrery",
      targets: [
        "Generation", "Runtime", "TrainingEngine", "Gradients", "Tokenizers", "Templates", "Checkpoints",
        "Architectures",
        "GraphIR",
      ]),
    // Snippets see what library products hold.
    .library(name: "OrreryReference", targets: ["Gradients", "GraphIR", "JSON", "Reference"]),
    .library(name: "OrreryKernels", targets: ["CKernels", "Kernels", "TensorCore"]),
    .library(
      name: "OrreryBenchmarking", targets: ["Benchmarking", "GraphIR", "Kernels", "Planning", "Runtime", "TensorCore"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.14.0"),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0", traits: []),
  ],
  targets: [
    .target(name: "CKernels"),
    .target(name: "TensorCore", swiftSettings: settings),
    .target(name: "JSON", swiftSettings: safe),
    .target(name: "Quantization", dependencies: ["CKernels", "TensorCore"], swiftSettings: settings),
    .target(name: "GraphIR", dependencies: ["TensorCore"], swiftSettings: safe),
    .target(name: "Checkpoints", dependencies: ["JSON", "Quantization", "TensorCore"], swiftSettings: settings),
    .target(
      name: "Architectures", dependencies: ["Checkpoints", "GraphIR", "JSON", "Quantization", "TensorCore"],
      swiftSettings: settings),
    .target(
      name: "Conversion",
      dependencies: [
        "Architectures", "Checkpoints", "GraphIR", "JSON", "Quantization", "TensorCore", "Tokenizers",
      ],
      swiftSettings: settings),
    .target(name: "Tokenizers", dependencies: ["JSON"], swiftSettings: settings),
    .target(name: "Templates", dependencies: ["JSON"], swiftSettings: safe),
    .target(name: "Reference", dependencies: ["GraphIR", "TensorCore"], swiftSettings: settings),
    .target(name: "Gradients", dependencies: ["GraphIR", "TensorCore"], swiftSettings: safe),
    .target(
      name: "Probing", dependencies: ["Gradients", "GraphIR", "Reference", "TensorCore"], swiftSettings: safe),
    .target(name: "LineEditing", swiftSettings: settings),
    .target(name: "Stories", swiftSettings: safe),
    .target(name: "Scenes", dependencies: ["GraphIR", "JSON", "Reference", "TensorCore"], swiftSettings: safe),
    .target(name: "Memory", dependencies: ["GraphIR", "TensorCore"], swiftSettings: settings),
    .target(name: "Kernels", dependencies: ["CKernels", "TensorCore"], swiftSettings: settings),
    .target(name: "Planning", dependencies: ["GraphIR", "Kernels", "TensorCore"], swiftSettings: settings),
    .target(
      name: "Runtime", dependencies: ["CKernels", "GraphIR", "Kernels", "Planning", "TensorCore"],
      swiftSettings: settings),
    .target(
      name: "TrainingEngine",
      dependencies: ["CKernels", "GraphIR", "Kernels", "Planning", "Reference", "Runtime", "TensorCore"],
      swiftSettings: settings),
    .target(
      name: "Generation",
      dependencies: [
        "Architectures", "Checkpoints", "GraphIR", "JSON", "Kernels", "Memory", "Planning", "Runtime", "Templates",
        "TensorCore",
        "Tokenizers",
      ], swiftSettings: settings),
    .target(
      name: "Lens",
      dependencies: [
        "Architectures", "Checkpoints", "Generation", "GraphIR", "JSON", "Kernels", "Quantization", "Runtime",
        "TensorCore", "Tokenizers",
      ],
      swiftSettings: settings),
    .target(
      name: "Benchmarking",
      dependencies: [
        "Architectures", "CKernels", "Generation", "Gradients", "GraphIR", "Kernels", "Lens", "Planning", "Runtime",
        "TensorCore", "TrainingEngine",
      ], swiftSettings: settings),
    .target(
      name: "RandomModels",
      dependencies: ["Architectures", "Checkpoints", "GraphIR", "JSON", "Quantization", "TensorCore"],
      swiftSettings: settings),
    .target(
      name: "Training",
      dependencies: [
        "Architectures", "CKernels", "Checkpoints", "Generation", "Gradients", "GraphIR", "JSON", "Kernels", "Memory",
        "Quantization",
        "Runtime", "Stories", "Templates", "TensorCore", "Tokenizers", "TrainingEngine",
      ], resources: [.copy("Resources/Recipes")], swiftSettings: settings),
    .target(
      name: "Runs", dependencies: ["JSON", "TensorCore", "Training", .product(name: "GRDB", package: "GRDB.swift")],
      swiftSettings: settings),
    .target(name: "BundledModels", resources: [.copy("Resources/Models")], swiftSettings: safe),
    .target(
      name: "Serving",
      dependencies: [
        "Architectures", "Benchmarking", "Checkpoints", "Generation", "GraphIR", "JSON", "Lens", "Memory", "Probing",
        "Quantization", "Reference", "Runs", "Runtime", "Scenes", "Templates", "TensorCore", "Tokenizers", "Training",
        "TrainingEngine",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      resources: [.copy("Web")], swiftSettings: settings),
    .executableTarget(
      name: "orrery",
      dependencies: [
        "Architectures", "Benchmarking", "BundledModels", "Checkpoints", "Conversion", "Generation", "GraphIR", "JSON",
        "Kernels",
        "Lens", "LineEditing", "Memory", "Planning", "Quantization", "RandomModels", "Reference", "Runs", "Runtime",
        "Serving", "Stories",
        "Templates",
        "TensorCore", "Tokenizers", "Training", "TrainingEngine",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: settings),
    .testTarget(
      name: "ArchitecturesTests",
      dependencies: [
        "Architectures", "Checkpoints", "GraphIR", "JSON", "Quantization", "Reference", "TensorCore", "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "ConversionTests",
      dependencies: [
        "Architectures", "Checkpoints", "Conversion", "GraphIR", "JSON", "Quantization", "Reference", "TensorCore",
        "TestSupport", "Tokenizers",
      ],
      swiftSettings: settings),
    .testTarget(name: "BrowserTests", dependencies: ["JSON", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "CommandTests",
      dependencies: ["Checkpoints", "JSON", "Quantization", "Runs", "TensorCore", "TestSupport", "Training"],
      swiftSettings: settings),
    .testTarget(
      name: "GradientsTests",
      dependencies: [
        "Architectures", "Checkpoints", "GradientFixtures", "Gradients", "GraphIR", "JSON", "Kernels", "Memory",
        "Planning", "Quantization", "Reference", "TensorCore", "TestSupport",
      ],
      swiftSettings: settings),
    .target(
      name: "GradientFixtures",
      dependencies: [
        "Architectures", "Checkpoints", "Gradients", "GraphIR", "JSON", "Quantization", "TensorCore", "TestSupport",
      ], path: "Tests/GradientFixtures", swiftSettings: settings),
    .testTarget(name: "GraphIRTests", dependencies: ["GraphIR", "TensorCore"], swiftSettings: settings),
    .target(
      name: "TestSupport", dependencies: ["GraphIR", "JSON", "TensorCore"], path: "Tests/TestSupport",
      swiftSettings: settings),
    .testTarget(
      name: "CheckpointsTests", dependencies: ["Checkpoints", "JSON", "Quantization", "TensorCore", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "QuantizationTests", dependencies: ["JSON", "Quantization", "TensorCore", "TestSupport"],
      swiftSettings: settings),
    .testTarget(name: "JSONTests", dependencies: ["JSON"], swiftSettings: settings),
    .testTarget(
      name: "LibraryTests", dependencies: ["Generation", "Runtime", "TestSupport", "Tokenizers"],
      swiftSettings: settings),
    .testTarget(
      name: "LensTests",
      dependencies: [
        "Architectures", "Checkpoints", "Conversion", "Generation", "GraphIR", "JSON", "Kernels", "Lens",
        "Quantization", "Reference", "Runtime", "TensorCore", "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(name: "LineEditingTests", dependencies: ["LineEditing", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "MemoryTests",
      dependencies: ["Architectures", "GraphIR", "JSON", "Memory", "TensorCore", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "ReferenceTests", dependencies: ["GraphIR", "JSON", "Reference", "TensorCore", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "KernelsTests", dependencies: ["CKernels", "GraphIR", "Kernels", "Reference", "TensorCore"],
      swiftSettings: settings),
    .testTarget(
      name: "ProbingTests",
      dependencies: [
        "Architectures", "Checkpoints", "GraphIR", "Probing", "Quantization", "Reference", "TensorCore", "TestSupport",
      ], swiftSettings: settings),
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    .testTarget(
      name: "GenerationTests",
      dependencies: [
        "AllocationCounter",
        "Architectures", "Checkpoints", "Conversion", "Generation", "GraphIR", "JSON", "Kernels", "Memory",
        "Quantization", "Reference", "Runtime",
        "TensorCore", "TestSupport", "Tokenizers",
      ], swiftSettings: settings),
    .testTarget(
      name: "RuntimeTests",
      dependencies: ["GraphIR", "Kernels", "Planning", "Reference", "Runtime", "TensorCore", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "TrainingEngineTests",
      dependencies: [
        "AllocationCounter", "Architectures", "GradientFixtures", "Gradients", "GraphIR", "JSON", "Kernels",
        "Reference", "Runtime", "TensorCore", "TestSupport", "TrainingEngine",
      ], swiftSettings: settings),
    .testTarget(
      name: "TemplatesTests", dependencies: ["JSON", "Templates", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "TokenizersTests", dependencies: ["Checkpoints", "JSON", "TestSupport", "Tokenizers"],
      swiftSettings: settings),
    .testTarget(
      name: "SceneRoutesTests",
      dependencies: [
        "Checkpoints", "Conversion", "Generation", "GraphIR", "Kernels", "Quantization", "Runtime", "Scenes", "Serving",
        "TensorCore", "TestSupport",
      ], swiftSettings: settings),
    .testTarget(
      name: "ScenesTests",
      dependencies: [
        "Architectures", "Checkpoints", "GraphIR", "JSON", "Quantization", "Reference", "Scenes", "TensorCore",
        "TestSupport",
      ], swiftSettings: settings),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Architectures", "BundledModels", "Checkpoints", "Conversion", "Generation", "Gradients", "GraphIR", "JSON",
        "Kernels", "Quantization", "Reference", "Runtime", "Stories", "TensorCore", "TestSupport", "Tokenizers",
        "Training", "TrainingEngine",
      ], swiftSettings: settings),
    .testTarget(
      name: "RunsTests",
      dependencies: ["Runs", "TestSupport", "Training", .product(name: "GRDB", package: "GRDB.swift")],
      swiftSettings: settings),
    .testTarget(
      name: "ServingTests",
      dependencies: [
        "Architectures", "Checkpoints", "Generation", "GraphIR", "JSON", "Lens", "Probing", "Quantization", "Reference",
        "Runs", "Scenes", "Serving", "TestSupport", "Training",
      ], swiftSettings: settings),
    .testTarget(name: "StoriesTests", dependencies: ["Stories", "TestSupport"], swiftSettings: settings),
    .testTarget(name: "TensorCoreTests", dependencies: ["TensorCore"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
