import Dispatch
import Foundation
import Kernels
import TensorCore

/// Times matrix products: `products [--threads N] [--isa LEVEL] [--rows N] [--columns N] [--tokens N] [--mapped] FORMAT…`.
@main struct Products {
  static func main() throws {
    let options = Options(CommandLine.arguments.dropFirst())
    let (threads, rows, columns, tokens) = (options.threads, options.rows, options.columns, options.tokens)
    let catalogue = KernelCatalogue(features: options.features)
    print(
      "processor: \(ProcessorFeatures.detected); threads: \(threads); memory read: \(try text(readRate(threads))) GB/s")
    print("kernel                            packed/file  pack GB/s  1 token GB/s  \(tokens) tokens GOP/s")
    for format in options.formats {
      let best = catalogue.packing(for: format, columns: columns, arithmetic: .quantised)
      let packing = options.isMapped ? best.mapped : best
      let name = catalogue.kernelName(for: packing)
      // One token: at least 160 MB of weights, so that they come from memory.
      let tall = max(rows, (160 << 20) / format.rowBytes(columns) / 16 * 16)
      let single = try Matrix(packing, rows: tall, columns: columns, tokens: 1)
      let packTime = Self.best(of: 3, threads: threads) {
        parallel(threads) { single.pack(single.panels($0, of: threads)) }
      }
      let scratch = try (0..<threads).map { _ in try Buffer(count: packing.scratchBytes(columns: columns)) }
      let decode = Self.best(of: 5, threads: threads) {
        parallel(threads) { single.multiply(catalogue, single.panels($0, of: threads), scratch: scratch[$0]) }
      }
      let many = try Matrix(packing, rows: rows, columns: columns, tokens: tokens)
      many.pack(0..<many.panelCount)
      let prefill = Self.best(of: 5, threads: threads) {
        parallel(threads) { many.multiply(catalogue, many.panels($0, of: threads), scratch: scratch[$0]) }
      }
      let bytes = Double(options.isMapped ? single.stored.count : single.packed.count)
      let operations = 2 * Double(rows) * Double(columns) * Double(tokens)
      let columnsOfText = [
        name.padding(toLength: 34, withPad: " ", startingAt: 0),
        text(Double(single.packed.count) / Double(single.stored.count)),
        text(Double(single.stored.count) / packTime / 1e9), text(bytes / decode / 1e9),
        text(operations / prefill / 1e9),
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

  /// GB/s at which the threads together read memory.
  static func readRate(_ threads: Int) throws -> Double {
    let buffer = try Buffer(count: 256 << 20)
    memset(buffer.base, 1, buffer.count)
    let address = UInt(bitPattern: buffer.base)
    let seconds = best(of: 5, threads: threads) {
      parallel(threads) { thread in
        let part = (256 << 20) / threads
        let base = UnsafeRawPointer(bitPattern: address)! + part * thread
        var sums = (SIMD16<UInt32>(), SIMD16<UInt32>(), SIMD16<UInt32>(), SIMD16<UInt32>())
        for offset in stride(from: 0, to: part, by: 256) {
          sums.0 &+= base.load(fromByteOffset: offset, as: SIMD16<UInt32>.self)
          sums.1 &+= base.load(fromByteOffset: offset + 64, as: SIMD16<UInt32>.self)
          sums.2 &+= base.load(fromByteOffset: offset + 128, as: SIMD16<UInt32>.self)
          sums.3 &+= base.load(fromByteOffset: offset + 192, as: SIMD16<UInt32>.self)
        }
        if (sums.0 &+ sums.1 &+ sums.2 &+ sums.3).wrappedSum() == 1 { print("") }
      }
    }
    return Double(buffer.count) / seconds / 1e9
  }
}
