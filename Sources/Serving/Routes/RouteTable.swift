/// Every route of the server; a group is one line here and one file beside this one.
enum RouteTable {
  static let all: [Route] =
    ModelRoutes.routes
    + GenerateRoutes.routes
    + SceneRoutes.routes
    + DocumentRoutes.routes
}
