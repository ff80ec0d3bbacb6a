import CKernels
import Dispatch
import Foundation
import TensorCore

/// Times attention and recurrences: `attention [--threads N] [--depth N] [--isa baseline|avx2|avx512|dot]`.
///
/// Decoding reads caches larger than the processor's own, as GB/s; prefill is causal over the same depth, as GFLOP/s.
@main struct Attention {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    func option(_ name: String) -> String? {
      arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
    }
    let threads = option("--threads").flatMap { Int($0) } ?? 2
    let depth = option("--depth").flatMap { Int($0) } ?? 4096
    let sets = [
      "baseline": VECTOR_ISA_BASELINE, "avx2": VECTOR_ISA_AVX2, "avx512": VECTOR_ISA_AVX512, "dot": VECTOR_ISA_DOT,
    ]
    let isa = option("--isa").flatMap { sets[$0] } ?? vector_isa_best()
    let kernels = attention_kernels_for(isa).pointee
    print("kernels: \(String(cString: kernels.name)); threads: \(threads); depth: \(depth)")
    print("peaks: memory read \(text(readRate(threads))) GB/s, float32 \(text(floatRate(threads))) GFLOP/s")
    print("cache  heads x group x width    decode GB/s  GFLOP/s   prefill GFLOP/s")
    for (heads, group, width) in [(8, 4, 64), (8, 2, 128), (8, 1, 80), (8, 3, 96), (4, 2, 256), (1, 16, 576)] {
      for format in [BlockFormat.f16, .q8_0, .q4_0] {
        let caches = Caches(isa, format, heads: heads, group: group, width: width, depth: depth)
        let decode = best(of: 7) { parallel(threads) { caches.decode($0, threads) } }
        let prefill = best(of: 3) { parallel(threads) { caches.prefill($0, threads) } }
        let name = "\(format)".padding(toLength: 6, withPad: " ", startingAt: 0)
        let sizes = "\(heads) x \(group) x \(width)".padding(toLength: 20, withPad: " ", startingAt: 0)
        print(
          name, sizes, text(caches.bytes / decode / 1e9), text(caches.decodeOperations / decode / 1e9),
          text(caches.prefillOperations / prefill / 1e9), separator: "  ")
      }
    }
    print("recurrence of 32 heads of 128 x 128: us a row (prefill of 256 rows, decode of one)")
    for isDelta in [false, true] {
      let heads = RecurrentHeads(isa, isDelta: isDelta)
      let prefill = best(of: 3) { parallel(threads) { heads.run($0, threads, rows: 256) } } / 256
      let decode = best(of: 20) { parallel(threads) { heads.run($0, threads, rows: 1) } }
      print(isDelta ? "gated delta" : "decay      ", text(prefill * 1e6), text(decode * 1e6), separator: "  ")
    }
  }

  static func text(_ value: Double) -> String { String(format: "%9.1f", value) }

  /// Runs a body once for each thread index.
  static func parallel(_ threads: Int, _ body: @Sendable (Int) -> Void) {
    if threads == 1 { body(0) } else { DispatchQueue.concurrentPerform(iterations: threads, execute: body) }
  }

  /// Seconds of the fastest of several runs.
  static func best(of count: Int, _ body: () -> Void) -> Double {
    let clock = ContinuousClock()
    return (0..<count).reduce(Double.infinity) { best, _ in
      let time = clock.measure(body).components
      return min(best, Double(time.seconds) + Double(time.attoseconds) * 1e-18)
    }
  }

  static func readRate(_ threads: Int) -> Double {
    let memory = Memory(256 << 20)
    let part = memory.bytes / threads / 256 * 256
    let seconds = best(of: 5) { parallel(threads) { _ = peak_read(memory.base + $0 * part, part) } }
    return Double(part * threads) / seconds / 1e9
  }

  static func floatRate(_ threads: Int) -> Double {
    var rate = 0.0
    var index = 0
    while let kernel = peak_kernel_at(index)?.pointee {
      index += 1
      guard kernel.kind == PEAK_FLOAT32, kernel.features & cpu_features() == kernel.features else { continue }
      let rounds = 200_000
      let run = kernel.run
      let seconds = best(of: 5) { parallel(threads) { _ in _ = run?(rounds) } }
      rate = max(rate, Double(kernel.operations) * Double(rounds * threads) / seconds / 1e9)
    }
    return rate
  }
}

/// Memory that lives as long as this; threads write to parts of their own.
final class Memory: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let bytes: Int

  init(_ bytes: Int) {
    self.bytes = bytes
    base = .allocate(byteCount: max(bytes, 64), alignment: 1 << 21)
    #if canImport(Glibc)
      madvise(base, bytes, MADV_HUGEPAGE)
    #endif
    memset(base, 0, bytes)
  }

  convenience init(floats count: Int, scale: Float) {
    self.init(count * 4)
    for index in 0..<count { self.floats[index] = Float.random(in: -scale...scale) }
  }

  deinit { base.deallocate() }

  var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }
}
