import Generation
import JSON
import Lens

/// Edits as requests write them.
struct EditReader {
  let context: RouteContext
  let loaded: LoadedModel

  static let field = Route.Field(
    "edits", .array,
    "Objects with `kind`: `head` (layer, head, by), `layer` (layer, part: attention, network or both; by), `expert` "
      + "(layer, expert, by), `neuron` (layer, neuron, by), `steering` (layer, toward, away, strength, from), `patch` "
      + "(layer, position, prompt, at).")
  /// Edits of one request.
  static let most = 512

  func edits() throws -> [Edit] {
    let items = try context.list("edits") ?? []
    guard items.count <= Self.most else {
      throw RequestError.wrong("edits", "are \(items.count); at most \(Self.most)")
    }
    return try items.enumerated().map { try edit($1, "edits[\($0)]") }
  }

  private func edit(_ item: JSON, _ place: String) throws -> Edit {
    let layer = try int(item, "layer", place)
    switch item["kind"]?.string {
    case "head": return .head(layer: layer, head: try int(item, "head", place), by: try number(item, "by", place, 0))
    case "layer":
      guard let part = Edit.Part(rawValue: item["part"]?.string ?? "both") else {
        throw RequestError.wrong("\(place).part", "must be attention, network or both")
      }
      return .layer(layer, part: part, by: try number(item, "by", place, 0))
    case "expert":
      return .expert(layer: layer, expert: try int(item, "expert", place), by: try number(item, "by", place, 0))
    case "neuron":
      return .neuron(layer: layer, neuron: try int(item, "neuron", place), by: try number(item, "by", place, 0))
    case "steering":
      let (toward, away) = (try recording(item, "toward", place), try recording(item, "away", place))
      let vector = try toward.steering(
        layer: layer, position: toward.tokens.count - 1, less: away, at: away.tokens.count - 1)
      return .steering(
        layer: layer, vector: vector ?? [], strength: try number(item, "strength", place, 1),
        from: item["from"]?.int ?? 0)
    case "patch":
      let source = try recording(item, "prompt", place)
      guard source.map.layers.indices.contains(layer) else {
        throw RequestError.wrong("\(place).layer", "must be 0 to \(source.map.layers.count - 1), not \(layer)")
      }
      let at = item["at"]?.int ?? source.tokens.count - 1
      guard source.tokens.indices.contains(at) else {
        throw RequestError.wrong("\(place).at", "must be 0 to \(source.tokens.count - 1), not \(at)")
      }
      let vector = try source.values(source.map.layers[layer].before, at..<at + 1)
      return .patch(layer: layer, position: try int(item, "position", place), vector: vector ?? [])
    default: throw RequestError.wrong("\(place).kind", "must be head, layer, expert, neuron, steering or patch")
    }
  }

  private func int(_ item: JSON, _ name: String, _ place: String) throws -> Int {
    guard let value = item[name]?.int else { throw RequestError.wrong("\(place).\(name)", "must be a whole number") }
    return value
  }

  private func number(_ item: JSON, _ name: String, _ place: String, _ standard: Float) throws -> Float {
    guard let value = item[name] else { return standard }
    guard let number = value.double, number.isFinite, abs(number) <= 1e4 else {
      throw RequestError.wrong("\(place).\(name)", "must be a number within ±10000")
    }
    return Float(number)
  }

  /// A prompt as the model as it is reads it.
  private func recording(_ item: JSON, _ name: String, _ place: String) throws -> Recording {
    guard let prompt = item[name]?.string, !prompt.isEmpty else {
      throw RequestError.wrong("\(place).\(name)", "must be a text")
    }
    let tokens = try loaded.model.tokenizer == nil ? LoadedModel.numbers(prompt) : loaded.model.encode(prompt)
    guard tokens.count <= 512 else {
      throw RequestError.wrong("\(place).\(name)", "has \(tokens.count) tokens; at most 512")
    }
    return try loaded.station.recording(ofPrompt: tokens)
  }
}
