import Kernels

/// Multiplies by packed panels; instructions that need nothing but a tile's own elements follow on each tile.
struct ProductStep: TrainingStep {
  let product: MatrixProduct
  let packed: View
  let kernels: TrainingKernels
  var tail: [RowInstruction] = []

  var kind: String { "product" }
  var title: String { ([product.name] + tail.map(\.name)).joined(separator: ", ") }
  var reads: [View] {
    [product.a.view, packed] + (product.bias.map { [$0] } ?? [])
      + (product.storing == .adds ? [product.output] : []) + tail.flatMap(\.reads)
  }
  var writes: [View] { [product.output] + tail.map(\.output) }
  var scratchWords: Int { product.kernels.scratchFloats }

  func operations(_ sizes: Sizes) -> Int { product.shape(sizes).operations }
  func tiles(_ sizes: Sizes) -> Int { product.kernels.tiles(product.shape(sizes)) }

  func run(tile: Int, _ frame: Frame) throws {
    let work = product.product(frame)
    product.kernels.multiply(work, tile: tile, packed: frame[packed].base, scratch: frame.scratch)
    if tail.isEmpty { return }
    let area = product.kernels.area(work.shape, tile: tile)
    for instruction in tail {
      if area.columns.count == product.n {
        try instruction.run(area.rows, frame, kernels)
      } else {
        instruction.run(area.rows, columns: area.columns, frame, kernels)
      }
    }
  }
}

/// Writes a product's second factor in panels.
struct PackStep: TrainingStep {
  let product: MatrixProduct
  let packed: View

  var kind: String { "pack" }
  var title: String { "pack for \(product.name)" }
  var reads: [View] { [product.b.view] }
  var writes: [View] { [packed] }

  func tiles(_ sizes: Sizes) -> Int { product.kernels.packTiles(product.shape(sizes)) }

  func run(tile: Int, _ frame: Frame) {
    product.kernels.pack(product.product(frame), tile: tile, packed: frame[packed].base)
  }
}
