import Foundation
public import Generation
import GraphIR
import Synchronization
import TensorCore

/// Where tokens lie in a model's embedding: neighbours, analogies, and the vectors themselves.
public final class Meaning: Sendable {
  private let weights: WeightRows
  private let table: String
  public let vocabularySize: Int
  public let width: Int
  /// Lengths of all rows, once they have been read.
  private let lengths = Mutex<[Float]>([])

  /// Opens the model's file again. Throws what opening throws, and `LensError` for a model without an embedding.
  public init(_ model: LanguageModel) throws {
    let graph = model.graph
    guard
      let gather = graph.nodes.first(where: { node in
        guard node.op == .gather, case .input("tokens", _, _) = graph.nodes[node.inputs[0]].op else { return false }
        return true
      }), case .weight(let name, let shape) = graph.nodes[gather.inputs[1]].op
    else { throw LensError.unsupported("the model looks tokens up in no table") }
    weights = try WeightRows(path: model.path)
    (table, vocabularySize, width) = (name, shape[0], shape[1])
  }

  /// A token's row of the table; throws `LensError` for a token that there is not.
  public func embedding(of token: Int32) throws -> [Float] {
    guard (0..<vocabularySize).contains(Int(token)) else {
      throw LensError.range("token \(token) is asked for; the vocabulary has \(vocabularySize)")
    }
    return try weights.row(Int(token), of: table)
  }

  /// The tokens whose rows point most nearly where `vector` points, with the cosines, without `excluded` ones.
  ///
  /// Reads the whole table. Throws `LensError` for a vector of another width.
  public func neighbours(
    of vector: [Float], count: Int, excluding excluded: Set<Int32> = []
  ) throws -> [(token: Int32, cosine: Double)] {
    guard vector.count == width, vector.allSatisfy(\.isFinite) else {
      throw LensError.range("a vector of \(vector.count) numbers is given; embeddings have \(width)")
    }
    let length = Float(Rows.dot(vector[...], vector[...]).squareRoot())
    guard length > 0 else { throw LensError.range("the vector has no direction") }
    var known = lengths.withLock { $0 }
    let areKnown = known.count == vocabularySize
    if !areKnown { known = [Float](repeating: 0, count: vocabularySize) }
    var best: [(token: Int32, cosine: Double)] = []
    try weights.forEachRow(of: table) { row, values in
      if !areKnown { known[row] = Rows.fastDot(values, values).squareRoot() }
      guard known[row] > 0 else { return }
      let cosine = vector.withUnsafeBufferPointer { Double(Rows.fastDot($0, values) / (length * known[row])) }
      guard best.count < count || cosine > best[best.count - 1].cosine, !excluded.contains(Int32(row)) else { return }
      best.insert((Int32(row), cosine), at: best.firstIndex { $0.cosine < cosine } ?? best.count)
      if best.count > count { best.removeLast() }
    }
    if !areKnown { lengths.withLock { $0 = known } }
    return best
  }

  /// Neighbours of `a − b + c`, each scaled to length one, without the three themselves.
  public func analogy(
    _ a: Int32, less b: Int32, plus c: Int32, count: Int
  ) throws -> [(token: Int32, cosine: Double)] {
    let rows = try [a, b, c].map { token throws in try Self.unit(embedding(of: token)) }
    let vector = (0..<width).map { rows[0][$0] - rows[1][$0] + rows[2][$0] }
    return try neighbours(of: vector, count: count, excluding: [a, b, c])
  }

  private static func unit(_ vector: [Float]) -> [Float] {
    let length = Float(Rows.dot(vector[...], vector[...]).squareRoot())
    return length > 0 ? vector.map { $0 / length } : vector
  }
}

extension Rows {
  /// A single-precision product in sixteen running sums.
  static func fastDot(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) -> Float {
    guard let x = a.baseAddress.map({ UnsafeRawPointer($0) }), let y = b.baseAddress.map({ UnsafeRawPointer($0) })
    else { return 0 }
    var sums = SIMD16<Float>(repeating: 0)
    var index = 0
    while index + 16 <= a.count {
      sums.addProduct(
        x.loadUnaligned(fromByteOffset: index * 4, as: SIMD16<Float>.self),
        y.loadUnaligned(fromByteOffset: index * 4, as: SIMD16<Float>.self))
      index += 16
    }
    var sum = sums.sum()
    while index < a.count {
      sum += a[index] * b[index]
      index += 1
    }
    return sum
  }
}
