import Benchmarking
import Dispatch
import Foundation
import Kernels
import Runtime
import TensorCore

/// Times matrix products: `products [--threads N] [--isa LEVEL] [--rows N] [--columns N] [--tokens N] [--mapped] FORMAT…`.
@main struct Products {
  static func main() throws {
    let options = Options(CommandLine.arguments.dropFirst())
    let (threads, rows, columns, tokens) = (options.threads, options.rows, options.columns, options.tokens)
    let catalogue = KernelCatalogue(features: options.features)
    // In turns with the kernels, since what else the machine does changes both.
    let peaks = try MachinePeaks(team: ThreadTeam(count: threads), features: options.features)
    print("processor: \(ProcessorFeatures.detected); threads: \(threads)")
    print(
      "kernel                            packed/file  pack GB/s  1 token GB/s  of peak  \(tokens) tokens GOP/s  of peak"
    )
    for format in options.formats {
      for _ in 0..<3 { peaks.sample() }
      let chosen = catalogue.packing(for: format, columns: columns, arithmetic: .quantised)
      let packing = options.isMapped ? chosen.mapped : chosen
      let name = catalogue.kernelName(for: packing)
      // One token: at least 160 MB of weights, so that they come from memory.
      let tall = max(rows, (160 << 20) / format.rowBytes(columns) / 16 * 16)
      let single = try Matrix(packing, rows: tall, columns: columns, tokens: 1)
      let packTime = best(of: 3, threads: threads) {
        parallel(threads) { single.pack(single.panels($0, of: threads)) }
      }
      let scratch = try (0..<threads).map { _ in try Buffer(count: packing.scratchBytes(columns: columns)) }
      let decode = best(of: 5, threads: threads) {
        parallel(threads) { single.multiply(catalogue, single.panels($0, of: threads), scratch: scratch[$0]) }
      }
      let many = try Matrix(packing, rows: rows, columns: columns, tokens: tokens)
      many.pack(0..<many.panelCount)
      let prefill = best(of: 5, threads: threads) {
        parallel(threads) { many.multiply(catalogue, many.panels($0, of: threads), scratch: scratch[$0]) }
      }
      let bytes = Double(options.isMapped ? single.stored.count : single.packed.count)
      let operations = 2 * Double(rows) * Double(columns) * Double(tokens)
      let columnsOfText = [
        name.padding(toLength: 34, withPad: " ", startingAt: 0),
        text(Double(single.packed.count) / Double(single.stored.count)),
        text(Double(single.stored.count) / packTime / 1e9), text(bytes / decode / 1e9),
        text(bytes / decode / peaks.bytesPerSecond), text(operations / prefill / 1e9),
        text(operations / prefill / peaks.operationsPerSecond(packing.activation.arithmetic)),
      ]
      print(columnsOfText.joined(separator: "   "))
    }
  }

  static func text(_ value: Double) -> String { String(format: "%9.2f", value) }

  /// Runs a body once for each thread index.
  static func parallel(_ threads: Int, _ body: @Sendable (Int) -> Void) {
    if threads == 1 { body(0) } else { DispatchQueue.concurrentPerform(iterations: threads, execute: body) }
  }

  /// Seconds of the fastest of several runs: of processor time for one thread, since others may use the machine; else of time.
  static func best(of count: Int, threads: Int, _ body: () -> Void) -> Double {
    func now() -> Double {
      var time = timespec()
      clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    var best = Double.infinity
    for _ in 0..<count {
      let start = now()
      body()
      best = min(best, now() - start)
    }
    return best
  }
}

extension ActivationLayout {
  /// What products with such activations compute with.
  var arithmetic: MachinePeaks.Arithmetic {
    switch self {
    case .f32: .float32
    case .bf16: .bfloat16
    case .q8, .q8Wide: .int8
    }
  }
}
