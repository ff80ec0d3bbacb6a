import CKernels

/// The most tokens of any tile.
private let mostTokens = Int(MATMUL_TOKENS)
/// Panels that one call of a kernel may take for a single token.
private let panelsTogether = Int(MATMUL_PANELS)
/// A chunk of activations should stay in a second-level cache while panels pass by.
private let chunkBytes = 512 << 10

extension KernelCatalogue {
  /// Computes a product on the calling thread, allocating nothing.
  public func multiply(_ product: Product) {
    guard product.tokens > 0, !product.panels.isEmpty else { return }
    let kernel = self.kernel(for: product.packing)
    // Sums of a tile: [panels or tokens, 16].
    withUnsafeTemporaryAllocation(of: Float.self, capacity: mostTokens * Packing.panelRows) { sums in
      withUnsafeTemporaryAllocation(of: UnsafeRawPointer?.self, capacity: mostTokens) { activations in
        withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Float>?.self, capacity: mostTokens) { outputs in
          let tile = Tile(
            kernel: kernel.tile, tileTokens: Int(kernel.tokens), product: product, sums: sums.baseAddress!,
            activations: activations.baseAddress!,
            outputs: outputs.baseAddress!)
          if product.tokens == 1 && !product.packing.isMapped { tile.runOneToken() } else { tile.run() }
        }
      }
    }
  }
}

/// The buffers of one call and its loops.
private struct Tile {
  let kernel: matmul_tile
  let tileTokens: Int
  let product: Product
  let sums: UnsafeMutablePointer<Float>
  let activations: UnsafeMutablePointer<UnsafeRawPointer?>
  let outputs: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>

  private var panelBytes: Int { product.packing.panelBytes(columns: product.columns) }

  /// One token: several panels advance together.
  func runOneToken() {
    gather(0..<1)
    let panelBytes = self.panelBytes
    var panel = product.panels.lowerBound
    while panel < product.panels.upperBound {
      let count = min(panelsTogether, product.panels.upperBound - panel)
      kernel(product.weights + panel * panelBytes, panelBytes, count, product.columns, activations, 1, sums)
      for index in 0..<count { store(panel: panel + index, tokens: 1, sums + index * Packing.panelRows) }
      panel += count
    }
  }

  /// Chunks of tokens, then panels, then tiles of tokens. A mapped matrix is one chunk, to pack each panel once.
  func run() {
    let panelBytes = self.panelBytes
    let chunk =
      product.packing.isMapped
      ? product.tokens
      : max(2, min(64, chunkBytes / max(1, product.activationStride)) / tileTokens) * tileTokens
    var start = 0
    while start < product.tokens {
      let end = min(start + chunk, product.tokens)
      for panel in product.panels {
        let weights = panelPointer(panel, panelBytes: panelBytes)
        var token = start
        while token < end {
          let count = tokens(of: end - token)
          gather(token..<token + count)
          kernel(weights, panelBytes, 1, product.columns, activations, count, sums)
          store(panel: panel, tokens: count, sums)
          token += count
        }
      }
      start = end
    }
  }

  /// Tokens of the next tile: the last two are about equal and, if they can be, even.
  private func tokens(of rest: Int) -> Int {
    rest >= 2 * tileTokens ? tileTokens : rest <= tileTokens ? rest : (rest + 3) / 4 * 2
  }

  private func panelPointer(_ panel: Int, panelBytes: Int) -> UnsafeRawPointer {
    guard product.packing.isMapped else { return product.weights + panel * panelBytes }
    guard let scratch = product.scratch else { preconditionFailure("a mapped product needs scratch") }
    product.packing.packPanel(
      panel, of: product.weights, rows: product.rows, columns: product.columns, into: scratch)
    return UnsafeRawPointer(scratch)
  }

  private func gather(_ tokens: Range<Int>) {
    for (index, token) in tokens.enumerated() {
      let source = product.activationRows.map { Int($0[token]) } ?? token
      let target = product.outputRows.map { Int($0[token]) } ?? token
      activations[index] = product.activations + source * product.activationStride
      outputs[index] = product.output + target * product.outputStride
    }
  }

  private func store(panel: Int, tokens: Int, _ sums: UnsafePointer<Float>) {
    let first = panel * Packing.panelRows
    matmul_store(
      sums, tokens, min(Packing.panelRows, product.rows - first), product.bias, product.accumulate ? 1 : 0, outputs,
      first)
  }
}
