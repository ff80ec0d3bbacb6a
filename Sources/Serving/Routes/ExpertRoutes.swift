import JSON
import Lens

/// Which experts of a mixture take which tokens.
enum ExpertRoutes {
  static let routes = [experts]

  private static let experts = Route(
    .get, "/api/experts", "Which experts each token takes in a layer, and how much of each.",
    fields: [
      LensFields.session, LensFields.layer,
      Route.Field("positions", .string, "Positions, like 0-16; at most 4096 at once (default: the last)."),
      LensFields.at,
    ],
    answer: .json("`choice` and `weights` [positions][used], and each expert's `load`: its share of all choices.")
  ) { context in
    try await context.work {
      let (recording, _, _) = try LensFields.recording(context)
      let layer = try context.int("layer", in: 0...recording.map.layers.count - 1)
      guard let site = recording.map.layers[layer].experts else {
        throw RequestError(422, "layer \(layer) has no experts", at: "layer")
      }
      let count = recording.tokens.count
      let positions = try LensFields.range(
        context, "positions", in: count, atMost: 4096, default: max(0, count - 4096)..<count)
      guard let values = try recording.values([site.choice, site.weights], positions),
        let choice = values[site.choice], let weights = values[site.weights]
      else { return .json(LensFields.waiting) }
      var load = [Int](repeating: 0, count: site.count)
      for expert in choice where load.indices.contains(Int(expert)) { load[Int(expert)] += 1 }
      func rows(_ values: [Float], _ number: (Float) -> JSON) -> JSON {
        .array(
          (0..<positions.count).map { row in .array(values[row * site.used..<(row + 1) * site.used].map(number)) })
      }
      return .json([
        "layer": .integer(layer), "experts": .integer(site.count), "used": .integer(site.used),
        "positions": [.integer(positions.lowerBound), .integer(positions.upperBound)], "kind": "value",
        "choice": rows(choice) { .integer(Int($0)) }, "weights": rows(weights) { .number(Double($0)) },
        "load": .array(load.map { .number(Double($0) / Double(max(1, choice.count))) }),
      ])
    }
  }
}
