import GraphIR
import Memory
import TensorCore
import Testing

@Suite struct MemoryUseTests {
  private func use(
    context: Int = 100, chunk: Int = 10, cache: BlockFormat = .f16, weights: BlockFormat = .f16,
    _ body: (GraphBuilder, Value) -> Value
  ) throws -> MemoryUse {
    let g = GraphBuilder()
    let x = g.input("tokens", [.tokens], .int32).gather(from: g.weight("table", [1000, 64]))
    return try MemoryUse(
      g.finish(body(g, x)), context: context, cacheFormat: cache, chunk: chunk, weightFormat: MemoryUse.uniform(weights)
    )
  }

  @Test func `each kind of state is counted where it belongs`() throws {
    let use = try use { g, x in
      var x = g.scope("blocks.0.attn") {
        let q = x.reshape(2, 32)
        return q.attend(q.append(to: "k"), q.append(to: "v"), scale: 1).reshape(64)
      }
      x = g.scope("blocks.1") { x.linear("only", 64) }
      x = g.scope("blocks.2.attn") {
        let q = x.reshape(2, 32)
        return q.attend(
          q.append(to: "k", retention: .last(30)), q.append(to: "v", retention: .last(30)), scale: 1,
          mask: .window(30)
        ).reshape(64)
      }
      x = g.scope("blocks.3.ssm") { x.shortConvolution("conv", state: "conv", taps: 4) }
      return g.scope("blocks.4") {
        x.reshape(1, 64).attend(x.appendLatent(to: "kv"), x.appendLatent(to: "v"), scale: 1)
      }
    }
    #expect(use.stateBytesPerLayer == [2 * 64 * 112 * 2, 0, 2 * 64 * 32 * 2, 3 * 64 * 4, 2 * 64 * 112 * 2])
    #expect(use.stateBytes == use.stateBytesPerLayer.reduce(0, +))
    #expect(
      use.layers.map(\.derivation) == [
        "2 × 2 heads × 32 × 112 rows × 2 B", "", "2 × 2 heads × 32 × 32 rows × 2 B", "3 × 64 × 4 B",
        "2 × 64 × 112 rows × 2 B",
      ])
    #expect(use.totalBytes == use.weightBytes + use.stateBytes + use.activationBytes)
  }

  @Test func `block formats round heads up to whole blocks`() throws {
    let use = try use(cache: .q8_0) { g, x in
      g.scope("blocks.0") { x.reshape(4, 16).append(to: "k") }
    }
    #expect(use.stateBytesPerLayer == [4 * 34 * 112])
    #expect(use.layers[0].derivation == "4 heads × 34 B (16 in q8_0) × 112 rows")
  }

  @Test func `a token reads its own row and its own experts`() throws {
    let use = try use { _, x in
      let choice = x.linear("gate", 8).topK(Selection(count: 2))
      let inner = x.expertLinear("up", 32, experts: 8, choice: choice)
      return inner.weightedSum(choice.cast(.float32))
    }
    #expect(use.weightBytes == (1000 * 64 + 8 * 64 + 8 * 32 * 64) * 2)
    #expect(use.activeWeightBytes == (64 + 8 * 64 + 2 * 32 * 64) * 2)
    #expect(use.decodeRate(bytesPerSecond: Double(use.activeWeightBytes) * 7, held: 50) == 7)
  }

  @Test func `a tied head reads the whole table`() throws {
    let use = try use { g, x in x.linear(g.weight("table", [1000, 64])) }
    #expect(use.weightBytes == 1000 * 64 * 2)
    #expect(use.activeWeightBytes == use.weightBytes)
  }

  @Test func `a uniform format keeps vectors and odd rows`() throws {
    let use = try use(weights: .q8_0) { _, x in x.linear("a", 3).linear("b", 64, bias: true) }
    #expect(use.weightBytes == 1000 * 68 + 3 * 68 + 64 * 3 * 2 + 64 * 4)
  }

  @Test func `activations live until they are last read`() throws {
    // The stream (64) waits while the inner values (96, then 64) are made; silu replaces its operand.
    let block = try use { _, x in x + x.linear("up", 96).unary(.silu).linear("down", 64) }
    #expect(block.activationBytes == 10 * (64 + 96 + 64) * 4)
    // A product's second operand does not wait once it is read.
    let chain = try use { _, x in x.linear("a", 128).linear("b", 32).linear("c", 16) }
    #expect(chain.activationBytes == 10 * (64 + 128) * 4)
  }

  @Test func `a full cache is state, a window keeps the chunk's rows too`() throws {
    func attention(_ retention: State.Retention) throws -> Int {
      try use { g, x in
        let k = x.linear("k", 64).reshape(1, 64).append(to: "k", retention: retention)
        let v = x.linear("v", 64).reshape(1, 64).append(to: "v", retention: retention)
        return x.linear("q", 128).reshape(2, 64).attend(k, v, scale: 1).reshape(128)
      }.activationBytes
    }
    // The rows' stream, queries and result; no scores.
    #expect(try attention(.all) == 10 * (128 + 128) * 4)
    #expect(try attention(.last(20)) == 10 * (64 + 64 + 128 + 128) * 4)
  }

  @Test func `absurd sizes are an error`() throws {
    let g = GraphBuilder()
    let x = g.input("tokens", [.tokens], .int32).gather(from: g.weight("table", [1 << 40, 1 << 20]))
    let graph = try g.finish(x)
    #expect(throws: GraphError.self) { try MemoryUse(graph, context: 10, weightFormat: MemoryUse.uniform(.f32)) }
  }

  @Test func `the machine is measured`() throws {
    let machine = Machine()
    #expect(machine.memoryBytes > 64 << 20)
    #expect((1...machine.memoryBytes).contains(machine.availableBytes))
    #expect(machine.processorCount >= 1)
  }
}
