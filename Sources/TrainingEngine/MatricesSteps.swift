import Kernels

/// Which matrix of several a row of `slots` parts meets with each part.
struct MatrixChoice: Sendable {
  /// How many matrices there are.
  let count: Int
  let slots: Int
  /// What `RoutingStep` found; nil where part `h` meets matrix `h`.
  let routing: View?
  /// Parts of a row of `rows` tokens.
  let rows: View

  /// The slots that meet a matrix and their tokens, in order; nil pointers where all rows do.
  func members(_ matrix: Int, _ frame: Frame) -> (
    count: Int, slots: UnsafePointer<Int32>?, tokens: UnsafePointer<Int32>?
  ) {
    let tokens = frame.sizes[rows.rows]
    guard let routing else { return (tokens, nil, nil) }
    let starts = frame.integers(routing)
    let first = Int(starts[matrix])
    let slots = starts + count + 1 + first
    return (Int(starts[matrix + 1]) - first, UnsafePointer(slots), UnsafePointer(slots + tokens * self.slots))
  }

  /// Where parts of rows begin for a matrix, and the distance from one to the next.
  func parts(of view: View, width: Int, matrix: Int, _ frame: Frame) -> (base: Floats, stride: Int) {
    let lane = frame[view]
    if routing == nil { return (lane.base + matrix * width, lane.stride) }
    return (lane.base, view.count > width ? width : lane.stride)
  }
}

/// Sorts the slots of all rows by the expert that each has chosen: where each expert's begin, the slots, their tokens.
struct RoutingStep: TrainingStep {
  let name: String
  /// `[T, slots]`.
  let choice: View
  let experts: Int
  let output: View

  var kind: String { "routing" }
  var title: String { "routing by \(name)" }
  var reads: [View] { [choice] }
  var writes: [View] { [output] }

  func tiles(_ sizes: Sizes) -> Int { 1 }

  func run(tile: Int, _ frame: Frame) throws {
    let (chosen, starts) = (frame[choice], frame.integers(output))
    let (rows, used) = (frame.sizes[choice.rows], choice.count)
    starts.update(repeating: 0, count: experts + 1)
    for row in 0..<rows {
      for slot in 0..<used {
        guard let expert = Int(exactly: chosen[row][slot]), (0..<experts).contains(expert) else {
          throw TrainingEngineError.operation(node: name, reason: "index \(chosen[row][slot]) is not below \(experts)")
        }
        starts[expert + 1] += 1
      }
    }
    for expert in 0..<experts { starts[expert + 1] += starts[expert] }
    let slots = starts + experts + 1
    let tokens = slots + rows * used
    for row in 0..<rows {
      for slot in 0..<used {
        let expert = Int(chosen[row][slot])
        let place = Int(starts[expert])
        (slots[place], tokens[place]) = (Int32(row * used + slot), Int32(row))
        starts[expert] += 1
      }
    }
    for expert in (0..<experts).reversed() { starts[expert + 1] = starts[expert] }
    starts[0] = 0
  }
}

/// Each part of a row through the matrix that it meets, or through that matrix transposed.
struct MatricesStep: TrainingStep {
  let name: String
  let choice: MatrixChoice
  /// Parts of rows, or whole rows that every part of the result reads.
  let input: View
  /// `[count, out, in]`.
  let weights: View
  let inputs: Int
  let outputs: Int
  let isTransposed: Bool
  let output: View
  let kernels: FloatProductKernels

  static let columns = 128

  private var from: Int { isTransposed ? outputs : inputs }
  private var to: Int { isTransposed ? inputs : outputs }
  private var blocks: Int { (to + Self.columns - 1) / Self.columns }
  private func shape(rows: Int, columns: Int) -> FloatProductShape {
    FloatProductShape(rows: rows, columns: columns, steps: from)
  }
  private var packedWords: Int { (kernels.packedFloats(shape(rows: 1, columns: min(to, Self.columns))) + 15) / 16 * 16 }

  var kind: String { "product" }
  var title: String { name }
  var reads: [View] { [input, weights, choice.routing].compactMap { $0 } }
  var writes: [View] { [output] }
  var scratchWords: Int { packedWords + kernels.scratchFloats }

  func operations(_ sizes: Sizes) -> Int { 2 * sizes[output.rows] * choice.slots * inputs * outputs }
  func tiles(_ sizes: Sizes) -> Int { choice.count * blocks }

  func run(tile: Int, _ frame: Frame) {
    let (matrix, block) = tile.quotientAndRemainder(dividingBy: blocks)
    let first = block * Self.columns
    let (count, slots, tokens) = choice.members(matrix, frame)
    let (a, aStride) = choice.parts(of: input, width: from, matrix: matrix, frame)
    let (c, cStride) = choice.parts(of: output, width: to, matrix: matrix, frame)
    let base = frame[weights].base + matrix * inputs * outputs
    let b =
      isTransposed
      ? FloatMatrix(base + first, rowStride: inputs)
      : FloatMatrix(base + first * inputs, rowStride: inputs).transposed
    var product = FloatProduct(
      shape(rows: count, columns: min(Self.columns, to - first)), a: FloatMatrix(a, rowStride: aStride), b: b,
      c: c + first, cStride: cStride)
    (product.aRows, product.cRows) = (input.count == from ? tokens : slots, slots)
    kernels.run(product, packed: frame.scratch, scratch: frame.scratch + packedWords)
  }
}

/// Gradients by several matrices: for each the sum over the parts that meet it of `g ⊗ x`.
struct MatricesGradientStep: TrainingStep {
  let name: String
  let choice: MatrixChoice
  /// Parts of rows, by what the matrices gave.
  let gradient: View
  /// Parts of rows, or whole rows that every part read.
  let input: View
  let inputs: Int
  let outputs: Int
  /// `[count, out, in]`.
  let output: View
  let storing: Storing
  let kernels: FloatProductKernels

  static let columns = 128
  /// Parts that are summed at once.
  static let steps = 512

  private var blocks: Int { (inputs + Self.columns - 1) / Self.columns }
  private var packedWords: Int {
    let shape = FloatProductShape(rows: outputs, columns: min(inputs, Self.columns), steps: Self.steps)
    return (kernels.packedFloats(shape) + 15) / 16 * 16
  }

  var kind: String { "product" }
  var title: String { name }
  var reads: [View] { [gradient, input, choice.routing].compactMap { $0 } + (storing == .adds ? [output] : []) }
  var writes: [View] { [output] }
  var scratchWords: Int { packedWords + kernels.scratchFloats }

  func operations(_ sizes: Sizes) -> Int { 2 * sizes[gradient.rows] * choice.slots * inputs * outputs }
  func tiles(_ sizes: Sizes) -> Int { choice.count * blocks }

  func run(tile: Int, _ frame: Frame) {
    let (matrix, block) = tile.quotientAndRemainder(dividingBy: blocks)
    let first = block * Self.columns
    let (count, slots, tokens) = choice.members(matrix, frame)
    let (g, gStride) = choice.parts(of: gradient, width: outputs, matrix: matrix, frame)
    let (x, xStride) = choice.parts(of: input, width: inputs, matrix: matrix, frame)
    let list = input.count == inputs ? tokens : slots
    for start in stride(from: 0, to: max(1, count), by: Self.steps) {
      // Lists name stored rows; without one, rows begin at `start`.
      let row = slots == nil ? start : 0
      var product = FloatProduct(
        FloatProductShape(
          rows: outputs, columns: min(Self.columns, inputs - first), steps: min(Self.steps, count - start)),
        a: FloatMatrix(g + row * gStride, rowStride: gStride).transposed,
        b: FloatMatrix(x + row * xStride + first, rowStride: xStride),
        c: frame[output].base + matrix * inputs * outputs + first, cStride: inputs,
        accumulates: start > 0 || storing.adds(frame))
      (product.aSteps, product.bSteps) = (slots.map { $0 + start }, list.map { $0 + start })
      kernels.run(product, packed: frame.scratch, scratch: frame.scratch + packedWords)
    }
  }
}
