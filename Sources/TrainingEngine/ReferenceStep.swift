import GraphIR
import Kernels
import Reference
import TensorCore

/// One operation as `Reference` computes it: for what is rare enough to need no kernel.
struct ReferenceStep: TrainingStep {
  let name: String
  let op: Op
  let operands: [View]
  let shapes: [Shape]
  let output: View
  let shape: Shape
  let context: Int

  var kind: String { "plain" }
  var title: String { name }
  var reads: [View] { operands }
  var writes: [View] { [output] }
  var isPlain: Bool { true }

  func tiles(_ sizes: Sizes) -> Int { 1 }

  func run(tile: Int, _ frame: Frame) throws {
    let values = zip(operands, shapes).map { view, shape in
      HostTensor(shape: frame.sizes.shape(shape), values: frame.words(view, frame.sizes.shape(shape)))
    }
    let runs = (0..<frame.sizes.sequences).map { index in
      let run = frame.runs[index]
      return Int(run.start)..<Int(run.start) + Int(run.count)
    }
    let result: HostTensor
    do {
      result = try ReferenceEvaluator.evaluate(
        op, values, rowCount: frame.sizes.tokens, askedRowCount: frame.sizes.rows, runs: runs, context: context)
    } catch {
      throw TrainingEngineError.operation(node: name, reason: "\(error)")
    }
    let out = frame[output]
    let count = result.shape.dropFirst().reduce(1, *)
    let stride = output.isContiguous ? count : output.stride
    for row in 0..<(result.shape.first ?? 1) {
      for i in 0..<count { out.base[row * stride + i] = result.values[row * count + i] }
    }
  }
}

extension Frame {
  /// A view's words in the sizes of this run; those with a place for each pair of rows lie in one piece.
  func words(_ view: View, _ shape: [Int]) -> [Float] {
    let lane = self[view]
    let count = shape.dropFirst().reduce(1, *)
    let stride = view.isContiguous ? count : view.stride
    var words: [Float] = []
    words.reserveCapacity((shape.first ?? 1) * count)
    for row in 0..<(shape.first ?? 1) {
      words.append(contentsOf: UnsafeBufferPointer(start: lane.base + row * stride, count: count))
    }
    return words
  }
}
