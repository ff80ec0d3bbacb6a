import CKernels
public import TensorCore

/// The product kernels of this build that a processor can run, one for each format of panels and layout of activations.
public struct KernelCatalogue: @unchecked Sendable {
  /// The processor features the kernels may use.
  public let features: ProcessorFeatures
  /// By format id and layout; nil where panels cannot hold the format.
  private let kernels: [UnsafePointer<matmul_kernel>?]
  private static let layouts = Int(MATMUL_LAYOUTS.rawValue)

  /// The kernels for this processor and `ORRERY_ISA`.
  public static let current = KernelCatalogue(features: .current)

  /// The best kernels that need nothing beyond `features`.
  public init(features: ProcessorFeatures) {
    self.features = features
    var best = [UnsafePointer<matmul_kernel>?](repeating: nil, count: 64 * Self.layouts)
    var index = 0
    while let kernel = matmul_kernel_at(index) {
      if ProcessorFeatures(rawValue: kernel.pointee.features).isSubset(of: features) {
        best[Int(kernel.pointee.format) * Self.layouts + Int(kernel.pointee.activation.rawValue)] = kernel
      }
      index += 1
    }
    kernels = best
  }

  /// The packing that products with a stored format run fastest on: quantised weights for float32 arithmetic are read as mapped,
  /// since decoded panels would be several times their size.
  public func packing(for format: BlockFormat, columns: Int, arithmetic: Arithmetic) -> Packing {
    let packing = Packing(source: format, arithmetic: arithmetic, isMapped: false)
    let rounded = packing.withRoundedActivations
    if arithmetic == .quantised && format == .bf16 && kernels[Self.index(rounded)] != nil { return rounded }
    return format.isQuantised && packing.panel == .f32 ? packing.mapped : packing
  }

  /// The name of the kernel that reads a packing, as in `dot_q4_0_q8_16x8__avx512vnni`.
  public func kernelName(for packing: Packing) -> String { String(cString: kernel(for: packing).name) }

  private static func index(_ packing: Packing) -> Int {
    Int(packing.panel.rawValue) * layouts + Int(packing.activation.kernelLayout.rawValue)
  }

  func kernel(for packing: Packing) -> matmul_kernel {
    guard let kernel = kernels[Self.index(packing)] else {
      preconditionFailure("no kernel reads \(packing)")
    }
    return kernel.pointee
  }
}
