import Generation
import GraphIR
import Lens
import Runtime

/// A text that a model has read, so that values of some of its rows can be worked out again.
struct ReadText {
  private let model: LanguageModel
  /// The numbers of its edits.
  private let edits: EditSet?
  /// Holds the text's states; nil until the first row is asked for.
  private var session: Session?
  private var variants: [Int: Variant] = [:]
  private var uses = 0

  /// A model that keeps some values.
  private struct Variant {
    let model: LanguageModel
    /// Where states cannot go back: a session that reads the text once more from its start.
    var session: Session?
    var lastUse = 0
  }

  /// Models held at once.
  private static let limit = 6

  /// `edits` are those of an edited model.
  init(_ model: LanguageModel, edits: EditSet? = nil) { (self.model, self.edits) = (model, edits) }

  /// Rows of values by name, those of `rows` in turn; a row of attention is as long as the text was then.
  ///
  /// `key` tells sets of names apart. Throws `PlanError` where a value cannot be kept.
  mutating func values(
    _ names: [String], key: Int, rows: Range<Int>, of tokens: [Int32], chunk: Int
  ) throws -> [String: [[Float]]] {
    let session = try read(tokens)
    var variant = try variant(names, key, chunk: chunk)
    var result: [String: [[Float]]] = [:]
    func take(_ executor: Executor, _ range: Range<Int>) {
      for name in names {
        guard let value = executor.tap(name), let count = value.shape.first, count > 0 else { continue }
        let width = value.values.count / count
        for (place, row) in range.enumerated() where place < count && rows.contains(row) {
          result[name, default: []].append(Array(value.values[place * width..<(place + 1) * width]))
        }
      }
    }
    if session.canReplay {
      _ = try session.replay(
        Array(tokens[rows]), at: rows.lowerBound, through: variant.model, rows: .all, urgency: .view, read: take)
    } else {
      let own = try variant.session ?? begin(variant.model)
      if own.tokens.count > rows.lowerBound || !tokens.starts(with: own.tokens) { own.reset() }
      try own.step(Array(tokens[own.tokens.count..<rows.upperBound]), rows: .all) { executor, count in
        take(executor, own.tokens.count..<own.tokens.count + count)
      }
      variant.session = own
    }
    uses += 1
    variant.lastUse = uses
    variants[key] = variant
    return result
  }

  /// The session after at least these tokens.
  private mutating func read(_ tokens: [Int32]) throws -> Session {
    let session = try session ?? begin(model.variant(keepsAllRows: true))
    self.session = session
    if session.tokens.count < tokens.count || !session.tokens.starts(with: tokens) { try session.replace(with: tokens) }
    return session
  }

  private func begin(_ model: LanguageModel) throws -> Session {
    let session = try model.session()
    session.inputs = edits
    return session
  }

  private mutating func variant(_ names: [String], _ key: Int, chunk: Int) throws -> Variant {
    if let known = variants[key] { return known }
    if variants.count >= Self.limit, let oldest = variants.min(by: { $0.value.lastUse < $1.value.lastUse }) {
      variants[oldest.key] = nil
    }
    return Variant(
      model: try model.variant(keeping: Set(names), chunk: chunk, outputRows: chunk, keepsAllRows: true))
  }
}
