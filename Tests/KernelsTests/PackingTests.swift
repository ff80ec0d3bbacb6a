import Kernels
import TensorCore
import Testing

@Suite struct PackingTests {
  @Test(arguments: BlockFormat.allCases.filter(\.isQuantised))
  func `a packed matrix is within four percent of its file`(format: BlockFormat) {
    let packing = KernelCatalogue.current.packing(for: format, columns: 2048, arithmetic: .quantised)
    #expect(packing.panel == format && packing.activation == (format.blockWidth == 256 ? .q8Wide : .q8))
    let stored = 1024 * format.rowBytes(2048)
    let packed = packing.bytes(rows: 1024, columns: 2048)
    #expect(packed >= stored && packed * 100 <= stored * 104, "\(format): \(Double(packed) / Double(stored))")
    #expect(packing.scratchBytes(columns: 2048) == 0)
    #expect(packing.mapped.bytes(rows: 1024, columns: 2048) == 0)
    #expect(packing.mapped.scratchBytes(columns: 2048) == packed / 64)
  }

  @Test func `float32 arithmetic decodes quantised weights panel by panel`() {
    let packing = KernelCatalogue.current.packing(for: .q4_k, columns: 512, arithmetic: .float32)
    #expect(packing.description == "f32x16 of q4_k, mapped")
    #expect(packing.activation == .f32)
    #expect(packing.scratchBytes(columns: 512) == 16 * 512 * 4)
    #expect(KernelCatalogue.current.packing(for: .f64, columns: 7, arithmetic: .quantised).panel == .f32)
  }

  @Test func `panels pack alone, in any order, and fill missing rows with zeros`() {
    let weights = Weights(.f16, rows: 20, columns: 50, seed: 31)
    let packing = Packing(source: .f16, arithmetic: .quantised, isMapped: false)
    var packed = [UInt8](repeating: 0xff, count: packing.bytes(rows: 20, columns: 50))
    packed.withUnsafeMutableBytes { target in
      weights.stored.withUnsafeBytes { source in
        for panel in [1, 0] {
          packing.pack(
            source.baseAddress!, rows: 20, columns: 50, panels: panel..<panel + 1, into: target.baseAddress!)
        }
      }
    }
    for row in 0..<32 {
      for column in 0..<50 {
        let place = (row / 16) * packing.panelBytes(columns: 50) + 32 * column + 2 * (row % 16)
        let expected = row < 20 ? Array(weights.stored[2 * (50 * row + column)..<2 * (50 * row + column) + 2]) : [0, 0]
        #expect(Array(packed[place..<place + 2]) == expected)
      }
    }
  }

  @Test func `kernels need only what the processor has`() {
    let scalar = KernelCatalogue(features: [])
    let q4 = Packing(source: .q4_0, arithmetic: .quantised, isMapped: false)
    #expect(scalar.kernelName(for: q4) == "dot_q4_0_q8_16x8__portable")
    #expect(ProcessorFeatures(level: "sse9") == nil)
    #expect(ProcessorFeatures.current.isSubset(of: .detected))
    if KernelCatalogue.current.features.isSuperset(of: [.avx512f, .avx512bw, .avx512vl, .avx512vnni]) {
      #expect(KernelCatalogue.current.kernelName(for: q4) == "dot_q4_0_q8_16x8__avx512vnni")
    }
    let names: [(ProcessorFeatures, String)] = [([], "scalar"), ([.avx2, .fma], "avx2 fma")]
    for (features, name) in names { #expect(features.description == name) }
  }
}
