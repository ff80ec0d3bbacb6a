import Foundation
import Generation
import GraphIR
import JSON
import Lens
import TensorCore

/// A text's inner values as a file.
enum TraceRoutes {
  static let routes = [record, names]

  /// Bytes of one file that is made for a browser.
  private static let limit = 512 << 20

  private static let record = Route(
    .post, "/api/trace", "Read a text once more and give its inner values as a safetensors file.",
    fields: [
      LensFields.session,
      Route.Field("values", .array, "Names, with * for any letters (default: the stream, patterns, experts, logits)."),
    ],
    answer: .binary("A safetensors file; `orrery.trace` of its metadata says what it holds.")
  ) { context in
    try await context.work {
      let loaded = try context.app.current()
      let text = try context.app.sessions.session(context.required("session"))
      guard text.model == loaded.id else {
        throw RequestError(409, "this text is of \(text.model), which is not loaded", at: "session")
      }
      let names = try context.list("values")?.map { item throws(RequestError) in
        guard let name = item.string else { throw RequestError.wrong("values", "must hold names") }
        return name
      }
      let (model, edits) = try loaded.station.edited(text)
      let writer = try TraceWriter(model, values: names ?? Trace.standardNames, limit: limit, edits: edits)
      let file = FileManager.default.temporaryDirectory.appending(path: "orrery-\(UUID().uuidString).safetensors")
      defer { try? FileManager.default.removeItem(at: file) }
      try writer.write(text.tokens, to: file.path)
      let bytes = [UInt8](try Data(contentsOf: file))
      return .binary(bytes, about: ["kind": "value", "bytes": .integer(bytes.count), "name": "run.safetensors"])
    }
  }

  private static let names = Route(
    .get, "/api/trace/names", "The names of all values that a run of the loaded model has.",
    answer: .json("Names in the order of the model, each with its sizes; T stands for tokens, S for positions.")
  ) { context in
    let loaded = try context.app.current()
    return try await context.work {
      let graph = loaded.model.graph
      let names = try Trace.names(matching: ["*"], in: graph)
      return .json([
        "names": .array(
          names.compactMap { name in
            graph.node(named: name).map { node in
              ["name": .string(name), "shape": .array(graph.nodes[node].shape.map { .string($0.description) })]
            }
          })
      ])
    }
  }
}
