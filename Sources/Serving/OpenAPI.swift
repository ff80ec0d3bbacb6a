import JSON

/// The OpenAPI 3.1 document of a list of routes (spec.openapis.org/oas/v3.1.0).
enum OpenAPI {
  static func document(_ routes: [Route]) -> JSON {
    var paths: [JSON.Member] = []
    for route in routes {
      let operation = JSON.Member(route.method.rawValue, self.operation(route))
      if let index = paths.firstIndex(where: { $0.key == route.path }), case .object(let others) = paths[index].value {
        paths[index].value = .object(others + [operation])
      } else {
        paths.append(JSON.Member(route.path, .object([operation])))
      }
    }
    return [
      "openapi": "3.1.0",
      "info": ["title": "Orrery", "version": "0.1.0", "summary": "A language model, run and shown."],
      "paths": .object(paths),
      "components": [
        "schemas": [
          "Error": [
            "type": "object", "required": ["error"],
            "properties": [
              "error": [
                "type": "object", "required": ["message"],
                "properties": ["message": ["type": "string"], "where": ["type": ["string", "null"]]],
              ]
            ],
          ]
        ]
      ],
    ]
  }

  private static func operation(_ route: Route) -> JSON {
    var members = [JSON.Member("summary", .string(route.summary))]
    let inPath = route.fields.filter { route.path.contains("{\($0.name)}") }
    let others = route.fields.filter { field in !inPath.contains { $0.name == field.name } }
    let inQuery = route.method == .post ? [] : others
    let parameters = inPath.map { parameter($0, "path") } + inQuery.map { parameter($0, "query") }
    if !parameters.isEmpty { members.append(JSON.Member("parameters", .array(parameters))) }
    if route.method == .post, !others.isEmpty { members.append(JSON.Member("requestBody", body(others))) }
    members.append(
      JSON.Member(
        "responses",
        [
          "200": answer(route.answer),
          "default": [
            "description": "What was wrong, and where.",
            "content": ["application/json": ["schema": ["$ref": "#/components/schemas/Error"]]],
          ],
        ]))
    return .object(members)
  }

  private static func parameter(_ field: Route.Field, _ place: String) -> JSON {
    [
      "name": .string(field.name), "in": .string(place), "required": .bool(place == "path" || field.isRequired),
      "description": .string(field.summary), "schema": ["type": .string(field.kind.rawValue)],
    ]
  }

  private static func body(_ fields: [Route.Field]) -> JSON {
    let properties = fields.map { field in
      JSON.Member(field.name, ["type": .string(field.kind.rawValue), "description": .string(field.summary)])
    }
    let required = fields.filter(\.isRequired).map { JSON.string($0.name) }
    return [
      "required": .bool(!required.isEmpty),
      "content": [
        "application/json": [
          "schema": ["type": "object", "required": .array(required), "properties": .object(properties)]
        ]
      ],
    ]
  }

  private static func answer(_ answer: Route.Answer) -> JSON {
    let (text, type) =
      switch answer {
      case .json(let text): (text, "application/json")
      case .events(let text): (text, "text/event-stream")
      case .binary(let text): (text, "application/octet-stream")
      }
    return ["description": .string(text), "content": .object([JSON.Member(type, [:])])]
  }
}
