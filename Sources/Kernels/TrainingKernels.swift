public import CKernels

/// The row kernels that training steps use, for one instruction set.
///
/// `rows` and `recurrence` hold functions that generation uses too, `training` gradients, the loss, sums over rows
/// and the optimizer. All work on the rows that a call names, so threads may share rows as they like; what is summed
/// over rows is summed within a call, in order, and the caller adds the results of fixed blocks in order.
public struct TrainingKernels: @unchecked Sendable {
  public let rows: row_kernels
  public let recurrence: recurrence_kernels
  public let training: training_kernels

  /// The widest kernels that need nothing beyond `features`.
  public init(features: ProcessorFeatures = .current) {
    let isa = features.vectorISA
    rows = row_kernels_for(isa).pointee
    recurrence = recurrence_kernels_for(isa).pointee
    training = training_kernels_for(isa).pointee
  }
}

extension ProcessorFeatures {
  /// The widest instruction set of row, attention and recurrence kernels within these features.
  public var vectorISA: vector_isa {
    let hasDot = isSuperset(of: [.avx512f, .avx512bw, .avx512vl, .avx512vnni]) || contains(.dotprod)
    if hasDot, vector_isa_available(VECTOR_ISA_DOT) != 0 { return VECTOR_ISA_DOT }
    if isSuperset(of: [.avx512f, .avx512bw, .avx512vl]), vector_isa_available(VECTOR_ISA_AVX512) != 0 {
      return VECTOR_ISA_AVX512
    }
    if isSuperset(of: [.avx2, .fma, .f16c]), vector_isa_available(VECTOR_ISA_AVX2) != 0 { return VECTOR_ISA_AVX2 }
    return VECTOR_ISA_BASELINE
  }
}
