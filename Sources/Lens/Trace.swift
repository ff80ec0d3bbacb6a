public import Checkpoints
import Foundation
public import Generation
public import GraphIR
public import JSON
import Kernels
import Quantization
import Runtime
import TensorCore
import Tokenizers

/// A recorded run in a file: named values of every position with their tokens, as safetensors.
///
/// The metadata's `orrery.trace` is JSON: the model, the tokens with their texts, and each value's shape and kind.
public struct Trace: Sendable {
  public let file: SafetensorsFile
  public let description: JSON

  /// Opens a trace; throws `FileError` or `CheckpointError` for a file that is none.
  public init(path: String) throws {
    file = try SafetensorsFile(path: path)
    guard let text = file.metadata.first(where: { $0.key == Self.key })?.value,
      let json = try? JSON(parsing: Array(text.utf8)), json["tokens"]?.array != nil
    else {
      throw CheckpointError(file: path, reason: "this safetensors file is no trace of a run (orrery trace writes one)")
    }
    description = json
  }

  static let key = "orrery.trace"

  /// The names kept where none are asked for.
  public static let standardNames = [
    "embed", "blocks.*.resid_pre", "blocks.*.resid_mid", "blocks.*.resid_post", "blocks.*.attn.pattern",
    "blocks.*.mlp.expert_*", "ln_final.normalized", "logits",
  ]

  /// Values of `graph` whose names match patterns where `*` stands for any letters: nodes and aliases, in order.
  ///
  /// Throws `LensError` for a pattern that matches nothing.
  public static func names(matching patterns: [String], in graph: Graph) throws(LensError) -> [String] {
    var names = graph.nodes.indices.filter { Self.isValue(graph.nodes[$0]) }.map { graph.nodes[$0].name }
    names += graph.aliases.keys.filter { Self.isValue(graph.nodes[graph.aliases[$0] ?? 0]) }.sorted()
    var found: [String] = []
    for pattern in patterns {
      let matching = names.filter { matches($0, pattern) }
      if matching.isEmpty, !standardNames.contains(pattern) {
        throw .unknown("no value of the model matches \(pattern); `orrery inspect MODEL --graph` lists them")
      }
      found += matching
    }
    var seen: Set<String> = []
    return found.filter { seen.insert($0).inserted }
  }

  private static func isValue(_ node: Node) -> Bool {
    switch node.op {
    case .weight, .input, .append: false
    default: node.shape.first == .tokens || node.shape.first == .rows
    }
  }

  /// Whether `*` in a pattern can stand for what a name has there; linear in both.
  static func matches(_ name: String, _ pattern: String) -> Bool {
    let (name, pattern) = (Array(name.utf8), Array(pattern.utf8))
    var (at, place, star, mark) = (0, 0, -1, 0)
    while at < name.count {
      if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
        (star, mark) = (place, at)
        place += 1
      } else if place < pattern.count, pattern[place] == name[at] {
        (at, place) = (at + 1, place + 1)
      } else if star >= 0 {
        mark += 1
        (at, place) = (mark, star + 1)
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}

/// Runs tokens and writes what was asked for to a trace file.
public struct TraceWriter {
  private let model: LanguageModel
  private let names: [String]
  private let tapped: LanguageModel
  private let limit: Int
  private let edits: EditSet?

  /// Values are bounded by `limit` bytes in all; `edits` are those of an edited model. Throws `LensError` and `PlanError`
  /// for names.
  public init(
    _ model: LanguageModel, values patterns: [String], limit: Int = 1 << 32, edits: EditSet? = nil
  ) throws {
    (self.model, self.limit, self.edits) = (model, limit, edits)
    names = try Trace.names(matching: patterns, in: model.graph)
    tapped = try model.variant(keeping: Set(names), chunk: 16, outputRows: 16)
  }

  /// Runs `tokens`, then writes each value at every position. Throws `LensError` where they are too many, before a file is
  /// made.
  public func write(_ tokens: [Int32], to path: String, progress: (Int) -> Void = { _ in }) throws {
    let session = try tapped.session()
    session.inputs = edits
    var rows: [String: [Float]] = [:]
    var shapes: [String: [Int]] = [:]
    var bytes = 0
    for start in stride(from: 0, to: tokens.count, by: 16) {
      let part = Array(tokens[start..<min(tokens.count, start + 16)])
      try session.step(part, rows: .all) { executor, _ in
        for name in names {
          guard let tap = executor.tap(name) else { continue }
          // Rows along the context are as long as the whole run.
          let (values, shape) = Self.widened(tap.values, tap.shape, isContext(name), to: tokens.count)
          bytes += values.count * 4
          guard bytes <= limit else {
            throw LensError.range(
              "the values take more than \(limit >> 20) MiB; ask for fewer names (--values), or a shorter prompt")
          }
          rows[name, default: []] += values
          shapes[name] = [tokens.count] + shape.dropFirst()
        }
      }
      progress(start + part.count)
    }
    try store(tokens, rows, shapes, to: path)
  }

  private func isContext(_ name: String) -> Bool {
    model.graph.node(named: name).map { model.graph.nodes[$0].shape.last == .context } ?? false
  }

  private static func widened(
    _ values: [Float], _ shape: [Int], _ isContext: Bool, to length: Int
  ) -> ([Float], [Int]) {
    guard isContext, let width = shape.last, width < length else { return (values, shape) }
    var result: [Float] = []
    for row in stride(from: 0, to: values.count, by: width) {
      result += values[row..<row + width]
      result += [Float](repeating: 0, count: length - width)
    }
    return (result, shape.dropLast() + [length])
  }

  private func store(
    _ tokens: [Int32], _ rows: [String: [Float]], _ shapes: [String: [Int]], to path: String
  ) throws {
    var tensors = MemoryTensors()
    tensors["tokens"] = Tensor(tokens.map { Float($0) }, shape: [tokens.count])
    for name in names {
      if let values = rows[name], let shape = shapes[name] { tensors[name] = Tensor(values, shape: shape) }
    }
    var writer = SafetensorsWriter(metadata: [:])
    writer.metadata = [(Trace.key, description(tokens, shapes).text())]
    try writer.write(tensors, to: path)
  }

  private func description(_ tokens: [Int32], _ shapes: [String: [Int]]) -> JSON {
    let pieces: [JSON] = tokens.map { id in
      [
        "id": .integer(Int(id)),
        "text": .string(
          (try? model.tokenizer?.bytes(of: id)).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) } ?? "\(id)"),
      ]
    }
    let values: [JSON] = names.compactMap { name in
      shapes[name].map { shape in
        ["name": .string(name), "shape": .array(shape.map { .integer($0) }), "kind": "value"]
      }
    }
    return [
      "version": 1, "model": .string(model.path), "arithmetic": .string(model.options.arithmetic.rawValue),
      "cache": .string("\(model.options.cacheFormat)"), "tokens": .array(pieces), "values": .array(values),
      "edited": .array(edits?.graphEdits.map { .string($0.value) } ?? []),
    ]
  }
}
