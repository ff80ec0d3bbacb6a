// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "benchmarks",
  dependencies: [.package(name: "orrery", path: "..")],
  targets: [
    .executableTarget(name: "attention", dependencies: [.product(name: "OrreryKernels", package: "orrery")]),
    .executableTarget(name: "products", dependencies: [.product(name: "OrreryBenchmarking", package: "orrery")]),
    .executableTarget(name: "steps", dependencies: [.product(name: "OrreryBenchmarking", package: "orrery")]),
  ],
  swiftLanguageModes: [.v6]
)
