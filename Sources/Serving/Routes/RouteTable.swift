/// Every route of the server; a group is one line here and one file beside this one.
package enum RouteTable {
  package static let all: [Route] =
    ModelRoutes.routes
    + GenerateRoutes.routes
    + SceneRoutes.routes
    + TokenRoutes.routes
    + MemoryRoutes.routes
    + OpenAIRoutes.routes
    + AttentionRoutes.routes
    + LensRoutes.routes
    + EditRoutes.routes
    + ExpertRoutes.routes
    + MeaningRoutes.routes
    + TraceRoutes.routes
    + TrainingRoutes.routes
    + RunPictureRoutes.routes
    + ProbeRoutes.routes
    + DocumentRoutes.routes
}
