import Architectures
import ArgumentParser
import Checkpoints
import Generation
import GraphIR
import Kernels
import Quantization
import Reference
import Runtime
import TensorCore

/// Writes logits and hidden states of given tokens.
struct LogitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logits",
    abstract: "Write the logits and hidden states of some tokens to a safetensors file.",
    discussion: """
      The file holds float32 `logits [T, vocab]` and `hidden.N [T, hidden]`: 0 is what the first block receives, N what \
      block N leaves, the last one after the final norm. Arithmetic and cache are float32 unless --kv says otherwise.

      Example:
        orrery logits model.gguf --tokens "1 306 626" --output logits.safetensors
      """)

  @OptionGroup var arguments: ModelArguments

  @Option(help: "Token ids, separated by spaces or commas.")
  var tokens: String

  @Option(name: [.customShort("o"), .long], help: "The file to write.")
  var output: String

  @Flag(help: "Compute as `run` does: activations as bytes where weights are quantised.")
  var fast = false

  @Flag(help: "Take in one token at a time.")
  var stepwise = false

  @Flag(help: "Evaluate the graph plainly instead of running the planned program.")
  var reference = false

  func validate() throws {
    if fast && reference { throw ValidationError("--fast and --reference exclude each other") }
  }

  func run() throws {
    let ids = try tokens.split(whereSeparator: { " ,\n\t[]".contains($0) }).map { text in
      guard let id = Int32(text) else { throw ValidationError("--tokens: '\(text)' is no token id") }
      return id
    }
    if ids.isEmpty { throw ValidationError("--tokens: there are none") }
    var rows = Rows()
    if reference { try evaluate(ids, &rows) } else { try runProgram(ids, &rows) }
    try rows.checkFinite(model: arguments.model)
    try rows.write(to: output)
  }

  /// Named rows in the order of the file.
  struct Rows {
    var names: [String] = []
    var values: [String: [Float]] = [:]
    var widths: [String: Int] = [:]

    mutating func add(_ name: String, _ new: some Sequence<Float>, width: Int) {
      if widths.updateValue(width, forKey: name) == nil { names.append(name) }
      values[name, default: []] += new
    }

    /// Logits that are no numbers come from a damaged model.
    func checkFinite(model: String) throws {
      guard let (logits, width) = values["logits"].flatMap({ values in widths["logits"].map { (values, $0) } }),
        let place = logits.firstIndex(where: { !$0.isFinite })
      else { return }
      throw FileError(
        path: model,
        reason: "the logit of token \(place % width) at position \(place / width) is \(logits[place]); the model is "
          + "damaged (orrery verify names the weight)")
    }

    func write(to path: String) throws {
      var tensors = MemoryTensors()
      for name in names {
        let (rows, width) = (values[name] ?? [], widths[name] ?? 1)
        tensors[name] = Tensor(rows, shape: [rows.count / width, width])
      }
      var writer = SafetensorsWriter()
      try writer.write(tensors, to: path)
    }
  }

  /// Graph names of `hidden.0`, `hidden.1` and so on.
  private func hiddenNames(_ layers: Int) -> [String] {
    ["blocks.0.resid_pre"] + (0..<layers - 1).map { "blocks.\($0).resid_post" } + ["ln_final.normalized"]
  }

  private func runProgram(_ ids: [Int32], _ rows: inout Rows) throws {
    let layers = try ModelFile(path: ModelName.resolved(arguments.model)).architecture.config.layerCount
    let names = hiddenNames(layers)
    let model = try arguments.load { options in
      options.arithmetic = fast ? .quantised : .float32
      options.cacheFormat = arguments.kv?.format ?? .f32
      options.taps = Set(names)
      options.outputRows = options.chunk
      options.context = arguments.context ?? max(ids.count, 1)
    }
    let session = try model.session()
    for part in stepwise ? ids.map({ [$0] }) : [ids] {
      try session.step(part, rows: .all) { executor, count in
        for row in 0..<count {
          let logits = executor.output(row: row)
          rows.add("logits", logits, width: logits.count)
        }
        for (index, name) in names.enumerated() {
          guard let tap = executor.tap(name) else { continue }
          rows.add("hidden.\(index)", tap.values, width: tap.shape[1])
        }
      }
    }
  }

  private func evaluate(_ ids: [Int32], _ rows: inout Rows) throws {
    let file = try ModelFile(path: ModelName.resolved(arguments.model))
    let weights = try file.weights()
    var evaluator = try ReferenceEvaluator(
      graph: file.graph, weights: { try weights.tensor($0).floats() }, context: arguments.context ?? max(ids.count, 1))
    let nodes = try hiddenNames(file.architecture.config.layerCount).map { name in
      guard let node = file.graph.node(named: name) else {
        throw SessionError.missing("\(arguments.model): the graph has no value \(name)")
      }
      return file.graph.nodes[node].name
    }
    for part in stepwise ? ids.map({ [$0] }) : [ids] {
      var seen: [String: HostTensor] = [:]
      let logits = try evaluator.step(tokens: part) { node, value in
        if nodes.contains(node.name) { seen[node.name] = value }
      }
      rows.add("logits", logits.values, width: logits.shape[1])
      for (index, name) in nodes.enumerated() {
        if let value = seen[name] { rows.add("hidden.\(index)", value.values, width: value.shape[1]) }
      }
    }
  }
}
