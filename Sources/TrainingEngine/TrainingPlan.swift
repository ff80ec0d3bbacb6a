import GraphIR
import TensorCore

/// A training graph as steps over planned memory.
struct TrainingPlan: Sendable {
  /// A step, and whether the loss needs it.
  struct Entry: Sendable {
    var step: any TrainingStep
    var isForLoss = false
    /// Steps of one phase need nothing of one another.
    var phase = 0
  }

  /// A value that is kept.
  struct Tap: Sendable {
    let view: View
    let shape: Shape
  }

  /// In the order of their phases.
  var entries: [Entry] = []
  /// The entries of each phase, after which threads meet.
  var phases: [Range<Int>] = []
  var regions: [Region] = []
  /// Views of the batch's inputs by name, as floats and as integers.
  var inputs: [String: View] = [:]
  var integers: [String: View] = [:]
  var taps: [String: Tap] = [:]
  var loss = View(region: 0, rows: 1, count: 1)
  /// Weights that are not trained.
  var frozen: [(name: String, region: Int, count: Int)] = []
  /// Counts that indices of the batch must stay below.
  var vocabulary = 1 << 24
  var context: Int
  var classes = 1 << 24
  /// Words of each space.
  var arenaWords = 0
  var frozenWords = 0
  var scratchWords = 0
  /// Words from one thread's scratch to the next.
  var scratchStride: Int { (scratchWords + 31) / 16 * 16 }
  /// Words of all arena values together, were none to share memory.
  var valueWords = 0
}
