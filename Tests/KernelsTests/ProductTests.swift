import Kernels
import TensorCore
import Testing

private let floatFormats: [BlockFormat] = [.f32, .f16, .bf16]
private let roundsActivations =
  KernelCatalogue.current.packing(for: .bf16, columns: 64, arithmetic: .quantised).activation == .bf16
private let quantisedFormats = BlockFormat.allCases.filter(\.isQuantised)

@Suite struct ProductTests {
  /// Products in every format and instruction set against double precision, and each row's independence of tokens and panels.
  private func check(_ format: BlockFormat, rows: Int, columns: Int, tokens: Int, _ arithmetic: Arithmetic) {
    let weights = Weights(format, rows: rows, columns: columns, seed: UInt64(format.rawValue) + 1)
    let packing = Packing(source: format, arithmetic: arithmetic, isMapped: false)
    let activations = Activations(packing.activation, tokens: tokens, columns: columns, seed: 7)
    check(ProductCase(weights, packing), activations, rows: rows, catalogues)
  }

  private func check(_ packed: ProductCase, _ activations: Activations, rows: Int, _ catalogues: [KernelCatalogue]) {
    let (packing, columns, tokens) = (packed.packing, activations.columns, activations.tokens)
    let mapped = ProductCase(packed.weights, packing.mapped)
    let (values, bounds) = packed.expected(activations)
    for catalogue in catalogues {
      let output = packed.multiply(catalogue, activations)
      let name = catalogue.kernelName(for: packing)
      var worst = 0.0
      for token in 0..<tokens {
        for row in 0..<rows {
          let error = abs(Double(output[token * (rows + 3) + row]) - values[token * rows + row])
          worst = max(worst, error.isNaN ? .infinity : error / bounds[token * rows + row])
        }
        for gap in rows..<rows + 3 { #expect(output[token * (rows + 3) + gap] == ProductCase.untouched) }
      }
      #expect(worst <= 1, "\(name) \(rows) x \(columns) x \(tokens): \(worst) of the bound")
      #expect(output == mapped.multiply(catalogue, activations), "\(name): mapped differs")
      let panels = (0..<Packing.panels(rows: rows)).map { $0..<$0 + 1 }
      #expect(output == packed.multiply(catalogue, activations, panels: panels.reversed()), "\(name): panels differ")
      for token in 0..<tokens {
        let alone = packed.multiply(catalogue, activations, tokens: token..<token + 1)
        #expect(alone[...] == output[token * (rows + 3)..<(token + 1) * (rows + 3)], "\(name): token \(token) differs")
      }
    }
  }

  @Test(arguments: floatFormats) func `float weights`(format: BlockFormat) {
    check(format, rows: 33, columns: 67, tokens: 19, .quantised)
    check(format, rows: 90, columns: 8, tokens: 3, .float32)
    check(format, rows: 1, columns: 1, tokens: 1, .float32)
    check(format, rows: 16, columns: 300, tokens: 70, .float32)
  }

  @Test(.enabled(if: roundsActivations)) func `bfloat16 weights with bfloat16 activations`() {
    let catalogue = KernelCatalogue.current
    for (rows, columns, tokens) in [(33, 67, 19), (90, 8, 3), (1, 1, 1), (16, 300, 70)] {
      let weights = Weights(.bf16, rows: rows, columns: columns, seed: 5)
      let packing = catalogue.packing(for: .bf16, columns: columns, arithmetic: .quantised)
      let product = ProductCase(weights, packing)
      let activations = Activations(packing.activation, tokens: tokens, columns: columns, seed: 7)
      check(product, activations, rows: rows, [catalogue])
    }
  }

  @Test(arguments: quantisedFormats) func `quantised weights with byte activations`(format: BlockFormat) {
    let width = format.blockWidth
    check(format, rows: 17, columns: width == 32 ? 96 : 512, tokens: 19, .quantised)
    check(format, rows: 1, columns: width, tokens: 2, .quantised)
    check(format, rows: 80, columns: width, tokens: 5, .quantised)
    check(format, rows: 15, columns: 3 * width, tokens: 70, .quantised)
  }

  @Test(arguments: quantisedFormats) func `quantised weights with float activations`(format: BlockFormat) {
    check(format, rows: 17, columns: format.blockWidth == 32 ? 96 : 512, tokens: 9, .float32)
  }

  @Test(arguments: quantisedFormats + floatFormats)
  func `instruction sets with fused operations agree to the bit`(format: BlockFormat) {
    let fused = catalogues.filter { $0.features.contains(.fma) }
    let weights = Weights(format, rows: 31, columns: 512, seed: 3)
    let product = ProductCase(weights, Packing(source: format, arithmetic: .quantised, isMapped: false))
    let activations = Activations(product.packing.activation, tokens: 11, columns: 512, seed: 5)
    let outputs = fused.map { product.multiply($0, activations) }
    for output in outputs.dropFirst() { #expect(output == outputs[0]) }
  }

  @Test(arguments: [BlockFormat.f16, .q4_0, .q6_k]) func `rows are gathered, scattered, biased, added`(
    format: BlockFormat
  ) {
    let rows = 37
    let weights = Weights(format, rows: rows, columns: 256, seed: 11)
    let product = ProductCase(weights, Packing(source: format, arithmetic: .quantised, isMapped: false))
    let activations = Activations(product.packing.activation, tokens: 12, columns: 256, seed: 13)
    let sources: [Int32] = [3, 0, 3, 11, 7, 7, 2, 1, 9, 10, 4]
    let targets: [Int32] = [4, 2, 0, 1, 3, 8, 7, 6, 5, 10, 9]
    var random = Randomness(state: 17)
    let bias = random.floats(rows)
    for catalogue in catalogues {
      let plain = product.multiply(catalogue, activations)
      let output = bias.withUnsafeBufferPointer { bias in
        sources.withUnsafeBufferPointer { sources in
          targets.withUnsafeBufferPointer { targets in
            product.multiply(catalogue, activations, tokens: 0..<11) {
              $0.activationRows = sources.baseAddress
              $0.outputRows = targets.baseAddress
              $0.bias = bias.baseAddress
              $0.accumulate = true
            }
          }
        }
      }
      for (source, target) in zip(sources, targets) {
        for row in 0..<rows {
          let expected = ProductCase.untouched + (plain[Int(source) * (rows + 3) + row] + bias[row])
          #expect(output[Int(target) * (rows + 3) + row] == expected)
        }
      }
    }
  }

  @Test func `extreme codes and exponents stay exact`() {
    for byte: UInt8 in [0x00, 0x80, 0x7f, 0xff] {
      for format in quantisedFormats {
        var stored = Weights(format, rows: 16, columns: 256, seed: 19).stored
        for index in stored.indices where index % format.blockBytes > 3 && index % format.blockBytes < 80 {
          stored[index] = byte
        }
        if format == .mxfp4 {
          for block in 0..<stored.count / 17 { stored[17 * block] = UInt8(block % 4) }
        }
        let weights = Weights(format, rows: 16, columns: 256, stored: stored)
        let product = ProductCase(weights, Packing(source: format, arithmetic: .quantised, isMapped: false))
        let values = (0..<512).map { Float($0 % 3 == 0 ? 127 : -127) }
        let activations = Activations(product.packing.activation, tokens: 2, columns: 256, values: values)
        let (expected, bounds) = product.expected(activations)
        for catalogue in catalogues {
          let output = product.multiply(catalogue, activations)
          for token in 0..<2 {
            for row in 0..<16 {
              let error = abs(Double(output[token * 19 + row]) - expected[token * 16 + row])
              #expect(error <= bounds[token * 16 + row], "\(catalogue.kernelName(for: product.packing)) \(byte)")
            }
          }
        }
      }
    }
  }
}
