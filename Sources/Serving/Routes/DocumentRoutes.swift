/// The description of every route.
enum DocumentRoutes {
  static let routes = [
    Route(
      .get, "/api/openapi.json", "This document: every route, as OpenAPI 3.1.", answer: .json("The document.")
    ) { _ in .json(OpenAPI.document(RouteTable.all)) }
  ]
}
