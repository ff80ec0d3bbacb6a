import Architectures
import Foundation
import GraphIR
import JSON
import Probing
import Quantization
import Reference
import Runs
import Scenes
import Serving
import TestSupport
import Testing
import Training

/// The model of a run in space, and looks at runs that are over.
@Suite(.serialized) struct RunPictureTests {
  private func inFolder(_ body: (String) async throws -> Void) async throws {
    let folder = try TestData.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.appending(path: "runs").path)
  }

  /// Trains three steps of `sort` and calls `body` once they are done.
  private func trained(_ folder: String, _ body: @Sendable (TestServer) async throws -> Void) async throws {
    try await TestServer.with(model: nil, training: TrainingDesk(folder: folder)) { server in
      let started = try await server.post("/api/training/start", ["recipe": "sort", "steps": 3])
      #expect(started.status == 200, "\(started.message)")
      for _ in 0..<2400 {
        let live = try await server.ask("/api/training").json()["live"]
        if live?["phase"]?.string == "finished" { return try await body(server) }
        try await Task.sleep(for: .milliseconds(50))
      }
      Issue.record("three steps were not done in time")
    }
  }

  /// Averages of two by two cells of a copy of a block, row by row.
  private func averages(_ block: Block, _ copy: Int, _ values: [Double]) -> [Double] {
    func cell(_ row: Int, _ column: Int) -> Double? {
      block.index(copy: copy, row: row, column: column).map { index in
        values[zip(index, block.shape).reduce(0) { $0 * $1.1 + $1.0 }]
      }
    }
    return (0..<(block.rows.count + 1) / 2).flatMap { y in
      (0..<(block.columns.count + 1) / 2).map { x in
        let cells = [0, 1].flatMap { dy in [0, 1].compactMap { cell(2 * y + dy, 2 * x + $0) } }
        return cells.isEmpty ? .nan : cells.reduce(0, +) / Double(cells.count)
      }
    }
  }

  /// Asks for pictures of blocks and compares them with the averages of these values.
  private func compare(
    _ server: TestServer, _ show: String, _ blocks: [Block], _ values: (Block) throws -> [Double]?
  ) async throws {
    let items = blocks.map { block -> JSON in
      let sizes = [(block.columns.count + 1) / 2, (block.rows.count + 1) / 2]
      return .array(([block.id, -1, 1, 1, 0, 0] + sizes).map { .integer($0) })
    }
    let reply = try await server.post(
      "/api/training/tiles", ["step": 3, "show": .string(show), "items": .array(items)])
    #expect(reply.status == 200, "\(reply.message)")
    let about = try JSON(parsing: Array((reply.headers["orrery-about"] ?? "").utf8))
    let ranges = try #require(about["ranges"]?.array).compactMap(\.double)
    var place = 0
    for (block, range) in zip(blocks, ranges) {
      let held = try values(block)
      #expect((held == nil) == (range == 0), "\(block.name)")
      for copy in 0..<(block.fan?.count ?? 1) {
        let texels = (block.rows.count + 1) / 2 * ((block.columns.count + 1) / 2)
        let bytes = reply.body[place..<place + texels]
        place += texels
        guard let held else { continue }
        for (byte, average) in zip(bytes, averages(block, copy, held)) where average.isFinite {
          let level = max(-127, min(127, average / range * 127))
          #expect(abs(Double(byte) - 128 - level) < 0.51, "\(show) of \(block.name)")
        }
      }
    }
    #expect(place == reply.body.count)
  }

  @Test func `pictures are averages of the weights and of the text's gradients`() async throws {
    try await inFolder { folder in
      try await trained(folder) { server in
        let file = try ModelFile(path: folder + "/sort-1")
        let stored = try file.weights()
        func weight(_ name: String) throws -> [Double] { try stored.tensor(name).floats().map { Double($0) } }
        let listing = try await server.ask("/api/training/backward?step=3").json()
        func ids(_ name: String) -> [Int32] {
          listing[name]?.array?.compactMap { $0["id"]?.int.flatMap { Int32(exactly: $0) } } ?? []
        }
        let (tokens, targets) = (ids("tokens"), ids("targets"))
        let scene = Scene(file.graph, sizes: .init(tokens: tokens.count))
        let shown = try await server.ask("/api/training/scene").json()["blocks"]?.array
        #expect(shown?.compactMap { $0["name"]?.string } == scene.blocks.map(\.name))

        let weights = scene.blocks.filter { $0.kind == .weight }
        #expect(weights.count > 30)
        try await compare(server, "weights", weights) { try weight($0.name) }
        let probe = try Probe(
          file.graph, sequence: tokens + targets.suffix(1),
          counts: listing["counts"]?.array?.map { $0 == .bool(true) } ?? [], context: 17
        ) { _ in true }
        let pass = try probe.pass(weight)
        try await compare(server, "gradients", scene.blocks.filter { $0.kind != .index }) { block in
          pass.gradient(of: block.name)?.values
        }
        try await refusals(server)
      }
    }
  }

  private func refusals(_ server: TestServer) async throws {
    let unknown = try await server.ask("/api/training/weights?step=3&name=nothing")
    #expect(unknown.status == 404 && unknown.place == "name")
    let wrong = try await server.post("/api/training/tiles", ["step": 3, "show": "colours", "items": []])
    #expect(wrong.status == 400 && wrong.message.contains("gradients"), "\(wrong.message)")
    for item in [[0, 0, 30, 0, 0, 0, 1, 1], [100_000, 0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0, 513, 1], [1]] {
      let items: JSON = [.array(item.map { .integer($0) })]
      #expect(try await server.post("/api/training/tiles", ["step": 3, "items": items]).status == 400)
    }
    let other = try await server.ask("/api/training/scene?run=sort-9")
    #expect(other.status == 404 && other.place == "run")
  }

  @Test func `a run that is over opens at its last checkpoint`() async throws {
    try await inFolder { folder in
      try await trained(folder) { _ in }
      try await TestServer.with(model: nil, training: TrainingDesk(folder: folder)) { server in
        let record = try await server.ask("/api/training/runs/sort-1").json()
        #expect(record["run"]?["checkpoint"]?.int == 3 && record["snapshots"] == nil)
        #expect(try await server.ask("/api/training/probe?run=sort-1&step=3").status == 404)
        let opened = try await server.post("/api/training/open", ["run": "sort-1"])
        #expect(opened.status == 200, "\(opened.message)")
        #expect(try opened.json()["snapshots"]?["steps"] == [3])
        for path in ["probe?", "backward?", "weights?name=token_embd.weight&show=gradients&"] {
          let reply = try await server.ask("/api/training/\(path)run=sort-1&step=0")
          #expect(reply.status == 200, "\(path) \(reply.message)")
        }
        let bytes = try await server.ask("/api/training/weights?run=sort-1&step=3&name=token_embd.weight").body
        let stored = try ModelFile(path: folder + "/sort-1").weights().tensor("token_embd.weight").floats()
        #expect(bytes == stored.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } })
        #expect(try await server.ask("/api/training/runs/sort-1").json()["snapshots"]?["steps"] == [3])
      }
    }
  }

  @Test func `a model is made of the last checkpoint, or what stands against it is said`() async throws {
    try await inFolder { folder in
      let store = try RunStore(folder: folder)
      let recipe = try Recipe.bundled("sort")
      let (killed, other) = (try store.begin(recipe), try store.begin(recipe))
      let tuned = try store.begin(Recipe.fineTuning(model: "/models/a b.gguf", data: "/texts/t.txt", rank: 4))
      // Its first checkpoint is written, then its program is gone.
      _ = try TrainingRun(recipe: recipe, folder: killed.folder)
      try FileManager.default.createDirectory(atPath: other.folder, withIntermediateDirectories: true)
      let lock = FolderLock(of: other.folder)
      try await TestServer.with(model: nil, training: TrainingDesk(folder: folder)) { server in
        let used = try await server.post("/api/training/use", ["run": "sort-1"])
        #expect(try used.json()["model"] == "sort-1", "\(used.message)")
        #expect(FileManager.default.fileExists(atPath: killed.folder + "/model.safetensors"))
        let elsewhere = try await server.post("/api/training/use", ["run": "sort-2"])
        #expect(elsewhere.status == 409 && elsewhere.message.contains("another program"), "\(elsewhere.message)")
        #expect(try await server.ask("/api/training/runs/sort-2").json()["run"]?["phase"] == "elsewhere")
        let adapter = try await server.post("/api/training/use", ["run": .string(tuned.id)])
        #expect(adapter.status == 409 && adapter.message.contains("orrery merge"), "\(adapter.message)")
        let told = try await server.ask("/api/training/runs/\(tuned.id)").json()["run"]?["adapter"]
        #expect(told?["isWritten"] == false)
        #expect(told?["merge"]?.string?.hasPrefix("orrery merge '/models/a b.gguf' ") == true, "\(told ?? .null)")
      }
      withExtendedLifetime(lock) {}
    }
  }
}
