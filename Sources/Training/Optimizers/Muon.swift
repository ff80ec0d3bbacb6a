import Kernels
import Runtime
import TensorCore
import TrainingEngine

/// Momentum whose updates are made orthogonal (Jordan et al. 2024, kellerjordan.github.io/posts/muon), scaled to the size
/// that AdamW's have (arXiv 2502.16982), so that both share one learning rate.
///
/// A matrix `G [rows, columns]` becomes about `U · Vᵀ` of its singular vectors by `X ← a·X + (b·A + c·A²)·X` with
/// `A = X · Xᵀ`, from `X = G / ‖G‖`, on the shorter side.
struct Muon {
  /// The quintic's `a`, `b` and `c`.
  static let coefficients: (Float, Float, Float) = (3.4445, -4.7750, 2.0315)

  private let settings: OptimizerSettings
  private let matrices: [ParameterLayout.Tensor]
  private let team: ThreadTeam
  private let kernels: FloatProductKernels
  /// One set of scratch a thread: matrices are shared out among threads.
  private let scratch: [Scratch]

  /// `x`, its successor and `b·A + c·A²`, for the largest matrix.
  private struct Scratch {
    let x: FloatBuffer
    let next: FloatBuffer
    let gram: FloatBuffer
    let polynomial: FloatBuffer
    /// The right factor's panels, and what a kernel needs.
    let packed: FloatBuffer
    let panels: FloatBuffer
  }

  init(_ settings: OptimizerSettings, matrices: [ParameterLayout.Tensor], team: ThreadTeam) throws {
    // The largest first, so that threads end together.
    self.matrices = matrices.sorted { ($0.count, $1.offset) > ($1.count, $0.offset) }
    (self.settings, self.team) = (settings, team)
    let size = matrices.reduce(0) { max($0, $1.count) }
    let side = matrices.reduce(0) { max($0, min($1.shape[0], $1.shape[1])) }
    let kernels = FloatProductKernels(.float32)
    self.kernels = kernels
    let packed = matrices.reduce(0) { size, matrix in
      let (m, n) = (matrix.shape.min() ?? 0, matrix.shape.max() ?? 0)
      return max(
        size, kernels.packedFloats(FloatProductShape(rows: m, columns: m, steps: n)),
        kernels.packedFloats(FloatProductShape(rows: m, columns: n, steps: m)),
        kernels.packedFloats(FloatProductShape(rows: m, columns: m, steps: m)))
    }
    let scratchFloats = kernels.scratchFloats
    scratch = try (0..<team.count).map { _ in
      Scratch(
        x: try FloatBuffer(count: size), next: try FloatBuffer(count: size),
        gram: try FloatBuffer(count: side * side), polynomial: try FloatBuffer(count: side * side),
        packed: try FloatBuffer(count: packed), panels: try FloatBuffer(count: scratchFloats))
    }
  }

  func step(rate: Double, parameters: FloatBuffer, gradients: FloatBuffer, momentum: FloatBuffer, scale: Float) {
    let (matrices, scratch, count) = (self.matrices, self.scratch, team.count)
    let muon = self
    team.run { thread in
      for index in stride(from: thread, to: matrices.count, by: count) {
        muon.change(
          matrices[index], rate: rate, parameters[matrices[index].range], gradients[matrices[index].range],
          momentum[matrices[index].range], scale: scale, scratch[thread])
      }
    }
  }

  private func change(
    _ matrix: ParameterLayout.Tensor, rate: Double, _ weights: UnsafeMutableBufferPointer<Float>,
    _ gradients: UnsafeMutableBufferPointer<Float>, _ momentum: UnsafeMutableBufferPointer<Float>, scale: Float,
    _ scratch: Scratch
  ) {
    let (rows, columns) = (matrix.shape[0], matrix.shape[1])
    let isTall = rows > columns
    let (m, n) = isTall ? (columns, rows) : (rows, columns)
    let x = scratch.x[0..<matrix.count]
    let beta = Float(settings.momentum)
    var square = 0.0
    for index in 0..<matrix.count {
      let gradient = gradients[index] * scale
      momentum[index] += (gradient - momentum[index]) * (1 - beta)
      // Nesterov's look ahead.
      let update = gradient + (momentum[index] - gradient) * beta
      square += Double(update) * Double(update)
      x[isTall ? index % columns * rows + index / columns : index] = update
    }
    let factor = Float(1 / max(square.squareRoot(), 1e-7))
    for index in 0..<matrix.count { x[index] *= factor }
    let result = orthogonal(m, n, scratch)
    let size = rate * 0.2 * Double(max(rows, columns)).squareRoot()
    let shrink = settings.decays(matrix.name, shape: matrix.shape) ? Float(1 - rate * settings.weightDecay) : 1
    for index in 0..<matrix.count {
      let update = result[isTall ? index % columns * rows + index / columns : index]
      weights[index] = weights[index] * shrink - Float(size) * update
    }
  }

  /// Iterates from `scratch.x [m, n]`; returns where the result lies.
  private func orthogonal(_ m: Int, _ n: Int, _ scratch: Scratch) -> UnsafeMutableBufferPointer<Float> {
    let (a, b, c) = Self.coefficients
    var (x, next) = (scratch.x[0..<m * n], scratch.next[0..<m * n])
    let (gram, polynomial) = (scratch.gram[0..<m * m], scratch.polynomial[0..<m * m])
    func multiply(
      _ left: UnsafeMutableBufferPointer<Float>, _ right: FloatMatrix, _ out: UnsafeMutableBufferPointer<Float>,
      columns: Int, steps: Int
    ) {
      let shape = FloatProductShape(rows: m, columns: columns, steps: steps)
      kernels.run(
        FloatProduct(shape, a: FloatMatrix(left.base, rowStride: steps), b: right, c: out.base),
        packed: scratch.packed.base, scratch: scratch.panels.base)
    }
    for _ in 0..<settings.iterations {
      multiply(x, FloatMatrix(x.base, rowStride: n).transposed, gram, columns: m, steps: n)
      multiply(gram, FloatMatrix(gram.base, rowStride: m), polynomial, columns: m, steps: m)
      for index in 0..<m * m { polynomial[index] = b * gram[index] + c * polynomial[index] }
      multiply(polynomial, FloatMatrix(x.base, rowStride: n), next, columns: n, steps: m)
      for index in 0..<m * n { next[index] += a * x[index] }
      swap(&x, &next)
    }
    return x
  }
}

extension UnsafeMutableBufferPointer<Float> {
  /// The first element of memory that is not empty.
  fileprivate var base: UnsafeMutablePointer<Float> { baseAddress! }
}
