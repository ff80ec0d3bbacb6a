import CKernels
public import Kernels
public import Planning
public import Runtime
import TensorCore

/// What this machine can do with some threads: bytes read and operations done a second, sampled again and again.
///
/// Memory is shared with whatever else runs, so its rate changes from moment to moment: samples are taken between the
/// measurements that they are compared with.
///
///     let peaks = try MachinePeaks(team: ThreadTeam())
///     peaks.sample()
///     print(peaks.bytesPerSecond)
public final class MachinePeaks {
  /// What a kernel computes with.
  public enum Arithmetic: String, CaseIterable, Sendable { case int8, float32, bfloat16 }

  private let team: ThreadTeam
  private let buffer: Buffer
  private var kernels: [Arithmetic: peak_kernel] = [:]
  private var rounds: [Arithmetic: Int] = [:]
  /// Bytes a second, one a sample.
  public private(set) var reads: [Double] = []
  /// Operations a second, one a sample.
  public private(set) var operations: [Arithmetic: [Double]] = [:]

  /// Takes `bufferBytes` of memory, of the same pages as packed weights: more than all caches hold. Throws where it is refused.
  public init(
    team: ThreadTeam, features: ProcessorFeatures = .current, bufferBytes: Int = 256 << 20
  ) throws {
    self.team = team
    let share = max(bufferBytes / team.count / 4096 * 4096, 4096)
    buffer = try Buffer(count: share * team.count)
    let base = UInt(bitPattern: buffer.base)
    // Pages that were never written would all be one page of zeros.
    team.run {
      UnsafeMutableRawPointer(bitPattern: base + UInt($0 * share))?.initializeMemory(
        as: UInt8.self, repeating: 1, count: share)
    }
    var index = 0
    while let kernel = peak_kernel_at(index)?.pointee {
      if ProcessorFeatures(rawValue: kernel.features).isSubset(of: features) { kernels[kernel.arithmetic] = kernel }
      index += 1
    }
    for (arithmetic, kernel) in kernels {
      // As many rounds as take about two milliseconds.
      let trial = 2000
      let seconds = time { _ in _ = kernel.run(trial) }
      rounds[arithmetic] = max(1, min(1 << 26, Int(Double(trial) * 2e-3 / seconds)))
    }
  }

  /// Measures everything once, in about twenty milliseconds.
  public func sample() {
    sampleReads()
    for (arithmetic, kernel) in kernels {
      let count = rounds[arithmetic]!
      let seconds = time { _ in _ = kernel.run(count) }
      operations[arithmetic, default: []].append(
        Double(count) * Double(kernel.operations) * Double(team.count) / seconds)
    }
  }

  /// Reads the whole buffer once.
  public func sampleReads() {
    let share = buffer.count / team.count
    let base = UnsafeRawPointer(buffer.base)
    // The team's threads sleep between runs.
    team.run { _ in }
    let seconds = time { thread in
      // A sum that is never printed could be left out.
      precondition(peak_read(base + thread * share, share) != 1, "memory is not what was written")
    }
    reads.append(Double(buffer.count) / seconds)
  }

  /// The median of the samples; 0 before the first.
  public var bytesPerSecond: Double { reads.median }

  /// The median of the samples, 0 where this processor has no such kernel.
  public func operationsPerSecond(_ arithmetic: Arithmetic) -> Double { operations[arithmetic]?.median ?? 0 }

  /// Seconds that memory or arithmetic alone would take for some work, whichever is more; each arithmetic counts at its
  /// own rate.
  public func leastSeconds(_ work: StepWork) -> Double {
    var computing = 0.0
    for (arithmetic, operations) in [
      (Arithmetic.int8, work.int8Operations), (.bfloat16, work.bfloat16Operations), (.float32, work.float32Operations),
    ] where operations > 0 { computing += Double(operations) / operationsPerSecond(arithmetic) }
    return max(Double(work.bytes) / bytesPerSecond, computing)
  }

  /// The instructions that reached it, as in `int8 by vpdpbusd`.
  public func kernelName(_ arithmetic: Arithmetic) -> String? { kernels[arithmetic].map { String(cString: $0.name) } }

  private func time(_ body: (Int) -> Void) -> Double {
    team.run(body)
    let start = ContinuousClock.now
    team.run(body)
    return (ContinuousClock.now - start) / .seconds(1)
  }
}

extension peak_kernel {
  fileprivate var arithmetic: MachinePeaks.Arithmetic {
    switch kind {
    case PEAK_FLOAT32: .float32
    case PEAK_BFLOAT16: .bfloat16
    default: .int8
    }
  }
}

extension [Double] {
  /// The middle value, or the mean of the two; 0 of nothing.
  package var median: Double { quantile(0.5) }

  /// Between the two nearest values in proportion.
  func quantile(_ share: Double) -> Double {
    if isEmpty { return 0 }
    let values = sorted()
    let place = share * Double(count - 1)
    let lower = Int(place)
    let upper = Swift.min(lower + 1, count - 1)
    return values[lower] + (values[upper] - values[lower]) * (place - Double(lower))
  }
}
